// The statements are made from the list of series, once.
#include "history/history_store.hpp"

#include <chrono>

namespace talome::system {

namespace {

constexpr std::int64_t kKeepMountHours = 400LL * 86400;
constexpr int kMostMounts = 256;

/// "a_min, a, a_max, b_min, …, memory_total, disk_total"
std::string columns() {
    std::string text;
    for (const std::string_view name : kSeriesNames)
        text.append(name).append("_min, ").append(name).append(", ").append(name).append("_max, ");
    return text + "memory_total, disk_total";
}

/// "a, b, …, "
std::string means() {
    std::string text;
    for (const std::string_view name : kSeriesNames) text.append(name).append(", ");
    return text;
}

/// The same of several rows as one. A mean counts as often as it has readings.
std::string merged() {
    std::string text;
    for (const std::string_view each : kSeriesNames) {
        const std::string name(each);
        text += "min(" + name + "_min), CAST(round(1.0 * sum(" + name + " * n) / sum(CASE WHEN " + name +
                " IS NOT NULL THEN n END)) AS INTEGER), max(" + name + "_max), ";
    }
    return text + "max(memory_total), max(disk_total)";
}

std::string insertText() {
    std::string text = "INSERT INTO history (tier, t, n, " + columns() + ") VALUES (60, ?, ?";
    for (std::size_t i = 0; i < 3 * kSeries + 2; ++i) text += ", ?";
    text += ") ON CONFLICT (tier, t) DO UPDATE SET n = excluded.n";
    for (const std::string_view each : kSeriesNames)
        for (const char* end : {"_min", "", "_max"}) {
            const std::string name = std::string(each) + end;
            text += ", " + name + " = excluded." + name;
        }
    return text + ", memory_total = excluded.memory_total, disk_total = excluded.disk_total WHERE excluded.n >= n";
}

} // namespace

Bucket HistoryStore::wholeBucket(const RowView& row) {
    Bucket bucket;
    bucket.t = row.get<std::int64_t>(0);
    bucket.n = row.get<int>(1);
    std::uint32_t at = 2;
    for (auto& span : bucket.spans) {
        if (!row.isNull(at)) span = Span{row.get<std::int64_t>(at), row.get<std::int64_t>(at + 1), row.get<std::int64_t>(at + 2)};
        at += 3;
    }
    bucket.memoryTotal = row.get<std::optional<std::int64_t>>(at);
    bucket.diskTotal = row.get<std::optional<std::int64_t>>(at + 1);
    return bucket;
}

Bucket HistoryStore::meanBucket(const RowView& row) {
    Bucket bucket;
    bucket.t = row.get<std::int64_t>(0);
    for (std::uint32_t i = 0; i < kSeries; ++i) {
        if (row.isNull(i + 1)) continue;
        const auto mean = row.get<std::int64_t>(i + 1);
        bucket.spans[i] = Span{mean, mean, mean};
    }
    bucket.memoryTotal = row.get<std::optional<std::int64_t>>(kSeries + 1);
    bucket.diskTotal = row.get<std::optional<std::int64_t>>(kSeries + 2);
    return bucket;
}

std::string HistoryStore::tables() {
    std::string text = "CREATE TABLE history (tier INTEGER NOT NULL, t INTEGER NOT NULL, n INTEGER NOT NULL";
    for (const std::string_view each : kSeriesNames)
        for (const char* end : {"_min", "", "_max"}) text.append(", ").append(each).append(end).append(" INTEGER");
    return text + R"(, memory_total INTEGER, disk_total INTEGER, PRIMARY KEY (tier, t)) WITHOUT ROWID;
CREATE TABLE mounts (id INTEGER PRIMARY KEY, mount TEXT NOT NULL, fs TEXT NOT NULL, UNIQUE (mount, fs));
CREATE TABLE mount_hours (mount INTEGER NOT NULL, t INTEGER NOT NULL, used INTEGER NOT NULL, available INTEGER NOT NULL,
    PRIMARY KEY (mount, t)) WITHOUT ROWID;)";
}

