#include "health/health_keeper.hpp"

#include "live/timestamp.hpp"

namespace talome::system {

namespace {

constexpr std::int64_t kSlowMs = 60'000; // arrays, the clock: once a minute

std::string_view text(Level level) {
    constexpr std::string_view names[] = {"ok", "warning", "critical"};
    return names[static_cast<int>(level)];
}

AlertEvent eventOf(const Transition& t) {
    AlertEvent event{t.check.key, t.check.subject, t.to, t.from, t.check.value, t.limit, t.check.unit, t.check.message,
                     t.check.evidence, t.to == Level::ok ? std::string() : t.check.fix, timestamp(t.sinceMs),
                     timestamp(t.atMs), (t.atMs - t.sinceMs) / 1000};
    return event;
}

} // namespace

std::string_view topicOf(const std::string& kind) {
    if (kind == "cpu") return "cpu";
    if (kind == "memory" || kind == "memoryPressure") return "memory";
    if (kind == "temperature") return "temperature";
    for (const std::string_view each : {"disk", "inodes", "mount", "raid", "pool", "filesystem", "smart"})
        if (kind == each) return "disk";
    return {};
}

std::string HealthKeeper::tables() {
    return "CREATE TABLE alerts (key TEXT PRIMARY KEY, name TEXT NOT NULL, subject TEXT NOT NULL, level TEXT NOT NULL, "
           "since INTEGER NOT NULL) WITHOUT ROWID;";
}

void HealthKeeper::open() {
    std::vector<StoredAlert> stored;
    host_.database().each("SELECT key, name, subject, level, since FROM alerts", [&](const RowView& row) {
        stored.push_back({row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2),
                          row.get<std::string>(3) == "critical" ? Level::critical : Level::warning,
                          row.get<std::int64_t>(4)});
    });
    book_.load(stored);
}

// The row and the event are one: what is told has been noted, and what is noted is told.
void HealthKeeper::tell(const std::vector<Transition>& transitions) {
    if (transitions.empty()) return;
    host_.database().transaction([&](Transaction& transaction) {
        for (const Transition& each : transitions) {
            if (each.to == Level::ok)
                transaction.execute("DELETE FROM alerts WHERE key = ?", each.check.key);
            else
                transaction.execute("INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?)", each.check.key,
                                    each.check.name, each.check.subject, text(each.to), each.sinceMs);
            const std::string topic(topicOf(each.check.name));
            if (!topic.empty()) host_.publish(topic + (each.to == Level::ok ? ".resolved" : ".exceeded"), eventOf(each));
        }
    });
    for (const Transition& each : transitions) {
        const std::string line = each.check.name + " " + each.check.subject + " is " + std::string(text(each.to)) + ": " + each.check.message;
        each.to == Level::ok ? host_.info(line) : host_.warn(line);
    }
}

std::vector<Judged> HealthKeeper::judge(const std::vector<Check>& checks, const std::set<std::string>& kinds) {
    std::vector<Judged> judged;
    const std::lock_guard lock(telling_);
    const std::int64_t now = host_.nowMs();
    AlertBook next = book_;
    const auto transitions = next.update(checks, kinds, now, judged);
    try {
        tell(transitions);
        book_ = std::move(next);
    } catch (const Error& error) { // told the next time; what is wrong now is known all the same
        book_.keepTimes(next);
        if (now - warnedAtMs_ >= kSlowMs || now < warnedAtMs_) {
            warnedAtMs_ = now;
            host_.warn("what has changed of the health cannot be stored, and is not told yet: " + std::string(error.what()));
        }
    }
    return judged;
}

std::vector<Judged> HealthKeeper::judge(const Recorded& now) {
    auto checks = assess(now, thresholds());
    {
        const std::lock_guard lock(mutex_);
        if (slowAtMs_ == 0 || now.nowMs - slowAtMs_ >= kSlowMs || now.nowMs < slowAtMs_) {
            slowAtMs_ = now.nowMs;
            slow_ = assessArrays(sampler_.source());
            if (sampler_.source().own) slow_.push_back(assessClock());
        }
        checks.insert(checks.end(), slow_.begin(), slow_.end());
    }
    return judge(checks, kAssessedKinds);
}

void HealthKeeper::take(const Recorded& now) {
    {
        const std::lock_guard lock(mutex_);
        last_ = now;
    }
    judge(now);
}

std::vector<Judged> HealthKeeper::judge() {
    std::optional<Recorded> now;
    {
        const std::lock_guard lock(mutex_);
        now = last_;
    }
    if (!now) { // the recorder has not come round yet
        now.emplace();
        now->counters = sampler_.takeReading();
        now->temperatures = sampler_.temperatures();
    }
    now->mounts = sampler_.mounts();
    now->nowMs = host_.nowMs();
    return judge(*now);
}

} // namespace talome::system
