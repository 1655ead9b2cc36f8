// The values of all declared settings.
#include "host/settings/settings.hpp"

#include "host/gate/input.hpp"

namespace talome::settings {

using gate::Failure;

Settings::Settings(storage::Database& database, Seal seal) : database_(database), seal_(std::move(seal)) {
    for (const auto& row : database_.rows("SELECT key, value FROM settings"))
        values_[std::get<std::string>(row[0])] = std::get<std::string>(row[1]);
}

void Settings::declare(const std::string& owner, const manifest::Setting& setting) {
    gate::Schema schema(setting.schema);
    const std::lock_guard lock(mutex_);
    if (const auto it = declared_.find(setting.key); it != declared_.end() && it->second.owner != owner)
        throw Failure(TALOME_E_CONFLICT, "the setting '" + setting.key + "' belongs to " + it->second.owner);
    declared_.insert_or_assign(
        setting.key, Declared{owner, setting.secret, boost::json::serialize(setting.fallback), std::move(schema)});
}

void Settings::onChange(const std::string& owner, Changing changing) {
    const std::lock_guard lock(mutex_);
    changing_[owner] = std::move(changing);
}

void Settings::forget(const std::string& owner) {
    const std::lock_guard lock(mutex_);
    std::erase_if(declared_, [&](const auto& each) { return each.second.owner == owner; });
    changing_.erase(owner);
}

std::string Settings::get(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto it = declared_.find(key);
    if (it == declared_.end()) throw Failure(TALOME_E_NOT_FOUND, "there is no setting '" + key + "'");
    const auto value = values_.find(key);
    if (value == values_.end()) return it->second.fallback;
    return it->second.secret ? seal_.open(key, value->second) : value->second;
}

std::string Settings::text(const std::string& key) const {
    return std::string(gate::parseJson(get(key)).as_string());
}

void Settings::set(const std::string& key, const std::string& json, const std::string& by, std::int64_t now) {
    auto value = gate::parseJson(json);
    std::string text;
    Changing changing;
    bool secret = false;
    {
        const std::lock_guard lock(mutex_);
        const auto it = declared_.find(key);
        if (it == declared_.end()) throw Failure(TALOME_E_NOT_FOUND, "there is no setting '" + key + "'");
        if (auto wrong = it->second.schema.check(value); !wrong.empty()) {
            for (auto& detail : wrong) detail.path = detail.path.empty() ? key : key + "." + detail.path;
            throw Failure(std::move(wrong));
        }
        text = gate::canonical(value);
        secret = it->second.secret;
        if (const auto found = changing_.find(it->second.owner); found != changing_.end()) changing = found->second;
    }
    if (changing) changing(key, text); // the owner's code runs without the lock: it may read settings
    const auto stored = secret ? seal_.close(key, text) : text;
    database_.transaction([&] {
        database_.run("INSERT INTO settings_history (key, previous_value, new_value, changed_by, changed_at) "
                      "VALUES (?, (SELECT value FROM settings WHERE key = ?), ?, ?, ?)",
                      {key, key, stored, by, now});
        database_.run(
            "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            {key, stored});
        return true;
    });
    const std::lock_guard lock(mutex_);
    values_[key] = stored;
}

} // namespace talome::settings
