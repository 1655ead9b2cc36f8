// The values of all declared settings: typed by their schema, kept in host.db, secrets sealed.
#pragma once

#include "host/gate/schema.hpp"
#include "host/settings/seal.hpp"
#include "host/storage/database.hpp"
#include "sdk/manifest/manifest.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace talome::settings {

/// Any thread.
class Settings {
public:
    /// Called before a value is stored; throws gate::Failure to refuse it.
    using Changing = std::function<void(const std::string& key, const std::string& json)>;

    Settings(storage::Database&, Seal);

    /// Throws gate::Failure (conflict) if another owner has the key.
    void declare(const std::string& owner, const manifest::Setting&);
    void onChange(const std::string& owner, Changing);
    void forget(const std::string& owner); ///< its declarations; the values stay

    /// JSON text: what was set, else the declared fallback. Throws gate::Failure if the key is not declared.
    std::string get(const std::string& key) const;
    /// Of one whose values are texts: without the quotes.
    std::string text(const std::string& key) const;
    /// Throws gate::Failure with the path of what is wrong. Returns after it is on disk.
    void set(const std::string& key, const std::string& json, const std::string& by, std::int64_t now);

private:
    struct Declared {
        std::string owner;
        bool secret;
        std::string fallback;
        gate::Schema schema;
    };

    storage::Database& database_;
    const Seal seal_;
    mutable std::mutex mutex_;
    std::map<std::string, Declared, std::less<>> declared_;
    std::map<std::string, std::string, std::less<>> values_; ///< as stored: sealed where secret
    std::map<std::string, Changing, std::less<>> changing_;
};

} // namespace talome::settings
