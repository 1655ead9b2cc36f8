// Settings of the host and of all plugins: /api/settings.
#include "host/api/settings.hpp"

#include "host/auth/secret.hpp"
#include "host/gate/call.hpp"
#include "host/gate/gate.hpp"
#include "host/gate/input.hpp"
#include "host/log/log.hpp"
#include "host/settings/text.hpp"

#include <algorithm>

namespace json = boost::json;

namespace talome::api {

namespace {

constexpr std::size_t kMostAtOnce = 50;
constexpr std::int64_t kMostRows = 500;
constexpr const char* kMasked = "****";

std::string sentinel(const settings::Shown& shown) {
    if (shown.unreadable) return std::string(settings::kUnreadable);
    return shown.configured ? std::string(settings::kConfigured) : std::string();
}

std::string textOf(const settings::Shown& shown) {
    return shown.declared.secret || shown.unreadable ? sentinel(shown) : settings::toText(shown.value);
}

const char* nameOf(settings::Source source) {
    return source == settings::Source::environment ? "environment"
           : source == settings::Source::stored    ? "stored"
                                                   : "default";
}

template <class T> json::value orNull(const std::optional<T>& value) {
    return value ? json::value(*value) : json::value(nullptr);
}

json::value detailOf(const settings::Shown& shown) {
    const auto& declared = shown.declared;
    json::object detail;
    detail["value"] = declared.secret || shown.unreadable ? json::value(sentinel(shown)) : shown.value;
    detail["default"] = declared.secret ? json::value(nullptr) : declared.fallback;
    detail["configured"] = shown.configured;
    detail["source"] = nameOf(shown.source);
    detail["secret"] = declared.secret;
    detail["unreadable"] = shown.unreadable;
    detail["owner"] = shown.owner;
    detail["environment"] = shown.variable.empty() ? json::value(nullptr) : json::value(shown.variable);
    detail["changedAt"] = shown.changedAt ? json::value(log::timestamp(*shown.changedAt)) : json::value(nullptr);
    return detail;
}

json::value schemaOf(const settings::Shown& shown) {
    const auto& declared = shown.declared;
    const auto* schema = declared.schema.if_object();
    const auto word = [&](const char* name) {
        const auto* found = schema ? schema->if_contains(name) : nullptr;
        return found ? *found : json::value(nullptr);
    };
    json::object row{
        {"type", word("type")},          {"default", declared.secret ? json::value(nullptr) : declared.fallback},
        {"secret", declared.secret},     {"restartRequired", declared.restart},
        {"portable", declared.portable}, {"description", declared.summary},
        {"owner", shown.owner},          {"environment", orNull(declared.environment)},
        {"schema", declared.schema}};
    if (auto choices = word("enum"); choices.is_array()) row["enum"] = std::move(choices);
    return row;
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> words;
    while (!list.empty()) {
        const auto word = list.substr(0, list.find(','));
        if (!word.empty()) words.emplace_back(word);
        list.remove_prefix(std::min(list.size(), word.size() + 1));
    }
    return words;
}

/// Of plugins: what bounds a model, or opens the server to others.
bool isForPersons(std::string_view key) {
    if (key == "ai_daily_cap_usd" || key == "agent_loop_config") return true;
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{"evolution_", "local_domains_", "mcp_", "proxy_"},
        [&](std::string_view prefix) { return key.starts_with(prefix); });
}

/// What a history's row holds: never a secret, also not one of a setting that nobody declares any more.
Nullable<std::string> shownText(const std::optional<std::string>& stored, bool secret) {
    if (!stored) return {};
    if (secret || settings::isSealed(*stored)) return {kMasked};
    return {settings::toText(json::parse(*stored))};
}

/// What the host's own classes throw, as a handler may: with the details, which the gate finds again.
template <class F> auto across(F&& body) {
    try {
        return body();
    } catch (const gate::Failure& failure) {
        gate::rememberFailure(failure);
        raise(failure.status, failure.what());
    } catch (const storage::DatabaseError& error) {
        if (error.full) throw NoSpace("the disk is full");
        throw;
    }
}

} // namespace

