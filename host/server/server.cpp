// The whole server, put together.
#include "host/server/server.hpp"

#include "host/audit/retention.hpp"
#include "host/auth/authenticator.hpp"
#include "host/crash/handler.hpp"
#include "host/fetch/client.hpp"
#include "host/gate/rest.hpp"
#include "host/http/server.hpp"
#include "host/jobs/jobs.hpp"
#include "host/plugins/manager.hpp"
#include "host/plugins/resource_use.hpp"
#include "host/server/certificate_watch.hpp"
#include "host/server/daily_snapshots.hpp"
#include "host/server/expiry_watch.hpp"
#include "host/server/host_api.hpp"
#include "host/server/watchdog.hpp"
#include "host/settings/settings.hpp"
#include "host/storage/host_schema.hpp"
#include "host/storage/restore.hpp"
#include "host/storage/state_lock.hpp"
#include "host/tasks/clockwork.hpp"

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <optional>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

namespace talome {

namespace {

std::filesystem::path privateFolder(const std::filesystem::path& path) {
    std::error_code error;
    if (std::filesystem::create_directories(path, error)) ::chmod(path.c_str(), 0700);
    if (error)
        throw std::runtime_error(path.string() + ": " + error.message() + "; name another with TALOME_STATE_DIR");
    return path;
}

constexpr std::chrono::seconds kReviewEvery{30};

/// Before any database is opened: a restore that was cut off has to be finished.
std::filesystem::path restored(const config::Config& config) {
    if (storage::finishRestore({config.stateDir, config.database}))
        log::warn("host", "finished the restore of a snapshot that had been cut off");
    return config.database;
}

plugins::ManagerOptions managerOptions(const config::Config& config) {
    plugins::ManagerOptions options;
    options.wantedAtFirst = [&config](const std::string& id) {
        return config.plugins.all || config.plugins.names.contains(id);
    };
    options.replaceNewFiles = config.replaceNewPlugins;
    options.lifecycleLimit = std::chrono::seconds(config.lifecycleLimit);
    options.drainLimit = std::chrono::seconds(config.drainLimit);
    options.directories = config.pluginDirs;
    if (!config.pluginDirs.empty()) return options;
    // Beside the program: where packages put them, and where the build does.
    std::error_code error;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    const auto installed = (folder / ".." / "lib" / "talome" / "plugins").lexically_normal();
    const auto built = (folder / ".." / "plugins").lexically_normal();
    if (std::filesystem::is_directory(built, error)) {
        options.directories = {built};
    } else if (std::filesystem::is_directory(installed, error)) {
        options.directories = {installed};
        options.origin = plugins::Code::Origin::installed;
    }
    return options;
}

void logAccess(const http::AccessRecord& record) noexcept {
    const auto level = record.status >= 500 || !record.error.empty() ? log::Level::warn : log::Level::debug;
    if (!log::enabled(level)) return;
    try {
        boost::json::object fields{{"method", record.method},
                                   {"route", record.route.empty() ? record.path : record.route},
                                   {"status", record.status},
                                   {"bytes", record.bytesOut},
                                   {"durationUs", record.duration.count()},
                                   {"user", record.user},
                                   {"peer", record.peer},
                                   {"requestId", record.requestId}};
        if (!record.error.empty()) fields["failure"] = record.error;
        log::write(level, "http", "request", boost::json::serialize(fields));
    } catch (const std::exception&) {
        log::warn("http", "a request could not be logged: out of memory");
    }
}

http::Options httpOptions(const config::Config& config, const CertificateWatch* certificate) {
    http::Options options;
    options.host = config.host;
    options.port = config.port;
    options.serverTiming = config.logLevel == log::Level::debug;
    if (certificate) options.tls = certificate->tls();
    return options;
}

} // namespace

/// In the order in which they need each other; they end in the opposite one.
struct Server::Parts {
    const tasks::TimeSource& time;
    const std::function<std::int64_t()> epochMs = [this] { return time.epochMs(); };
    std::filesystem::path stateDir;
    storage::StateLock lock;
    std::filesystem::path crashFile;
    storage::Database database;
    auth::Secret secret;
    storage::Snapshots snapshots;
    audit::Log audit;
    settings::Settings settings;
    crash::History crashes;
    auth::Users users;
    auth::Sessions sessions;
    auth::ApiTokens tokens;
    auth::Passwords passwords;
    auth::Authenticator authenticator;
    gate::Registry registry;
    gate::Approvals approvals;
    std::map<std::string, gate::Limits> limits;
    gate::CallWatch watch{[this](std::chrono::milliseconds delay, std::function<void()> call) {
        reactor.at(tasks::Reactor::Clock::now() + delay, std::move(call));
    }};
    gate::Gate gate;
    events::Bus bus;
    tasks::Reactor reactor{time};
    tasks::Pool pool{16};
    tasks::Clockwork clockwork{reactor, time};
    events::Outboxes outboxes{pool, reactor, epochMs};
    std::atomic<bool> started{false};
    http::Metrics metrics;
    DailySnapshots daily{reactor, pool, snapshots, epochMs, {}};
    std::unique_ptr<CertificateWatch> certificate; ///< null: plain HTTP
    http::Server http;
    gate::OpenStreams streams;
    fetch::Client fetch;
    std::atomic<bool> reviewPlanned{false}, reviewAsked{false};
    const std::shared_ptr<tasks::Strand> reviewing = std::make_shared<tasks::Strand>(pool);
    jobs::Jobs jobs;
    plugins::Services services;
    plugins::Manager manager;
    HostApi api;
    audit::Retention retention{audit, reactor, pool,
                               [this] { return std::stoll(settings.get("audit_retention_days")); }, epochMs};
    ExpiryWatch expiry{reactor, pool, sessions, tokens, [this] { reviewStreams(); }, epochMs};
    gate::Rest rest;
    std::optional<Watchdog> watchdog; ///< if the service manager wants to hear of us

