// Settings of every kind, an owner that may refuse a value, and what it was asked and told: for test_settings.py.
#include <talome/plugin.hpp>

#include <map>
#include <mutex>
#include <vector>

namespace {

struct Key {
    std::string key;
};
BOOST_DESCRIBE_STRUCT(Key, (), (key))

struct Asked {
    std::string key;
    boost::json::value value;
};
BOOST_DESCRIBE_STRUCT(Asked, (), (key, value))

struct Heard {
    std::vector<Asked> asked;      ///< values that were about to be stored, in their order
    std::vector<std::string> told; ///< keys of settings.changed
};
BOOST_DESCRIBE_STRUCT(Heard, (), (asked, told))

struct Changed {
    std::vector<std::string> keys;
};
BOOST_DESCRIBE_STRUCT(Changed, (), (keys))

/// Questions and events come on its strand, operations on any thread.
class Keeper : public talome::Plugin {
public:
    explicit Keeper(talome::Registry& registry) : host_(registry.host()) {
        registry.setting("keeper_name", "A text", "Hello").length(1, 40).environment("KEEPER_NAME").portable();
        registry.setting("keeper_count", "A number", 3).range(1, 9);
        registry.setting("keeper_flag", "On or off", false);
        registry.setting("keeper_list", "Words", std::vector<std::string>{});
        registry.setting("keeper_limit", "A number, or none", std::optional<double>{});
        registry.setting("keeper_mode", "One of three", "low").oneOf({"none", "low", "high"}).portable();
        registry.setting("keeper_root", "A folder", "/srv").restart();
        registry.setting("keeper_token", "A secret", "").secret().environment("KEEPER_TOKEN");
        registry.setting("keeper_key", "Another secret", "").length(0, 100).secret();
        registry.onSetting(this, &Keeper::ask);
        registry.on("settings.changed", this, &Keeper::hear);
        registry
            .operation("keeper.get", "What the plugin itself sees", talome::admin, talome::Tier::read, this,
                       &Keeper::get)
            .route("GET", "/api/keeper/values/{key}");
        registry
            .operation("keeper.heard", "What it was asked and told", talome::admin, talome::Tier::read, this,
                       &Keeper::heard)
            .route("GET", "/api/keeper/heard");
        registry
            .operation("keeper.nested", "Changes a setting by a call of its own", talome::admin, talome::Tier::modify,
                       this, &Keeper::nested)
            .route("POST", "/api/keeper/nested");
        registry.uses("settings.update");
    }

private:
    void ask(std::string_view key, const boost::json::value& value) {
        if (key == "keeper_name" && value == "forbidden") throw talome::Invalid("this name is not allowed here");
        if (key == "keeper_name" && value == "taken") throw talome::Conflict("somebody has this name");
        if (key == "keeper_name" && value == "nested") // from within a question: refused, and never waited for
            host_.call<boost::json::value>(nullptr, "settings.update", std::map<std::string, int>{{"keeper_count", 8}});
        const std::lock_guard lock(mutex_);
        heard_.asked.push_back({std::string(key), value});
    }
    void hear(std::string_view, const Changed& changed) {
        const std::lock_guard lock(mutex_);
        heard_.told.insert(heard_.told.end(), changed.keys.begin(), changed.keys.end());
    }
    boost::json::value get(const Key& input) { return host_.setting<boost::json::value>(input.key); }
    Heard heard() {
        const std::lock_guard lock(mutex_);
        return heard_;
    }
    boost::json::value nested(talome::Call& call) {
        return host_.call<boost::json::value>(&call, "settings.update",
                                              std::map<std::string, int>{{"keeper_count", 7}});
    }

    talome::Host host_;
    std::mutex mutex_;
    Heard heard_;
};

} // namespace

TALOME_PLUGIN(Keeper, "keeper", "1.0.0", "Keeps settings.")
