// GET /api/system/health: what is wrong with the server, since when, how one knows, and what to do. And the thresholds
// at which the owner wants to be told.
#include "services.hpp"

#include "live/timestamp.hpp"

#include <algorithm>

namespace talome::system {

namespace {

struct HealthInput {
    bool deep = false;
};
BOOST_DESCRIBE_STRUCT(HealthInput, (), (deep))

struct HealthCheck {
    std::string name, subject;
    std::string status;   ///< ok, warning, critical, unknown
    std::string severity; ///< none, warning, critical
    std::string message, evidence;
    std::optional<double> value, threshold;
    std::optional<std::string> unit, since, fix;
};
BOOST_DESCRIBE_STRUCT(HealthCheck, (),
                      (name, subject, status, severity, message, evidence, value, threshold, unit, since, fix))

struct HealthAnswer {
    bool ok = true;             ///< nothing is critical
    std::string status = "ok";  ///< ok, degraded, critical
    int score = 100;
    std::vector<HealthCheck> checks; ///< the worst first
    std::int64_t uptime = 0;         ///< of the machine, seconds
    std::string timestamp;
};
BOOST_DESCRIBE_STRUCT(HealthAnswer, (), (ok, status, score, checks, uptime, timestamp))

/// As much of the docker plugin's answers as is needed.
struct EngineHealth {
    bool ok = false;
    std::optional<std::string> version, error;
};
BOOST_DESCRIBE_STRUCT(EngineHealth, (), (ok, version, error))
struct ContainerBrief {
    std::string name, status;
    std::optional<std::string> health;
};
BOOST_DESCRIBE_STRUCT(ContainerBrief, (), (name, status, health))
struct ListQuery {
    bool stats = false;
};
BOOST_DESCRIBE_STRUCT(ListQuery, (), (stats))

struct ThresholdsAnswer {
    Threshold cpu, memory, disk, temperature;
};
BOOST_DESCRIBE_STRUCT(ThresholdsAnswer, (), (cpu, memory, disk, temperature))

constexpr int kWarningCosts = 10, kCriticalCosts = 40;

const std::set<std::string> kAskedKinds = {"db", "docker", "container"};

class HealthGroup : public Group {
public:
    HealthGroup(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("system.health", "What is wrong with the server: severity, subject, evidence, since when, what to do",
                       kDashboard, Tier::read, this, &HealthGroup::get)
            .route("GET", "/api/system/health")
            .tool("get_system_health", "What is wrong with the server, since when, and what to do about it")
            .input("deep", "Also checks the structure of the plugin's database, which takes longer", false);
        registry
            .operation("system.alertThresholds", "At which values CPU, memory, disks and temperatures are told", admin,
                       Tier::read, this, &HealthGroup::thresholds)
            .route("GET", "/api/settings/alert-thresholds");
        registry
            .operation("system.setAlertThresholds", "Sets them; what is left out has its default", admin, Tier::modify,
                       this, &HealthGroup::setThresholds)
            .route("POST", "/api/settings/alert-thresholds")
            .route("PUT", "/api/settings/alert-thresholds");
        registry
            .operation("system.resetAlertThresholds", "Takes all of them back to their defaults", admin, Tier::modify,
                       this, &HealthGroup::resetThresholds)
            .route("DELETE", "/api/settings/alert-thresholds");
        registry.setting("alert_thresholds",
                         "At which values CPU, memory, disks (percent) and temperatures (degrees) are told: warning and "
                         "critical of each; what is left out has its default",
                         Thresholds{}).portable();
        registry.onSetting(this, &HealthGroup::mayStore);
        registry.uses("settings.update");
        registry.uses("docker.health");
        registry.uses("containers.list");
        for (const char* topic : {"disk", "memory", "cpu", "temperature"}) {
            const std::string name(topic);
            registry.topic<AlertEvent>(name + ".exceeded", "A threshold of " + name + " was crossed", kDashboard).durable();
            registry.topic<AlertEvent>(name + ".resolved", "What was wrong with " + name + " is well again", kDashboard)
                .durable();
        }
        services_.recorder.onRecorded([this](const Recorded& now) { services_.health.take(now); });
    }
    void open() override { services_.health.open(); }

private:
    void mayStore(std::string_view key, const boost::json::value& value) {
        if (key == "alert_thresholds") check(read<Thresholds>(value));
    }

    Check databaseCheck(bool deep) {
        Check check{.key = "db", .name = "db", .subject = "system.db"};
        try {
            const Database database = services_.host.database();
            const auto pages = database.one<std::int64_t>("PRAGMA page_count"), size = database.one<std::int64_t>("PRAGMA page_size");
            const auto verdict = deep ? database.one<std::string>("PRAGMA quick_check(1)") : std::optional<std::string>("ok");
            check.message = "The plugin's database answers";
            check.evidence = bytesText(static_cast<double>(pages.value_or(0) * size.value_or(0))) + (deep ? ", quick_check: " + verdict.value_or("?") : "");
            if (verdict == "ok") return check;
            check.message = "The plugin's database is damaged";
            check.fix = "Restore a snapshot: talomectl snapshot";
        } catch (const Error& error) {
            check.message = "The plugin's database does not answer";
            check.evidence = error.what();
            check.fix = "Look whether the disk with the state directory is full or fails";
        }
        check.level = Level::critical;
        return check;
    }