    static std::unique_ptr<CertificateWatch> certificateOf(const config::Config& config, tasks::Reactor& reactor,
                                                           tasks::Pool& pool) {
        if (!config.tlsCertificate) return nullptr;
        auto tls = std::make_shared<http::TlsContext>(*config.tlsCertificate, *config.tlsKey);
        return std::make_unique<CertificateWatch>(reactor, pool, std::move(tls), *config.tlsCertificate,
                                                  *config.tlsKey);
    }

    /// From here on a crash is told.
    static std::filesystem::path crashesTold(const std::filesystem::path& stateDir) {
        auto file = stateDir / "crashes.log";
        crash::install(file);
        return file;
    }

    static storage::Database& migrated(storage::Database& database) {
        database.migrate(storage::hostMigrations());
        return database;
    }

    Parts(const config::Config& config, PassedSockets passed, const tasks::TimeSource& source)
        : time(source), stateDir(privateFolder(config.stateDir)), lock(stateDir), crashFile(crashesTold(stateDir)),
          database((privateFolder(config.database.parent_path()), restored(config)), storage::Durability::powerCut),
          secret(config.secret, config.database.parent_path() / storage::kSecretFile),
          snapshots({config.stateDir, config.database}, !config.secret, epochMs),
          audit(config.database.parent_path() / "audit.db", secret.key("talome audit"), epochMs),
          settings(migrated(database), settings::Seal(secret.key("talome settings")),
                   [](const char* name) -> const char* { return std::getenv(name); }),
          crashes(database, crashFile, {.within = config.quarantineWithin}), users(database),
          sessions(database, secret), tokens(database, secret), authenticator(users, sessions, tokens, epochMs),
          approvals(database, secret.key("talome approvals"), epochMs), limits(config.plugins.limits),
          gate({[this] { return gate::modeOf(settings.text("security_mode")); },
                [this] { return settings.get("audit_log_reads") == "true"; },
                [this](const audit::Entry& entry) { audit.append(entry); }, approvals, registry, &watch}),
          certificate(certificateOf(config, reactor, pool)),
          http(
              httpOptions(config, certificate.get()), [this](http::Exchange& exchange) { rest.handle(exchange); },
              [this](const http::AccessRecord& record) {
                  metrics.record(record);
                  logAccess(record);
              }),
          streams([this] { reviewStreamsLater(); }),
          jobs(database, settings::Seal(secret.key("talome jobs")), reactor, pool,
               {epochMs, [this] { return std::stoi(settings.get("jobs_at_once")); },
                [this] { return std::stoi(settings.get("jobs_at_once_per_plugin")); },
                [this](const jobs::Record& job) { return jobRefusal(job); }}),
          services{registry,
                   gate,
                   bus,
                   outboxes,
                   settings,
                   pool,
                   reactor,
                   http,
                   streams,
                   [this](const std::string& token, std::string peer, std::string agent) {
                       return authenticator.principal(token, std::move(peer), std::move(agent));
                   },
                   [this] { reviewStreams(); },
                   [this] { reviewSoon(); },
                   epochMs,
                   [this](const std::string& plugin) {
                       const auto it = limits.find(plugin);
                       return it == limits.end() ? gate::Limits{} : it->second;
                   },
                   &crashes,
                   &clockwork,
                   &jobs,
                   [this](const jobs::Owner& owner) { return jobOwner(owner); },
                   &fetch},
          manager(services, database, managerOptions(config)),
          api({services, users, sessions, tokens, passwords, database, snapshots, approvals, audit, manager, metrics,
               config, [this] { return gauges(); }, checks()}),
          rest(gate, registry, services.authenticate, config.dashboardOrigins,
               gate::TrustedProxies(config.trustedProxies)) {
        rest.answerJobs(jobs);
        sessions.onRevoked(services.reviewStreams);
        tokens.onEnded(services.reviewStreams);
        expiry.start();
        registry.onPublished([this] { api.tools.review(); });
        manager.setHost(api.self);
        manager.startAll();
        settings.prune(epochMs());
        for (const auto& name : settings.strayVariables(environ))
            log::warn("host", name + " is the variable of no setting that is declared now");
        try {
            if (!passed.hasCtl(config.socket)) http.listenUnix(config.socket);
            for (auto& each : passed.ctl) http.listenUnix(std::move(each));
            http.start(std::move(passed.http));
            retention.start();
            startWatchdog();
            log::info("host", "the audit log's last row is " + audit.lastRow());
            started = true;
        } catch (...) {
            manager.stopAll(); // while everything that they use is still there
            throw;
        }
    }

