// The whole server, put together.
#include "host/server/server.hpp"

#include "host/audit/retention.hpp"
#include "host/auth/authenticator.hpp"
#include "host/gate/rest.hpp"
#include "host/http/server.hpp"
#include "host/plugins/manager.hpp"
#include "host/server/certificate_watch.hpp"
#include "host/server/daily_snapshots.hpp"
#include "host/server/expiry_watch.hpp"
#include "host/server/host_api.hpp"
#include "host/settings/settings.hpp"
#include "host/storage/host_schema.hpp"
#include "host/storage/restore.hpp"
#include "host/storage/state_lock.hpp"

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace talome {

namespace {

std::int64_t epochMs() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

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
    std::filesystem::path stateDir;
    storage::StateLock lock;
    storage::Database database;
    auth::Secret secret;
    storage::Snapshots snapshots;
    audit::Log audit;
    settings::Settings settings;
    auth::Users users;
    auth::Sessions sessions;
    auth::ApiTokens tokens;
    auth::Passwords passwords;
    auth::Authenticator authenticator;
    gate::Registry registry;
    gate::Approvals approvals;
    gate::Gate gate;
    events::Bus bus;
    tasks::Reactor reactor;
    tasks::Pool pool{16};
    std::atomic<bool> started{false};
    http::Metrics metrics;
    DailySnapshots daily{reactor, pool, snapshots, epochMs, {}};
    std::unique_ptr<CertificateWatch> certificate; ///< null: plain HTTP
    http::Server http;
    gate::OpenStreams streams;
    std::atomic<bool> reviewPlanned{false}, reviewAsked{false};
    const std::shared_ptr<tasks::Strand> reviewing = std::make_shared<tasks::Strand>(pool);
    plugins::Services services;
    plugins::Manager manager;
    HostApi api;
    audit::Retention retention{audit, reactor, pool,
                               [this] { return std::stoll(settings.get("audit_retention_days")); }, epochMs};
    ExpiryWatch expiry{reactor, pool, sessions, tokens, [this] { reviewStreams(); }, epochMs};
    gate::Rest rest;

    static std::unique_ptr<CertificateWatch> certificateOf(const config::Config& config, tasks::Reactor& reactor,
                                                           tasks::Pool& pool) {
        if (!config.tlsCertificate) return nullptr;
        auto tls = std::make_shared<http::TlsContext>(*config.tlsCertificate, *config.tlsKey);
        return std::make_unique<CertificateWatch>(reactor, pool, std::move(tls), *config.tlsCertificate,
                                                  *config.tlsKey);
    }

    static storage::Database& migrated(storage::Database& database) {
        database.migrate(storage::hostMigrations());
        return database;
    }

    explicit Parts(const config::Config& config)
        : stateDir(privateFolder(config.stateDir)), lock(stateDir),
          database((privateFolder(config.database.parent_path()), restored(config)), storage::Durability::powerCut),
          secret(config.secret, config.database.parent_path() / storage::kSecretFile),
          snapshots({config.stateDir, config.database}, !config.secret, epochMs),
          audit(config.database.parent_path() / "audit.db", secret.key("talome audit"), epochMs),
          settings(migrated(database), settings::Seal(secret.key("talome settings")),
                   [](const char* name) -> const char* { return std::getenv(name); }),
          users(database), sessions(database, secret), tokens(database, secret),
          authenticator(users, sessions, tokens, epochMs), approvals(database, secret.key("talome approvals"), epochMs),
          gate({[this] { return gate::modeOf(settings.text("security_mode")); },
                [this] { return settings.get("audit_log_reads") == "true"; },
                [this](const audit::Entry& entry) { audit.append(entry); }, approvals, registry}),
          certificate(certificateOf(config, reactor, pool)),
          http(
              httpOptions(config, certificate.get()), [this](http::Exchange& exchange) { rest.handle(exchange); },
              [this](const http::AccessRecord& record) {
                  metrics.record(record);
                  logAccess(record);
              }),
          streams([this] { reviewStreamsLater(); }), services{registry,
                                                              gate,
                                                              bus,
                                                              settings,
                                                              pool,
                                                              reactor,
                                                              http,
                                                              streams,
                                                              [this](const std::string& token, std::string peer,
                                                                     std::string agent) {
                                                                  return authenticator.principal(token, std::move(peer),
                                                                                                 std::move(agent));
                                                              },
                                                              [this] { reviewStreams(); },
                                                              [this] { reviewSoon(); },
                                                              epochMs,
                                                              http.options().workersPerPlugin},
          manager(services, database, managerOptions(config)),
          api({services, users, sessions, tokens, passwords, database, snapshots, approvals, audit, manager, metrics,
               config, [this] { return gauges(); }, checks()}),
          rest(gate, registry, services.authenticate, config.dashboardOrigins,
               gate::TrustedProxies(config.trustedProxies)) {
        sessions.onRevoked(services.reviewStreams);
        tokens.onEnded(services.reviewStreams);
        expiry.start();
        manager.setHost(api.self);
        manager.startAll();
        settings.prune(epochMs());
        for (const auto& name : settings.strayVariables(environ))
            log::warn("host", name + " is the variable of no setting that is declared now");
        try {
            http.listenUnix(config.socket);
            http.start();
            retention.start();
            log::info("host", "the audit log's last row is " + audit.lastRow());
            started = true;
        } catch (...) {
            manager.stopAll(); // while everything that they use is still there
            throw;
        }
    }

    /// Ends the streams of those who may not have them any more.
    void reviewStreams() {
        streams.review([this](const gate::Principal& was) { return authenticator.refresh(was); },
                       registry.snapshot()->flags);
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
        reactor.at(tasks::Reactor::Clock::now() + kReviewEvery, [this, strand = reviewing] {
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
        std::map<std::string, const gate::Bulkhead*> bulkheads;
        const auto snapshot = registry.snapshot();
        for (const auto& [id, endpoint] : snapshot->operations)
            if (endpoint->bulkhead) bulkheads[endpoint->plugin] = endpoint->bulkhead.get();
        for (const auto& [plugin, bulkhead] : bulkheads)
            now.plugins.push_back({plugin, bulkhead->running(), bulkhead->refused()});
        return now;
    }

    /// What GET /readyz looks at.
    api::Metrics::Checks checks() {
        return {{"started", [this] { return started.load(); }},
                {"database", [this] { return !database.rows("SELECT count(*) FROM sqlite_master").empty(); }}};
    }
};

Server::Server(const config::Config& config) : parts_(std::make_unique<Parts>(config)) {}
Server::~Server() = default;

std::string Server::address() const {
    return (parts_->http.options().tls ? "https://" : "http://") + parts_->http.address().toString();
}
std::string Server::setupCode() const { return parts_->api.auth.setupCode(); }

void Server::stop(std::chrono::milliseconds drain) {
    parts_->started = false;
    if (!parts_->http.drain(drain)) log::warn("host", "some requests did not finish in time");
    parts_->reviewing->close();
    parts_->http.stop(); // no handler may be inside a plugin that ends
    parts_->manager.stopAll();
}

} // namespace talome
