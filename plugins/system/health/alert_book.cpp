#include "health/alert_book.hpp"

namespace talome::system {

void AlertBook::load(const std::vector<StoredAlert>& stored) {
    for (const StoredAlert& each : stored) {
        Entry& entry = entries_[each.key];
        entry.level = each.level;
        entry.sinceMs = each.sinceMs;
        entry.last.key = each.key;
        entry.last.name = each.name;
        entry.last.subject = each.subject;
    }
}

// A level that it has already is left only below its limit less the margin.
Level AlertBook::wanted(const Entry& entry, const Check& check) {
    if (!check.known) return entry.level; // nothing is known: it stays as it was
    if (!check.limits || !check.value) return check.level;
    const auto limit = [&](double at, Level level) { return entry.level >= level ? at - check.margin : at; };
    if (*check.value >= limit(check.limits->critical, Level::critical)) return Level::critical;
    if (*check.value >= limit(check.limits->warning, Level::warning)) return Level::warning;
    return Level::ok;
}

// A better level counts at once. Of worse ones, the worst that has lasted: each has a time of its own, so that a value
// which swings around the limit of critical is a warning meanwhile.
Level AlertBook::held(Entry& entry, const Check& check, std::int64_t nowMs) {
    const Level level = wanted(entry, check);
    Level lasted = entry.level;
    for (const Level each : {Level::warning, Level::critical}) {
        std::int64_t& above = entry.aboveMs[static_cast<std::size_t>(each) - 1];
        if (level < each)
            above = 0;
        else if (above == 0 || above > nowMs) // it begins, or the clock was set back
            above = nowMs;
        if (level >= each && each > lasted && nowMs - above >= check.holdSeconds * 1000LL) lasted = each;
    }
    return level < entry.level ? level : lasted;
}

void AlertBook::keepTimes(const AlertBook& tried) {
    for (const auto& [key, entry] : tried.entries_) {
        Entry& mine = entries_[key];
        mine.aboveMs = entry.aboveMs;
        mine.last = entry.last;
    }
}

std::vector<Transition> AlertBook::update(const std::vector<Check>& checks, const std::set<std::string>& kinds,
                                          std::int64_t nowMs, std::vector<Judged>& judged) {
    std::vector<Transition> transitions;
    std::set<std::string> seen;
    const auto change = [&](Entry& entry, const Check& check, Level to) {
        if (entry.level == Level::ok) entry.sinceMs = nowMs;
        Transition transition{check, entry.level, to, entry.sinceMs, nowMs, std::nullopt};
        if (check.limits) transition.limit = std::max(entry.level, to) == Level::critical && to != Level::warning
                                                 ? check.limits->critical
                                                 : check.limits->warning;
        entry.level = to;
        transitions.push_back(std::move(transition));
    };
    for (const Check& check : checks) {
        seen.insert(check.key);
        Entry& entry = entries_[check.key];
        entry.last = check;
        const Level level = held(entry, check, nowMs);
        if (level != entry.level) change(entry, check, level);
        judged.push_back({check, entry.level, {}});
        if (entry.level != Level::ok) judged.back().sinceMs = entry.sinceMs;
    }
    for (auto it = entries_.begin(); it != entries_.end();) {
        Entry& entry = it->second;
        if (!kinds.contains(entry.last.name) || seen.contains(it->first)) {
            ++it;
            continue;
        }
        if (entry.level != Level::ok) {
            Check gone = entry.last;
            gone.message = gone.subject + " is no longer there";
            gone.value.reset();
            change(entry, gone, Level::ok);
        }
        it = entries_.erase(it);
    }
    return transitions;
}

} // namespace talome::system
