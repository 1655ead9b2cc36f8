// The values of all declared settings: typed by their schema, kept in host.db, secrets sealed. A value comes from the
// environment, else from what was stored, else it is the declared fallback.
#pragma once

#include "host/gate/schema.hpp"
#include "host/settings/history.hpp"
#include "host/settings/seal.hpp"
#include "host/storage/database.hpp"
#include "sdk/manifest/manifest.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace talome::settings {

enum class Source { fallback, stored, environment };

/// One setting as it may be shown.
struct Shown {
    std::string owner;
    manifest::Setting declared;
    Source source = Source::fallback;
    bool configured = false;  ///< stored, or set by the environment
    bool unreadable = false;  ///< what is stored cannot be opened
    boost::json::value value; ///< in force; null where secret or unreadable
    std::string variable;     ///< that overrides it; empty: none does
    std::optional<std::int64_t> changedAt;
};

/// What a caller gives instead of a secret that it was shown.
inline constexpr std::string_view kConfigured = "(configured)", kUnreadable = "(unreadable)";

/// Any thread. Changes take turns: each is checked, its owners are asked, and it is stored, as one.
class Settings {
public:
    /// Called before a value is stored, and while no other change goes on; throws gate::Failure to refuse it.
    using Changing = std::function<void(const std::string& key, const std::string& json)>;
    using Changed = std::function<void(const std::vector<std::string>& keys)>;
    using Environment = std::function<const char*(const char* name)>;

    Settings(storage::Database&, Seal, Environment);

    /// Throws gate::Failure: if another owner has the key, or if its variable holds what its schema does not allow.
    void declare(const std::string& owner, const manifest::Setting&);
    void onChange(const std::string& owner, Changing);
    void forget(const std::string& owner); ///< its declarations; the values stay
    /// The same of all its declarations but these.
    void keepOnly(const std::string& owner, const std::vector<std::string>& keys);
    /// Told, one after the other, after each change that was stored. Before any other thread runs.
    void onChanged(Changed changed) { changed_.push_back(std::move(changed)); }

    /// JSON text of the value in force. Throws gate::Failure if the key is not declared, and if what is stored cannot
    /// be opened.
    std::string get(const std::string& key) const;
    /// Of one whose schema is that of a string.
    std::string text(const std::string& key) const;
    std::map<std::string, Shown, std::less<>> list() const;

    /// All of them or none: values, or text of them; null goes back to the fallback. Empty text, and for a secret
    /// kConfigured, leave what is there. Returns the keys that now have what was asked for; by then it is on disk.
    /// Throws gate::Failure with everything that is wrong, or with an owner's words.
    std::vector<std::string> update(const std::map<std::string, boost::json::value>& given, const std::string& by,
                                    std::int64_t now);

    struct Reverted {
        bool secret = false;
        std::optional<boost::json::value> value; ///< none: the setting is not set any more
    };
    /// Back to what it was before that change, or before the newest one. Throws gate::Failure.
    Reverted revert(const std::string& key, std::optional<std::int64_t> historyId, const std::string& by,
                    std::int64_t now);

    const History& history() const { return history_; }
    void prune(std::int64_t now) { history_.prune(now); }

    /// Variables that look like a setting's and are none's: misspelt, or of a plugin that is not active.
    std::vector<std::string> strayVariables(char** environment) const;

private:
    struct Declared {
        std::string owner;
        manifest::Setting what;
        gate::Schema schema;
        std::string fallback;                ///< JSON
        std::optional<std::string> override; ///< JSON, from `variable`
        std::string variable;
        bool unfit = false; ///< what is stored is not what the schema allows by now: the fallback counts
    };
    struct Plan {
        std::string key;
        std::optional<std::string> next; ///< JSON; none: not set
        std::string inForce;             ///< JSON that its owner is asked about
        Changing ask;
        bool secret = false;
    };
    struct Wanted {
        std::string key;
        std::optional<boost::json::value> value; ///< none: not set
    };
    class Turn;

    const Declared& declared(const std::string& key) const;
    std::optional<std::string> opened(const std::string& key, const Declared&) const;
    void readEnvironment(Declared&) const;
    void checkStored(Declared&) const;
    bool isUnchanged(const std::string& key, const Declared&, const boost::json::value& given) const;
    void plan(const Wanted&, std::vector<Plan>&, std::vector<gate::Detail>& wrong) const;
    void apply(const std::vector<Wanted>&, const std::string& by, std::int64_t now);
    void ask(const std::vector<Plan>&) const;
    void store(const std::vector<Plan>&, const std::string& by, std::int64_t now);

    storage::Database& database_;
    const Seal seal_;
    const Environment environment_;
    History history_;
    std::vector<Changed> changed_;
    struct Turns {
        std::mutex mutex;
        std::condition_variable free;
        bool taken = false;
    };
    Turns turn_;
    mutable std::mutex mutex_; ///< of what follows
    std::map<std::string, Declared, std::less<>> declared_;
    std::map<std::string, std::string, std::less<>> values_; ///< as stored: sealed where secret
    std::map<std::string, std::int64_t, std::less<>> changedAt_;
    std::map<std::string, Changing, std::less<>> changing_;
};

/// While it lives, this thread answers a question about settings, and must not change any: it would wait for itself.
class Answering {
public:
    Answering();
    ~Answering();
    Answering(const Answering&) = delete;
    Answering& operator=(const Answering&) = delete;
};

} // namespace talome::settings
