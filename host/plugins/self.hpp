// What stands behind the ABI's opaque talome_self: everything that one plugin has declared, and what runs for it.
// The host's own operations have one too, so that they are declared in the same way.
#pragma once

#include "host/crash/history.hpp"
#include "host/crash/scope.hpp"
#include "host/events/bus.hpp"
#include "host/events/outboxes.hpp"
#include "host/gate/gate.hpp"
#include "host/gate/limits.hpp"
#include "host/gate/open_streams.hpp"
#include "host/http/holdings.hpp"
#include "host/http/server.hpp"
#include "host/plugins/area_state.hpp"
#include "host/plugins/wires.hpp"
#include "host/settings/settings.hpp"
#include "host/storage/database.hpp"
#include "host/tasks/pool.hpp"
#include "host/tasks/reactor.hpp"
#include "sdk/manifest/manifest.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <talome/events.h>
#include <talome/io.h>
#include <talome/settings.h>
#include <talome/tasks.h>

namespace talome::fetch {
class Client;
}
namespace talome::tasks {
struct Clockwork;
}
namespace talome::jobs {
class Jobs;
struct Owner;
} // namespace talome::jobs

namespace talome::plugins {

/// What the tables need of the server.
struct Services {
    gate::Registry& registry;
    gate::Gate& gate;
    events::Bus& bus;
    events::Outboxes& outboxes;
    settings::Settings& settings;
    tasks::Pool& pool;
    tasks::Reactor& reactor;
    http::Server& http;
    gate::OpenStreams& streams;
    /// A principal for a token; never null, see auth::Authenticator.
    std::function<std::shared_ptr<const gate::Principal>(const std::string& token, std::string peer,
                                                         std::string userAgent)>
        authenticate;
    std::function<void()> reviewStreams; ///< to be called when a session ends or a user's rights change
    std::function<void()> reviewSoon;    ///< the same, on another thread
    std::function<std::int64_t()> now;   ///< milliseconds since the epoch
    std::function<gate::Limits(const std::string& plugin)> limitsOf; ///< empty: the usual ones
    crash::History* crashes = nullptr;                               ///< null: in tests, nothing is known of any
    tasks::Clockwork* clockwork = nullptr;
    jobs::Jobs* jobs = nullptr;
    /// For whom a job runs, with the rights of this moment; null if the user or the token is gone.
    std::function<std::shared_ptr<const gate::Principal>(const jobs::Owner&)> jobOwner = {};
    fetch::Client* fetch = nullptr;
};

class EventRoute;
struct DeclaredOperation {
    manifest::Operation declared;
    talome_invoke invoke = nullptr;
    void* user = nullptr;
    decltype(gate::Endpoint::wire) wire;
    bool lateAuthentication = false;
};
struct AudienceWatch {
    std::string topic;
    talome_on_audience call;
    void* user;
};
struct DeclaredTask {
    manifest::Task declared;
    talome_task_run run;
    void* user;
};
struct DeclaredJob {
    manifest::Job declared;
    talome_job_function run;
    void* user;
};
struct Subscription {
    std::string pattern;
    talome_on_event call;
    void* user;
};
struct WatchState {
    int fd;
    std::atomic<std::uint32_t> events;
    talome_ready ready;
    void* user;
    std::atomic<bool> gone{false};
    std::uint64_t number = 0; ///< under talome_self::mutex
};

/// What the HTTP server knows a plugin's listener by.
inline std::string listenerName(const std::string& plugin, const std::string& id) { return plugin + "/" + id; }

/// The areas that this host offers, by id.
const std::map<std::string, const void*, std::less<>>& areas();
/// Asks the plugin, on its strand, whether a setting may have a value.
settings::Settings::Changing questionTo(const talome_self&);
/// The table that create() is given.
const talome_host& hostTable();

} // namespace talome::plugins

namespace talome::plugins {

/// What one plugin may hold at once, all of its generations together: an older one that drains counts.
struct Budget {
    Budget(const std::string& id, const Services& services);
    const gate::Limits limits;
    crash::Usage& usage;                            ///< what its code costs
    const std::shared_ptr<gate::Bulkhead> bulkhead; ///< of calls from outside
    const std::shared_ptr<http::Holdings> holdings; ///< of its connections
    const std::shared_ptr<tasks::Share> background; ///< of the pool's threads: its tasks, events and sockets
};

} // namespace talome::plugins