Settings::Settings(Registry& registry, settings::Settings& all) : host_(registry.host()), settings_(all) {
    registry
        .operation("settings.list", "The value of every setting, as text; of a secret, whether it is configured", admin,
                   Tier::read, this, &Settings::list)
        .route("GET", "/api/settings")
        .tool("get_settings", {}, {{"key", "keys"}})
        .input("keys", "only these, with commas between them")
        .input("meta", "the typed value, its default, source, owner and last change of each", false);
    registry
        .operation("settings.update",
                   "Changes settings, all of them or none: key to value, or to its text; null goes back to the default",
                   admin, Tier::modify, this, &Settings::update)
        .route("PUT", "/api/settings")
        .route("POST", "/api/settings");
    registry.operation("settings.set", "Changes one setting", admin, Tier::modify, this, &Settings::set)
        .tool("set_setting", "Change one setting; the server's own ones and secrets are for a person to change")
        .idempotent()
        .input("key", "which", length(1, 64))
        .input("value", "its new value, as text", length(0, 65'536), secret())
        .target("setting", "key");
    registry
        .operation("settings.schema", "What is declared of every setting", admin, Tier::read, this, &Settings::schema)
        .route("GET", "/api/settings/schema");
    registry
        .operation("settings.history", "Changes of settings by whomever, the newest first; secrets are masked", admin,
                   Tier::read, this, &Settings::history)
        .route("GET", "/api/settings/history")
        .tool("get_settings_history", "Changes of settings, the newest first; secrets are masked")
        .input("key", "of one setting only")
        .input("limit", "how many, at most 500", 50)
        .input("offset", "how many newer ones are left out", 0);
    registry
        .operation("settings.revert", "Takes a setting back to what it was before a change, or before the newest one",
                   admin, Tier::modify, this, &Settings::revert)
        .route("POST", "/api/settings/{key}/revert")
        .tool("revert_setting")
        .input("historyId", "the change, as the history numbers it")
        .target("setting", "key");
    registry
        .operation("settings.exportConfig",
                   "The settings that mean the same on another server, as one text; no secret is among them", admin,
                   Tier::read, this, &Settings::exportConfig)
        .route("GET", "/api/settings/export-config");
    registry
        .operation("settings.importConfig", "Takes over what another server has exported", admin, Tier::modify, this,
                   &Settings::importConfig)
        .route("POST", "/api/settings/import-config")
        .input("code", "as the export gives it", length(1, 100'000), secret());
    registry.topic<SettingsChanged>("settings.changed", "Settings have other values now", admin);
    settings_.onChanged(
        [this](const std::vector<std::string>& keys) { host_.publish("settings.changed", SettingsChanged{keys}); });
}

SettingValues Settings::list(const SettingsQuery& query) const {
    auto all = settings_.list();
    if (query.keys) {
        const auto wanted = split(*query.keys);
        for (const auto& key : wanted)
            if (!all.contains(key)) throw Invalid("keys", "there is no setting '" + key + "'");
        std::erase_if(all, [&](const auto& each) { return std::ranges::find(wanted, each.first) == wanted.end(); });
    }
    SettingValues values;
    for (const auto& [key, shown] : all) values[key] = query.meta ? detailOf(shown) : json::value(textOf(shown));
    return values;
}

SettingValues Settings::schema() const {
    SettingValues rows;
    for (const auto& [key, shown] : settings_.list()) rows[key] = schemaOf(shown);
    return rows;
}

/// The rules that bind a helper are not its to change.
void Settings::refuseHelpers(Call& call, const SettingValues& values) const {
    if (gate::isPerson(call.raw()->principal->origin)) return;
    const auto all = settings_.list();
    for (const auto& [key, value] : values) {
        const auto it = all.find(key);
        if (it == all.end()) continue;
        if (it->second.owner == "host")
            throw Denied("'" + key + "' is one of the server's own settings, which only a person changes");
        if (it->second.declared.secret || isForPersons(key))
            throw Denied("'" + key + "' is a setting that only a person changes");
    }
}

SettingsUpdated Settings::update(Call& call, const SettingValues& values) {
    if (values.size() > kMostAtOnce)
        throw Invalid("at most " + std::to_string(kMostAtOnce) + " settings can be changed at once");
    refuseHelpers(call, values);
    const auto by = call.principal().userId;
    return {true, across([&] { return settings_.update(values, by, host_.nowMs()); })};
}

SettingsUpdated Settings::set(Call& call, const SettingWanted& wanted) {
    return update(call, {{wanted.key, json::value(wanted.value)}});
}

std::vector<SettingsChange> Settings::history(Call& call, const SettingsHistoryQuery& query) const {
    const auto all = settings_.list();
    std::vector<SettingsChange> changes;
    for (const auto& row : settings_.history().list(query.key, std::clamp<std::int64_t>(query.limit, 1, kMostRows),
                                                    std::max<std::int64_t>(query.offset, 0))) {
        const auto setting = all.find(row.key);
        const bool secret = setting != all.end() && setting->second.declared.secret;
        changes.push_back({row.id, row.key, shownText(row.previous, secret), shownText(row.next, secret), row.changedBy,
                           row.username, log::timestamp(row.changedAt)});
    }
    call.header("X-Total-Count", std::to_string(settings_.history().count(query.key)));
    return changes;
}

SettingReverted Settings::revert(Call& call, const SettingRevert& input) {
    refuseHelpers(call, {{input.key, nullptr}});
    const auto by = call.principal().userId;
    const auto done = across([&] { return settings_.revert(input.key, input.historyId, by, host_.nowMs()); });
    SettingReverted output{input.key, {}, "ok"};
    if (done.value) output.restoredValue = {done.secret ? kMasked : settings::toText(*done.value)};
    return output;
}

SettingsCode Settings::exportConfig() const {
    json::object values;
    for (const auto& [key, shown] : settings_.list())
        if (shown.declared.portable && shown.configured && !shown.unreadable) values[key] = shown.value;
    const auto count = values.size();
    return {auth::base64Url(gate::canonical(values)), count};
}

SettingsApplied Settings::importConfig(Call& call, const SettingsImport& input) {
    const auto text = auth::fromBase64Url(input.code);
    if (!text) throw Invalid("code", "is not what an export gives");
    json::value given;
    try {
        given = gate::parseJson(*text);
    } catch (const gate::Failure&) {
        throw Invalid("code", "is not what an export gives");
    }
    if (!given.is_object()) throw Invalid("code", "is not what an export gives");
    // It comes from elsewhere: what is not meant to travel is left out, whatever it says.
    const auto all = settings_.list();
    SettingValues values;
    for (const auto& [key, value] : given.get_object())
        if (const auto it = all.find(std::string(key)); it != all.end() && it->second.declared.portable)
            values.emplace(key, value);
    refuseHelpers(call, values);
    const auto by = call.principal().userId;
    return {true, across([&] { return settings_.update(values, by, host_.nowMs()); })};
}

} // namespace talome::api
