// Changes: checked, asked about and stored as one.
#include "host/gate/input.hpp"
#include "host/settings/settings.hpp"
#include "host/settings/text.hpp"

#include <algorithm>

namespace json = boost::json;

namespace talome::settings {

using gate::Failure;

namespace {

constexpr std::chrono::seconds kTurn{30}; // longer than an owner may take to answer
thread_local bool answering = false;

} // namespace

Answering::Answering() { answering = true; }
Answering::~Answering() { answering = false; }

/// One change at a time, so that no owner is asked about a value beside another that it does not know of.
class Settings::Turn {
public:
    explicit Turn(Turns& turns) : turns_(turns) {
        if (answering)
            throw Failure(TALOME_E_CONFLICT, "a setting cannot be changed while its owner is asked about another");
        std::unique_lock lock(turns_.mutex);
        if (!turns_.free.wait_for(lock, kTurn, [&] { return !turns_.taken; }))
            throw Failure(TALOME_E_UNAVAILABLE, "another change of settings takes too long; try again");
        turns_.taken = true;
    }
    ~Turn() {
        {
            const std::lock_guard lock(turns_.mutex);
            turns_.taken = false;
        }
        turns_.free.notify_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

private:
    Turns& turns_;
};

// Under mutex_.
bool Settings::isUnchanged(const std::string& key, const Declared& of, const json::value& given) const {
    const auto* text = given.if_string();
    if (!text) return false;
    if (text->empty()) return true;
    if (of.what.secret && *text == kConfigured) return true;
    if (*text != kUnreadable) return false;
    try {
        opened(key, of);
        return false;
    } catch (const Failure&) {
        return true;
    }
}

std::vector<std::string> Settings::update(const std::map<std::string, json::value>& given, const std::string& by,
                                          std::int64_t now) {
    const Turn turn(turn_);
    std::vector<Wanted> wanted;
    std::vector<gate::Detail> wrong;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [key, value] : given) {
            const auto it = declared_.find(key);
            if (it == declared_.end())
                wrong.push_back({key, "is not a known setting"});
            else if (value.is_null())
                wanted.push_back({key, std::nullopt});
            else if (!isUnchanged(key, it->second, value))
                wanted.push_back(
                    {key, value.is_string() ? fromText(it->second.what.schema, value.get_string()) : value});
        }
    }
    if (!wrong.empty()) throw Failure(std::move(wrong));
    apply(wanted, by, now);
    std::vector<std::string> keys;
    for (const auto& each : wanted) keys.push_back(each.key);
    return keys;
}

Settings::Reverted Settings::revert(const std::string& key, std::optional<std::int64_t> historyId,
                                    const std::string& by, std::int64_t now) {
    const Turn turn(turn_);
    Reverted result;
    {
        const std::lock_guard lock(mutex_);
        result.secret = declared(key).what.secret;
    }
    const auto row = history_.find(key, historyId);
    if (!row)
        throw Failure(TALOME_E_NOT_FOUND, historyId ? "the setting '" + key + "' has no change with the number " +
                                                          std::to_string(*historyId)
                                                    : "the setting '" + key + "' has no history");
    if (row->previous) {
        if (result.secret != isSealed(*row->previous))
            throw Failure(TALOME_E_CONFLICT, "the setting '" + key + "' was of another kind then; set it again");
        try {
            result.value = gate::parseJson(result.secret ? seal_.open(key, *row->previous) : *row->previous);
        } catch (const Failure&) {
            throw Failure(TALOME_E_CONFLICT, "what the setting '" + key + "' was then cannot be read");
        } catch (const std::runtime_error& closed) {
            throw Failure(TALOME_E_CONFLICT, closed.what());
        }
    }
    apply({{key, result.value}}, by, now);
    return result;
}

// Under mutex_. Nothing to do is no plan.
void Settings::plan(const Wanted& wanted, std::vector<Plan>& plans, std::vector<gate::Detail>& wrong) const {
    const auto& key = wanted.key;
    const auto& of = declared(key);
    std::optional<std::string> next;
    if (wanted.value) {
        auto value = *wanted.value;
        if (auto details = of.schema.check(value); !details.empty()) {
            for (auto& each : details)
                wrong.push_back({each.path.empty()          ? key
                                 : each.path.front() == '[' ? key + each.path
                                                            : key + "." + each.path,
                                 std::move(each.message)});
            return;
        }
        next = gate::canonical(value);
    }
    if (of.override) {
        if (next == of.override) return;
        throw Failure(TALOME_E_CONFLICT, "the setting '" + key + "' is set by the environment variable " + of.variable +
                                             ", which wins: change it there");
    }
    try {
        if (!of.unfit && next == opened(key, of)) return;
    } catch (const Failure&) {
        // It cannot be opened: whatever comes is something else.
    }
    Plan plan{key, next, next.value_or(of.fallback), {}, of.what.secret};
    if (const auto owner = changing_.find(of.owner); owner != changing_.end()) plan.ask = owner->second;
    plans.push_back(std::move(plan));
}

void Settings::apply(const std::vector<Wanted>& wanted, const std::string& by, std::int64_t now) {
    std::vector<Plan> plans;
    std::vector<gate::Detail> wrong;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& each : wanted) plan(each, plans, wrong);
    }
    if (!wrong.empty()) throw Failure(std::move(wrong));
    if (plans.empty()) return;
    ask(plans);
    store(plans, by, now);
    std::vector<std::string> keys;
    for (const auto& each : plans) keys.push_back(each.key);
    for (const auto& tell : changed_) tell(keys);
}

// Without mutex_: an owner's code may read settings.
void Settings::ask(const std::vector<Plan>& plans) const {
    for (const auto& each : plans) {
        if (!each.ask) continue;
        try {
            each.ask(each.key, each.inForce);
        } catch (const Failure& refused) {
            if (refused.status != TALOME_E_INVALID) throw;
            const std::string words = refused.what();
            throw Failure({{each.key, words.empty() ? "is not acceptable to its owner" : words}});
        }
    }
}

void Settings::store(const std::vector<Plan>& plans, const std::string& by, std::int64_t now) {
    std::vector<std::optional<std::string>> stored;
    for (const auto& each : plans)
        stored.push_back(each.next && each.secret ? seal_.close(each.key, *each.next) : each.next);
    std::vector<std::optional<std::string>> previous(plans.size());
    {
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < plans.size(); ++i)
            if (const auto it = values_.find(plans[i].key); it != values_.end()) previous[i] = it->second;
    }
    database_.transaction([&] {
        for (std::size_t i = 0; i < plans.size(); ++i) {
            const auto& key = plans[i].key;
            history_.add(key, previous[i], stored[i], by, now);
            if (stored[i])
                database_.run("INSERT INTO settings (key, value) VALUES (?, ?) "
                              "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                              {key, *stored[i]});
            else
                database_.run("DELETE FROM settings WHERE key = ?", {key});
        }
        history_.prune(now);
        return true;
    });
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < plans.size(); ++i) {
        const auto& key = plans[i].key;
        if (stored[i])
            values_[key] = *stored[i];
        else
            values_.erase(key);
        changedAt_[key] = now;
        if (const auto it = declared_.find(key); it != declared_.end()) it->second.unfit = false;
    }
}

} // namespace talome::settings