/// Declarations: by the lifecycle thread, in create() only. Run time: as each member says.
struct talome_self {
    talome_self(std::string id, talome::plugins::Services services,
                std::shared_ptr<talome::plugins::Budget> budget = nullptr)
        : id(std::move(id)), services(std::move(services)),
          budget(budget ? std::move(budget) : std::make_shared<talome::plugins::Budget>(this->id, this->services)),
          limits(this->budget->limits), usage(this->budget->usage), bulkhead(this->budget->bulkhead),
          holdings(this->budget->holdings), drain(std::make_shared<talome::gate::Drain>()),
          strand(std::make_shared<talome::tasks::Strand>(talome::tasks::postTo(this->budget->background))) {}
    talome_self(const talome_self&) = delete;
    talome_self& operator=(const talome_self&) = delete;

    const std::string id;
    talome::plugins::Services services;

    // What is declared.
    std::atomic<bool> creating{true};
    std::atomic<bool> ended{false};           ///< quiesce() has begun, and activate() did not follow
    std::set<std::string, std::less<>> asked; ///< areas
    std::vector<talome::plugins::DeclaredOperation> operations;
    std::vector<talome::manifest::Flag> flags;
    std::vector<talome::manifest::ToolDomain> domains;
    std::vector<talome::manifest::Setting> settings;
    std::vector<talome::manifest::Migration> migrations;
    std::vector<talome::plugins::DeclaredTask> tasks;
    std::vector<talome::plugins::DeclaredJob> jobs;
    std::vector<talome::manifest::Topic> topics;
    std::vector<talome::plugins::Subscription> subscriptions;
    std::vector<std::string> durableSubscriptions; ///< patterns
    std::vector<talome::plugins::AudienceWatch> audiences;
    std::vector<talome::manifest::Listener> listeners;
    std::vector<std::shared_ptr<talome::plugins::EventRoute>> eventRoutes;
    std::set<std::string, std::less<>> uses, requirements;
    talome_setting_changing changing = nullptr;
    void* changingUser = nullptr;

    // What runs.
    const std::shared_ptr<talome::plugins::Budget> budget;
    const talome::gate::Limits& limits;
    talome::crash::Usage& usage; ///< `crash::Scope scope(self->usage, id)`
    const std::shared_ptr<talome::gate::Bulkhead> bulkhead;
    const std::shared_ptr<talome::http::Holdings> holdings;
    const std::shared_ptr<talome::gate::Drain> drain;    ///< calls, streams and uploads in its code
    std::shared_ptr<talome::storage::Database> database; ///< from start() on; of all generations of the plugin
    std::shared_ptr<talome::tasks::Strand> strand;
    std::mutex mutex;                  ///< of what follows
    std::vector<std::uint64_t> heard;  ///< numbers of its subscriptions
    std::vector<std::uint64_t> looked; ///< numbers of its audience watches
    std::map<std::uint64_t, std::shared_ptr<talome::plugins::WatchState>> watches;
    talome::plugins::Wires wires;       ///< open streams and WebSockets that it addresses by number
    talome::plugins::AreaStates states; ///< what each area runs: `self->states.of<Fetches>(*self)`

    /// A call of the plugin's own work, as "plugin:ID".
    talome_call ownCall(talome::gate::Origin) const;
    /// Its tasks, subscriptions and listeners begin; but those listeners that are there already.
    void activate(const std::set<std::string>& listening = {});
    /// They end, but the listeners that another generation goes on with. When it returns, no task or delivery runs.
    /// Its open streams are told to end. Calls in flight go on, and so do its strands and watched descriptors.
    void quiesce(const std::set<std::string>& listening = {});
    /// After the last call: nothing of it runs any more when this returns.
    void end();
    /// What is kept for clients who come back is the next generation's from now on, if it declares the same stream.
    void handOverStreams(talome_self& next);
    /// Where each of its listeners listens, "host:port", as environment and manifest say. Throws std::runtime_error.
    std::map<std::string, std::string> listenerPlaces() const;
};
