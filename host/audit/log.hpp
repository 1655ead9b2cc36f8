// The audit log: who did what, in a database of its own, each row chained to the one before it.
#pragma once

#include "host/audit/chain.hpp"
#include "host/audit/row.hpp"
#include "host/audit/throttle.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <span>

namespace talome::audit {

/// Any thread. Those who append at the same time share one transaction: the first of them writes for all.
///
/// Rows cannot be changed or removed but by prune(), which keeps the end of what it removed. A head that does not fit
/// the rows (somebody was at the file) stops nobody: the log goes on after a gap, which verify() finds from then on.
class Log {
public:
    using Now = std::function<std::int64_t()>; ///< milliseconds since the epoch

    Log(std::filesystem::path file, std::string key, Now);

    /// Returns when the entry is on disk, also after a power cut. Throws storage::DatabaseError if it is not. What
    /// strangers are refused may be counted instead of written, see Throttle.
    void append(Entry);
    /// Writes the rows of what was counted and is due; or all of them, at the end. Returns when more will be due.
    std::optional<std::int64_t> tellSuppressed(bool all = false);
    /// Called when something was counted, with the time at which tellSuppressed() will have to be called.
    void onSuppressed(std::function<void(std::int64_t at)>);

    /// Removes the first rows, as far as they are older, and keeps the end of their chain. Rows that are not as they
    /// were written stay, and std::runtime_error is thrown: they are evidence. Returns how many were removed.
    std::int64_t prune(std::int64_t before, const std::function<bool()>& stop = {});

    /// "7 (the first digits of its mac)": for the server's log, by which an older copy of the whole file shows.
    std::string lastRow();
    const Chain& chain() const { return chain_; }
    /// For those who read: a connection of its own, so that no writer waits for them.
    storage::Database& reader() { return reader_; }

private:
    struct Waiting {
        Entry entry;
        bool done = false;
        std::exception_ptr error;
    };
    void appendAll(std::vector<Entry>, std::unique_lock<std::mutex>&);
    void writeNext(std::unique_lock<std::mutex>&);
    void write(std::span<Waiting* const>);
    End head();

    const Now now_;
    const Chain chain_;
    storage::Database database_, reader_;
    std::optional<End> head_; ///< none: to be read. Only of whoever writes

    std::mutex mutex_;
    std::condition_variable written_;
    std::vector<Waiting*> waiting_;
    bool writing_ = false;
    Throttle throttle_;
    std::function<void(std::int64_t at)> suppressed_;
};

} // namespace talome::audit