HistoryStore::HistoryStore(Host host)
    : host_(host), changes_(static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count())),
      insert_(insertText()),
      rollUp_("INSERT OR REPLACE INTO history (tier, t, n, " + columns() + ") SELECT ?, ?, sum(n), " + merged() +
              " FROM history WHERE tier = ? AND t >= ? AND t < ? HAVING count(*) > 0"),
      select_("SELECT t, n, " + columns() + " FROM history WHERE tier = ? AND t >= ? AND t < ? ORDER BY t"),
      selectMeans_("SELECT t, " + means() + "memory_total, disk_total FROM history WHERE tier = ? AND t >= ? AND t < ? ORDER BY t"),
      selectGrouped_("SELECT t / ? * ? AS b, sum(n), " + merged() +
                     " FROM history WHERE tier = ? AND t >= ? AND t < ? GROUP BY b ORDER BY b") {}

void HistoryStore::rollUp(Transaction& transaction, const std::string& sql, int from, int to, std::int64_t t) {
    const std::int64_t start = t / to * to;
    transaction.execute(sql, to, start, from, start, start + to);
}

void HistoryStore::write(const Bucket& b, const std::vector<MountHour>& mounts) {
    const auto part = [&](std::size_t i, std::int64_t Span::*field) -> std::optional<std::int64_t> {
        if (!b.spans[i]) return std::nullopt;
        return (*b.spans[i]).*field;
    };
    const auto values = [&]<std::size_t... I>(std::index_sequence<I...>, Transaction& to) {
        to.execute(insert_, b.t, b.n,
                   part(I / 3, I % 3 == 0 ? &Span::least : I % 3 == 1 ? &Span::mean : &Span::most)..., b.memoryTotal,
                   b.diskTotal);
    };
    host_.database().transaction([&](Transaction& transaction) {
        values(std::make_index_sequence<3 * kSeries>(), transaction);
        rollUp(transaction, rollUp_, kTiers[0].width, kTiers[1].width, b.t);
        rollUp(transaction, rollUp_, kTiers[1].width, kTiers[2].width, b.t);
        const std::int64_t hour = b.t / 3600 * 3600;
        for (const MountHour& each : mounts) {
            transaction.execute("INSERT INTO mounts (mount, fs) SELECT ?, ? WHERE (SELECT count(*) FROM mounts) < ? "
                                "ON CONFLICT DO NOTHING", each.mount, each.fs, kMostMounts);
            transaction.execute("INSERT OR REPLACE INTO mount_hours SELECT id, ?, ?, ? FROM mounts WHERE mount = ? AND fs = ?",
                                hour, each.used, each.available, each.mount, each.fs);
        }
    });
    ++changes_;
}

std::optional<Bucket> HistoryStore::latest() const {
    const auto t = host_.database().one<std::optional<std::int64_t>>("SELECT max(t) FROM history WHERE tier = 60");
    std::optional<Bucket> found;
    if (t && *t) read(kTiers[0], **t, **t + 1, kTiers[0].width, true, [&](const Bucket& bucket) { found = bucket; });
    return found;
}

std::vector<MountPoint> HistoryStore::mountHours(const std::string& mount, const std::string& fs, std::int64_t from) const {
    std::vector<MountPoint> points;
    host_.database().each(
        "SELECT t, used, available FROM mount_hours WHERE mount = (SELECT id FROM mounts WHERE mount = ? AND fs = ?) "
        "AND t >= ? ORDER BY t",
        [&](const RowView& row) {
            points.push_back({row.get<std::int64_t>(0), row.get<std::int64_t>(1), row.get<std::int64_t>(2)});
        },
        mount, fs, from);
    return points;
}

void HistoryStore::prune(std::int64_t now, int mostDays) {
    host_.database().transaction([&](Transaction& transaction) {
        for (const Resolution& tier : kTiers)
            transaction.execute("DELETE FROM history WHERE tier = ? AND t < ?", tier.width,
                                now - std::min(tier.keepDays, mostDays) * std::int64_t{86400});
        transaction.execute("DELETE FROM mount_hours WHERE t < ?", now - kKeepMountHours);
        transaction.execute("DELETE FROM mounts WHERE id NOT IN (SELECT mount FROM mount_hours)");
    });
    ++changes_;
}

} // namespace talome::system