    /// For whom a job runs, with the rights of this moment; null if the user or the token is gone.
    std::shared_ptr<const gate::Principal> jobOwner(const jobs::Owner& owner) {
        if (!owner.userId.starts_with("plugin:") && !owner.userId.starts_with("cli:"))
            return authenticator.absent(owner.userId, owner.tokenId, owner.origin);
        auto principal = std::make_shared<gate::Principal>();
        const bool plugin = owner.userId.starts_with("plugin:");
        principal->authenticated = true;
        principal->userId = owner.userId;
        principal->username = owner.username;
        principal->role = plugin ? "plugin" : "admin";
        principal->origin = owner.origin;
        principal->credential = plugin ? gate::Credential::plugin : gate::Credential::job;
        return principal;
    }
    std::string jobRefusal(const jobs::Record& job) {
        const auto principal = jobOwner(job.owner);
        if (!principal) return "the user for whom it runs is gone, or the token is";
        if (!gate::isGranted(*principal, job.permission, registry.snapshot()->flags) ||
            !gate::isWithinReach(*principal, job.plugin, job.kind, manifest::Tier::read))
            return principal->username + " may not have it run: it needs '" + job.permission + "'";
        return {};
    }

    /// The patience of a part is how long it may be busy, which is not to be taken for dead. The pool of background
    /// work is no part: several plugins may keep it busy for longer than any patience, and mean it.
    void startWatchdog() {
        std::uint64_t limit = 0; // microseconds
        if (sd_watchdog_enabled(0, &limit) <= 0) return;
        using namespace std::chrono;
        watchdog.emplace(reactor, microseconds(limit),
                         std::vector<Pulse::Part>{
                             {"the workers that serve requests", 1s, 1min,
                              [this](Pulse::Answered answered) { http.probe(std::move(answered)); }},
                         },
                         [] { sd_notify(0, "WATCHDOG=1"); });
    }