    // In the plugin's own name: whoever may see the health sees only names and states of what is unwell.
    void askDocker(std::vector<Check>& checks) {
        Check engine{.key = "docker", .name = "docker", .subject = "Docker engine"};
        try {
            const auto health = readText<EngineHealth>(services_.host.callText(nullptr, "docker.health", "{}"));
            engine.level = health.ok ? Level::ok : Level::warning;
            engine.message = health.ok ? "The Docker engine answers" : "The Docker engine does not answer";
            engine.evidence = health.ok ? "version " + health.version.value_or("not known") : health.error.value_or("");
            if (!health.ok) engine.fix = "Look whether the engine runs: systemctl status docker";
            checks.push_back(engine);
            if (!health.ok) return;
            for (const auto& each : services_.host.call<std::vector<ContainerBrief>>(nullptr, "containers.list", ListQuery{})) {
                const bool unhealthy = each.health == "unhealthy" || each.status == "unhealthy";
                if (!unhealthy && each.status != "restarting") continue;
                Check one{.key = "container:" + each.name, .name = "container", .subject = each.name, .level = Level::warning};
                one.message = each.name + (unhealthy ? " fails its health check" : " restarts again and again");
                one.evidence = "status " + each.status + (each.health ? ", health " + *each.health : "");
                one.fix = "Read its log: GET /api/containers/" + each.name + "/logs";
                checks.push_back(std::move(one));
            }
        } catch (const Error& error) {
            engine.known = false;
            engine.message = error.what();
            checks.push_back(std::move(engine));
        }
    }

    static HealthCheck shown(const Judged& judged) {
        const Check& check = judged.check;
        constexpr const char* words[] = {"ok", "warning", "critical"};
        HealthCheck row{check.name, check.subject, words[static_cast<int>(judged.level)],
                        judged.level == Level::ok ? "none" : words[static_cast<int>(judged.level)], check.message,
                        check.evidence, check.value, {}, {}, {}, {}};
        if (!check.known && judged.level == Level::ok) row.status = "unknown";
        if (check.limits) row.threshold = judged.level == Level::critical ? check.limits->critical : check.limits->warning;
        if (!check.unit.empty()) row.unit = check.unit;
        if (judged.sinceMs) row.since = timestamp(*judged.sinceMs);
        if (judged.level != Level::ok && !check.fix.empty()) row.fix = check.fix;
        return row;
    }

    HealthAnswer get(const HealthInput& input) {
        std::vector<Judged> judged = services_.health.judge();
        std::vector<Check> asked{databaseCheck(input.deep)};
        askDocker(asked);
        for (auto& each : services_.health.judge(asked, kAskedKinds)) judged.push_back(std::move(each));
        for (auto& each : services_.smartJudged()) judged.push_back(std::move(each));
        std::stable_sort(judged.begin(), judged.end(), [](const Judged& a, const Judged& b) { return a.level > b.level; });
        HealthAnswer answer;
        for (const Judged& each : judged) {
            answer.checks.push_back(shown(each));
            if (each.level == Level::warning) answer.score -= kWarningCosts;
            if (each.level == Level::critical) answer.score -= kCriticalCosts;
        }
        answer.score = std::max(answer.score, 0);
        if (!judged.empty() && judged.front().level == Level::critical) answer.status = "critical";
        if (!judged.empty() && judged.front().level == Level::warning) answer.status = "degraded";
        answer.ok = answer.status != "critical";
        const auto uptime = readLine(services_.sampler.source().proc + "/uptime");
        answer.uptime = uptime ? static_cast<std::int64_t>(std::strtod(uptime->c_str(), nullptr)) : 0;
        answer.timestamp = timestamp(services_.host.nowMs());
        return answer;
    }

    ThresholdsAnswer thresholds() {
        const Thresholds said = services_.health.thresholds();
        const auto one = [](const std::optional<Threshold>& each, const Limits& otherwise) {
            const Limits limits = limitsOf(each, otherwise);
            return Threshold{limits.warning, limits.critical};
        };
        return {one(said.cpu, kCpuLimits), one(said.memory, kMemoryLimits), one(said.disk, kDiskLimits),
                one(said.temperature, kTemperatureLimits)};
    }
    // The host stores it: this is the same change as PUT /api/settings, with the same question to mayStore().
    ThresholdsAnswer setThresholds(Call& call, const Thresholds& input) {
        check(input);
        services_.host.callText(&call, "settings.update", "{\"alert_thresholds\":" + toJson(input) + "}");
        return thresholds();
    }
    ThresholdsAnswer resetThresholds(Call& call) { return setThresholds(call, {}); }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> health(Registry& registry, Services& services) {
    return std::make_unique<HealthGroup>(registry, services);
}

} // namespace talome::system
