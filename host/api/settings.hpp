// Settings of the host and of all plugins: /api/settings.
#pragma once

#include "host/settings/settings.hpp"

#include <talome/plugin.hpp>

namespace talome::api {

/// Values of settings by key; anything the JSON of which a setting may have.
using SettingValues = std::map<std::string, boost::json::value>;

struct SettingsQuery {
    std::optional<std::string> keys;
    bool meta = false;
};
BOOST_DESCRIBE_STRUCT(SettingsQuery, (), (keys, meta))

struct SettingsUpdated {
    bool ok = true;
    std::vector<std::string> updated;
};
BOOST_DESCRIBE_STRUCT(SettingsUpdated, (), (ok, updated))

struct SettingsHistoryQuery {
    std::optional<std::string> key;
    std::int64_t limit = 50, offset = 0;
};
BOOST_DESCRIBE_STRUCT(SettingsHistoryQuery, (), (key, limit, offset))

struct SettingsChange {
    std::int64_t id = 0;
    std::string key;
    Nullable<std::string> previousValue, newValue; ///< null: not set
    std::string changedBy, username, changedAt;
};
BOOST_DESCRIBE_STRUCT(SettingsChange, (), (id, key, previousValue, newValue, changedBy, username, changedAt))

struct SettingRevert {
    std::string key;
    std::optional<std::int64_t> historyId;
};
BOOST_DESCRIBE_STRUCT(SettingRevert, (), (key, historyId))

struct SettingReverted {
    std::string key;
    Nullable<std::string> restoredValue;
    std::string status = "ok";
};
BOOST_DESCRIBE_STRUCT(SettingReverted, (), (key, restoredValue, status))

struct SettingsCode {
    std::string code;
    std::size_t keyCount = 0;
};
BOOST_DESCRIBE_STRUCT(SettingsCode, (), (code, keyCount))

struct SettingsImport {
    std::string code;
};
BOOST_DESCRIBE_STRUCT(SettingsImport, (), (code))

struct SettingsApplied {
    bool ok = true;
    std::vector<std::string> applied;
};
BOOST_DESCRIBE_STRUCT(SettingsApplied, (), (ok, applied))

struct SettingWanted {
    std::string key, value;
};
BOOST_DESCRIBE_STRUCT(SettingWanted, (), (key, value))

struct SettingsChanged {
    std::vector<std::string> keys;
};
BOOST_DESCRIBE_STRUCT(SettingsChanged, (), (keys))

/// Any thread. Reading never runs a plugin's code.
class Settings {
public:
    Settings(Registry&, settings::Settings&);

private:
    void refuseHelpers(Call&, const SettingValues&) const;
    SettingValues list(const SettingsQuery&) const;
    SettingValues schema() const;
    SettingsUpdated update(Call&, const SettingValues&);
    SettingsUpdated set(Call&, const SettingWanted&);
    std::vector<SettingsChange> history(Call&, const SettingsHistoryQuery&) const;
    SettingReverted revert(Call&, const SettingRevert&);
    SettingsCode exportConfig() const;
    SettingsApplied importConfig(Call&, const SettingsImport&);

    Host host_;
    settings::Settings& settings_;
};

} // namespace talome::api