    /// Ends the streams of those who may not have them any more, and their jobs.
    void reviewStreams() {
        streams.review([this](const gate::Principal& was) { return authenticator.refresh(was); },
                       registry.snapshot()->flags);
        jobs.review();
    }
    /// One that is asked for while another waits is the same one.
    void reviewSoon() {
        if (!reviewAsked.exchange(true))
            reviewing->post([this] {
                reviewAsked = false;
                reviewStreams();
            });
    }
    /// Now and then, while there is one: a session can end without anybody doing anything.
    void reviewStreamsLater() {
        if (reviewPlanned.exchange(true)) return;
        reactor.at(reactor.now() + kReviewEvery, [this, strand = reviewing] {
            strand->post([this] {
                reviewPlanned = false;
                reviewStreams();
                if (streams.count()) reviewStreamsLater();
            });
        });
    }

    http::Gauges gauges() const {
        const auto counters = http.counters();
        http::Gauges now;
        now.connections = counters.connections;
        now.accepted = counters.accepted;
        now.refused = counters.refused;
        now.badRequests = counters.badRequests;
        now.workers = counters.workers;
        now.busyWorkers = counters.busyWorkers;
        now.version = TALOME_VERSION;
        now.streams = {{"sse", counters.eventStreams},
                       {"websocket", counters.webSockets},
                       {"body", counters.bodyStreams},
                       {"transfer", counters.transfers}};
        now.slowStreams = counters.slowStreams;
        std::map<std::string, const gate::Endpoint*> plugins;
        const auto snapshot = registry.snapshot();
        for (const auto& [id, endpoint] : snapshot->operations)
            if (endpoint->bulkhead) plugins[endpoint->plugin] = endpoint.get();
        for (const auto& [plugin, endpoint] : plugins) {
            const auto use = plugins::resourceUse(plugin, endpoint->holdings.get(), database.file().parent_path());
            now.plugins.push_back({plugin, endpoint->bulkhead->running(), use.callsRefused, use.callsTotal,
                                   use.callsFailed, use.callsOverdue, use.streams, use.queuedBytes, use.databaseBytes,
                                   use.cpuSeconds});
        }
        return now;
    }

    /// What GET /readyz looks at.
    api::Metrics::Checks checks() {
        return {{"started", [this] { return started.load(); }},
                {"database", [this] { return !database.rows("SELECT count(*) FROM sqlite_master").empty(); }}};
    }
};

Server::Server(const config::Config& config, PassedSockets passed, const tasks::TimeSource& time)
    : parts_(std::make_unique<Parts>(config, std::move(passed), time)) {}
Server::~Server() = default;

std::string Server::address() const {
    return (parts_->http.options().tls ? "https://" : "http://") + parts_->http.address().toString();
}
Server::Inside Server::inside() {
    return {parts_->services, parts_->users, parts_->sessions, {&parts_->pool, &parts_->jobs.pool()}};
}

std::string Server::setupCode() const { return parts_->api.auth.setupCode(); }

void Server::stop(std::chrono::milliseconds drain) {
    parts_->started = false;
    parts_->jobs.stopWaiting();
    parts_->watchdog.reset(); // from now on it is the stop's own time limit that counts
    if (!parts_->http.drain(drain)) log::warn("host", "some requests did not finish in time");
    parts_->reviewing->close();
    parts_->http.stop(); // no handler may be inside a plugin that ends
    parts_->manager.stopAll();
}

} // namespace talome
