// What is declared, and the value of each that is in force.
#include "host/settings/settings.hpp"

#include "host/gate/input.hpp"
#include "host/log/log.hpp"
#include "host/settings/text.hpp"

#include <Poco/String.h>

namespace json = boost::json;

namespace talome::settings {

using gate::Failure;

namespace {

constexpr std::string_view kVariable = "TALOME_SETTING_";
const std::set<std::string, std::less<>> kReserved{"history", "schema", "test"}; // routes below /api/settings

std::string variableOf(const std::string& key) { return std::string(kVariable) + Poco::toUpper(key); }

} // namespace

Settings::Settings(storage::Database& database, Seal seal, Environment environment)
    : database_(database), seal_(std::move(seal)), environment_(std::move(environment)), history_(database) {
    for (const auto& row : database_.rows("SELECT key, value FROM settings"))
        values_[std::get<std::string>(row[0])] = std::get<std::string>(row[1]);
    for (const auto& row : database_.rows("SELECT key, max(changed_at) FROM settings_history GROUP BY key"))
        changedAt_[std::get<std::string>(row[0])] = std::get<std::int64_t>(row[1]);
}

void Settings::declare(const std::string& owner, const manifest::Setting& setting) {
    if (kReserved.contains(setting.key))
        throw Failure(TALOME_E_INVALID, "no setting can be called '" + setting.key + "': a route has that name");
    Declared fresh{owner, setting, gate::Schema(setting.schema), gate::canonical(setting.fallback), {}, {}};
    readEnvironment(fresh);
    const std::lock_guard lock(mutex_);
    if (const auto it = declared_.find(setting.key); it != declared_.end() && it->second.owner != owner)
        throw Failure(TALOME_E_CONFLICT, "the setting '" + setting.key + "' belongs to " + it->second.owner);
    checkStored(fresh);
    declared_.insert_or_assign(setting.key, std::move(fresh));
}

/// The value itself is in no message: it may be a secret.
void Settings::readEnvironment(Declared& of) const {
    auto variable = variableOf(of.what.key);
    const char* text = environment_(variable.c_str());
    if ((!text || !*text) && of.what.environment) {
        variable = *of.what.environment;
        text = environment_(variable.c_str());
    }
    if (!text || !*text) return;
    auto value = fromText(of.what.schema, text);
    if (auto wrong = of.schema.check(value); !wrong.empty())
        throw Failure(TALOME_E_INVALID, "the environment variable " + variable + ", for the setting '" + of.what.key +
                                            "': " + wrong.front().text());
    of.override = gate::canonical(value);
    of.variable = std::move(variable);
}

/// A plugin may come back with a stricter schema; it must not be stopped by what it allowed itself.
void Settings::checkStored(Declared& of) const {
    const auto& key = of.what.key;
    try {
        const auto stored = opened(key, of);
        if (!stored) return;
        auto value = gate::parseJson(*stored);
        const auto wrong = of.schema.check(value);
        if (wrong.empty()) return;
        of.unfit = true;
        log::warn("host", "the stored value of the setting '" + key +
                              "' does not count any more: " + wrong.front().text() + "; its default does");
    } catch (const std::runtime_error& unreadable) {
        log::error("host", unreadable.what());
    }
}

void Settings::onChange(const std::string& owner, Changing changing) {
    const std::lock_guard lock(mutex_);
    if (changing)
        changing_[owner] = std::move(changing);
    else
        changing_.erase(owner);
}

void Settings::keepOnly(const std::string& owner, const std::vector<std::string>& keys) {
    const std::lock_guard lock(mutex_);
    std::erase_if(declared_, [&](const auto& each) {
        return each.second.owner == owner && std::ranges::find(keys, each.first) == keys.end();
    });
}

void Settings::forget(const std::string& owner) {
    const std::lock_guard lock(mutex_);
    std::erase_if(declared_, [&](const auto& each) { return each.second.owner == owner; });
    changing_.erase(owner);
}

// Under mutex_.
const Settings::Declared& Settings::declared(const std::string& key) const {
    const auto it = declared_.find(key);
    if (it == declared_.end()) throw Failure(TALOME_E_NOT_FOUND, "there is no setting '" + key + "'");
    return it->second;
}

// Under mutex_. What stands where a secret's envelope should, or an envelope where it should not, was not put there by
// this server.
std::optional<std::string> Settings::opened(const std::string& key, const Declared& of) const {
    const auto it = values_.find(key);
    if (it == values_.end()) return std::nullopt;
    try {
        if (of.what.secret) return seal_.open(key, it->second);
        gate::parseJson(it->second);
        return it->second;
    } catch (const Failure&) {
        throw Failure(TALOME_E_UNAVAILABLE,
                      "the stored value of the setting '" + key + "' cannot be read: set it again");
    } catch (const std::runtime_error& closed) {
        throw Failure(TALOME_E_UNAVAILABLE, std::string(closed.what()) + "; set it again");
    }
}

std::string Settings::get(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto& of = declared(key);
    if (of.override) return *of.override;
    auto stored = opened(key, of);
    return stored && !of.unfit ? std::move(*stored) : of.fallback;
}

std::string Settings::text(const std::string& key) const { return std::string(gate::parseJson(get(key)).as_string()); }

std::map<std::string, Shown, std::less<>> Settings::list() const {
    std::map<std::string, Shown, std::less<>> all;
    const std::lock_guard lock(mutex_);
    for (const auto& [key, of] : declared_) {
        auto& shown = all[key];
        shown.owner = of.owner;
        shown.declared = of.what;
        shown.variable = of.variable;
        if (const auto it = changedAt_.find(key); it != changedAt_.end()) shown.changedAt = it->second;
        std::optional<std::string> stored = of.override;
        try {
            if (!stored && !of.unfit) stored = opened(key, of);
        } catch (const Failure&) {
            shown.unreadable = true; // shown as that, and the others go on
        }
        shown.configured = stored.has_value() || shown.unreadable;
        shown.source = of.override ? Source::environment : shown.configured ? Source::stored : Source::fallback;
        if (!of.what.secret && !shown.unreadable) shown.value = stored ? json::parse(*stored) : of.what.fallback;
    }
    return all;
}

std::vector<std::string> Settings::strayVariables(char** environment) const {
    std::vector<std::string> stray;
    const std::lock_guard lock(mutex_);
    for (; environment && *environment; ++environment) {
        const std::string_view line = *environment;
        const auto name = line.substr(0, line.find('='));
        if (!name.starts_with(kVariable)) continue;
        if (std::ranges::none_of(declared_, [&](const auto& each) { return each.second.variable == name; }))
            stray.emplace_back(name);
    }
    return stray;
}

} // namespace talome::settings
