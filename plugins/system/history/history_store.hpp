// The history in the plugin's database: minutes for 8 days, five minutes for 60, hours for two years, each with the
// least, mean and most of every series. Five minutes are made of minutes and hours of five minutes, again whenever one
// of their parts is written, so that a crash leaves nothing half done. Rows are about 100 bytes: 5 MB in all.
#pragma once

#include "history/series.hpp"

#include <atomic>
#include <string>
#include <talome/host.hpp>

namespace talome::system {

/// How full a file system was in an hour.
struct MountHour {
    std::string mount, fs;
    std::int64_t used = 0, available = 0;
};
struct MountPoint {
    std::int64_t t = 0, used = 0, available = 0;
};

/// Any worker.
class HistoryStore {
public:
    explicit HistoryStore(Host host);
    /// For the migration that makes the tables.
    static std::string tables();

    /// A minute that is over. One that has been written before is replaced by one of as many readings or more.
    void write(const Bucket&, const std::vector<MountHour>&);
    /// Buckets of `step` seconds, which is a multiple of the tier's width, oldest first. Without `whole` only their
    /// means and totals are read.
    template <class F>
    void read(const Resolution& tier, std::int64_t from, std::int64_t to, int step, bool whole, F&& body) const {
        const auto row = [&](const RowView& view) { body(whole ? wholeBucket(view) : meanBucket(view)); };
        if (step == tier.width)
            host_.database().each(whole ? select_ : selectMeans_, row, tier.width, from, to);
        else
            host_.database().each(selectGrouped_, [&](const RowView& view) { body(wholeBucket(view)); }, step, step,
                                  tier.width, from, to);
    }
    std::optional<Bucket> latest() const;
    /// Hours of one mount, oldest first.
    std::vector<MountPoint> mountHours(const std::string& mount, const std::string& fs, std::int64_t from) const;
    /// What is older than it is kept, `mostDays` at most.
    void prune(std::int64_t now, int mostDays);
    /// Another number whenever something has been written or removed, also after a restart.
    std::uint64_t changes() const { return changes_.load(); }

private:
    static Bucket wholeBucket(const RowView&);
    static Bucket meanBucket(const RowView&);
    static void rollUp(Transaction&, const std::string& sql, int from, int to, std::int64_t t);

    const Host host_;
    std::atomic<std::uint64_t> changes_;
    const std::string insert_, rollUp_, select_, selectMeans_, selectGrouped_;
};

} // namespace talome::system
