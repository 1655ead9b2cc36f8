// The audit log: appending.
#include "host/audit/log.hpp"

#include "host/audit/tables.hpp"
#include "host/audit/verify.hpp"
#include "host/auth/secret.hpp"
#include "host/log/log.hpp"

#include <algorithm>
#include <limits>

namespace talome::audit {

namespace {

constexpr std::size_t kMostAtOnce = 256;    // rows of one transaction
constexpr std::int64_t kPrunedAtOnce = 200; // those who append wait for no more
constexpr const char* kEvidence =
    "old rows of the audit log are not as they were written, and are kept: "
    "`talomectl audit verify` says which. To begin anew, keep a copy of audit.db and remove it";

std::int64_t lastId(storage::Database& database) {
    return std::get<std::int64_t>(database.rows("SELECT coalesce(max(id), 0) FROM audit_log")[0][0]);
}

} // namespace

Log::Log(std::filesystem::path file, std::string key, Now now)
    : now_(std::move(now)), chain_(std::move(key)), database_(file, storage::Durability::powerCut),
      reader_((makeTables(database_, chain_), std::move(file)), storage::Durability::powerCut) {
    head();
}

std::string Log::lastRow() {
    const auto last = readEnd(reader_, chain_, kHead).end;
    return std::to_string(last.id) + " (" + auth::toHex(last.mac.substr(0, 8)) + ")";
}

/// From where the chain goes on. What does not fit is left as it is, for verify() to tell.
End Log::head() {
    if (head_) return *head_;
    const auto last = lastId(database_);
    const auto found = readEnd(database_, chain_, kHead);
    if (found.sealed) {
        head_ = found.end;
        if (last != head_->id)
            log::error("audit", "rows of the audit log were removed or added: the last one is " + std::to_string(last) +
                                    ", and " + std::to_string(head_->id) + " was written");
        head_->id = std::max(head_->id, last);
    } else {
        head_ = End{std::max(last, found.end.id) + 1, std::string(32, '\0')}; // a row that will never be there
        log::error("audit", "the audit log's end is not the one that was written, or was written with another secret");
    }
    return *head_;
}

void Log::append(Entry entry) {
    const auto now = now_();
    if (entry.at == 0) entry.at = now;
    entry = bounded(std::move(entry));
    std::unique_lock lock(mutex_);
    auto entries = throttle_.tell(now);
    if (throttle_.admit(entry, now)) {
        entries.push_back(std::move(entry));
        return appendAll(std::move(entries), lock);
    }
    const auto at = throttle_.tellsAt();
    const auto suppressed = suppressed_;
    appendAll(std::move(entries), lock);
    lock.unlock();
    if (at && suppressed) suppressed(*at);
}

std::optional<std::int64_t> Log::tellSuppressed(bool all) {
    std::unique_lock lock(mutex_);
    appendAll(throttle_.tell(now_(), all), lock);
    return throttle_.tellsAt();
}

void Log::onSuppressed(std::function<void(std::int64_t)> call) {
    const std::lock_guard lock(mutex_);
    suppressed_ = std::move(call);
}

void Log::appendAll(std::vector<Entry> entries, std::unique_lock<std::mutex>& lock) {
    std::vector<Waiting> mine(entries.size());
    for (std::size_t i = 0; i < mine.size(); ++i) {
        mine[i].entry = std::move(entries[i]);
        if (mine[i].entry.at == 0) mine[i].entry.at = now_();
        waiting_.push_back(&mine[i]);
    }
    // Also after a failure all of them are waited for: the writer holds pointers to them.
    while (std::any_of(mine.begin(), mine.end(), [](const auto& each) { return !each.done; })) {
        if (writing_)
            written_.wait(lock);
        else
            writeNext(lock);
    }
    for (const auto& each : mine)
        if (each.error) std::rethrow_exception(each.error);
}

void Log::writeNext(std::unique_lock<std::mutex>& lock) {
    const auto n = std::min(waiting_.size(), kMostAtOnce);
    const std::vector<Waiting*> batch(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n));
    writing_ = true;
    lock.unlock();
    std::exception_ptr error;
    try {
        write(batch);
    } catch (...) { // told to each of those who wait
        error = std::current_exception();
        head_.reset(); // whether it was committed is not known: it is read again
    }
    lock.lock();
    writing_ = false;
    for (auto* each : batch) {
        each->error = error;
        each->done = true;
    }
    written_.notify_all();
}

void Log::write(std::span<Waiting* const> batch) {
    auto end = head();
    database_.transaction([&] {
        for (const auto* each : batch) {
            Row row{end.id + 1, each->entry, {}};
            row.mac = chain_.mac(end.mac, row.id, row.entry);
            insert(database_, row);
            end = {row.id, std::move(row.mac)};
        }
        writeEnd(database_, chain_, kHead, end);
        return true;
    });
    head_ = std::move(end);
}

std::int64_t Log::prune(std::int64_t before, const std::function<bool()>& stop) {
    std::int64_t removed = 0;
    for (;;) {
        const auto anchor = readEnd(database_, chain_, kAnchor);
        if (anchor.present && !anchor.sealed) throw std::runtime_error(kEvidence);
        auto end = anchor.end;
        auto rows = nextRows(database_, end.id, std::numeric_limits<std::int64_t>::max(), kPrunedAtOnce);
        const auto old =
            std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.entry.at >= before; });
        rows.erase(old, rows.end());
        if (rows.empty() || (stop && stop())) return removed;
        for (const auto& row : rows) {
            if (row.id != end.id + 1 || row.mac != chain_.mac(end.mac, row.id, row.entry))
                throw std::runtime_error(kEvidence);
            end = {row.id, row.mac};
        }
        database_.transaction([&] {
            writeEnd(database_, chain_, kAnchor, end);
            removed += database_.run("DELETE FROM audit_log WHERE id <= ?", {end.id});
            return true;
        });
    }
}

} // namespace talome::audit
