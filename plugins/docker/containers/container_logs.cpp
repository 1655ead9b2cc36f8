// GET /api/containers/{id}/logs: what a container wrote. As text, the newest lines within a limit; as a file, all of it;
// with `follow`, as events for as long as it writes. Tools get the text.
#include "containers/log_follower.hpp"
#include "containers/log_query.hpp"
#include "containers/log_reader.hpp"
#include "containers/log_text.hpp"
#include "engine/time_spec.hpp"

namespace talome::docker {

namespace {

constexpr std::size_t kMaxText = std::size_t{8} << 20;
constexpr std::chrono::seconds kTextLimit{60};
constexpr std::chrono::hours kDownloadLimit{6};
constexpr std::chrono::seconds kSilence{60};
constexpr std::size_t kPiece = 64 * 1024;

struct RouteInput : LogQuery {
    bool follow = false, download = false;
};
BOOST_DESCRIBE_STRUCT(RouteInput, (LogQuery), (follow, download))

class ContainerLogs : public Group {
public:
    ContainerLogs(Registry& registry, Services& services) : services_(services) {
        registry.needs(TALOME_FETCH);
        auto tool = registry.operation("containers.logs", "Shows what a container wrote", kApps, Tier::read, this,
                                       &ContainerLogs::logs);
        describeLogQuery(tool)
            .tool("get_container_logs", "The last lines of one container's log",
                  {{"containerId", "id"}, {"lines", "tail"}})
            .resource("talome://logs/{container}", "logs", "The last lines of one container's log", {}, {{"container", "id"}})
            .text()
            .timeLimit(kTextLimit + std::chrono::seconds(10))
            .target("container", "id");
        auto route = registry.raw("containers.log", "Shows what a container wrote, as text, as a file, or as events",
                                  kApps, Tier::read, "GET", "/api/containers/{id}/logs", this, &ContainerLogs::answer);
        describeLogQuery(route)
            .input("follow", "As server-sent events, for as long as the container runs", false)
            .input("download", "As a file, all of it unless tail says otherwise", false);
    }

    std::string logs(Call& call, const LogQuery& query) { return text(call, query, query.grep ? "500" : "50"); }

    void answer(Call& call, const RouteInput& input, Exchange& exchange) {
        if (input.follow && input.download) throw Invalid("follow", "a log that is followed is no file");
        if (input.follow) return follow(input, exchange);
        if (input.download) return download(call, input, exchange);
        exchange.send(200, "text/plain; charset=utf-8", text(call, input, input.grep ? "all" : "200"));
    }

    void quiesce() override { followers_.closeAll(); }

private:
    template <class Line> void read(Call& call, const LogQuery& query, LogSource& log, const Line& line) {
        const LogFilter filter(query.grep, query.caseSensitive, "grep");
        log.request.cancelled = [&call] { return call.cancelled(); };
        LogReader reader(log.tty, query.timestamps, [&](const LogLine& each) {
            if (filter.wants(each.text)) line(each.whole);
        });
        services_.client.stream(log.request, [&](std::string_view bytes) { reader.feed(bytes); });
        reader.finish();
    }

    std::string text(Call& call, const LogQuery& query, const char* tail) {
        LogFilter(query.grep, query.caseSensitive, "grep"); // before the engine is asked
        LogSource log = openLog(services_, query, tail, false);
        log.request.limit = kTextLimit;
        LogText text(kMaxText);
        read(call, query, log, [&](std::string_view whole) { text.line(whole); });
        return text.take();
    }

    void download(Call& call, const LogQuery& query, Exchange& exchange) {
        LogFilter(query.grep, query.caseSensitive, "grep");
        LogSource log = openLog(services_, query, "all", false);
        log.request.limit = kDownloadLimit;
        log.request.idle = kSilence;
        const std::string name = "attachment; filename=\"" + log.container->shown.name + ".log\"";
        exchange.begin(200, {{"Content-Type", "text/plain; charset=utf-8"}, {"Content-Disposition", name}});
        std::string piece;
        read(call, query, log, [&](std::string_view whole) {
            appendUtf8(piece, whole);
            piece += '\n';
            if (piece.size() < kPiece) return;
            exchange.write(piece);
            piece.clear();
        });
        if (!piece.empty()) exchange.write(piece);
    }

    // A client that comes back says which line it saw last.
    void follow(const LogQuery& query, Exchange& exchange) {
        LogFilter filter(query.grep, query.caseSensitive, "grep");
        LogQuery asked = query;
        if (const std::string last = exchange.header("Last-Event-ID"); !last.empty()) {
            auto seen = parseInstant(last, services_.host.nowMs());
            if (seen && last.ends_with('Z')) {
                if (++seen->nanos == 1'000'000'000) seen = Instant{seen->seconds + 1, 0};
                asked.since = seen->engineText();
                asked.tail = Tail{"all"};
            }
        }
        LogSource log = openLog(services_, asked, "200", true);
        log.request.query.emplace_back("follow", "1");
        followers_.add(services_.host, exchange, services_.client.streamRequest(log.request), log.tty,
                       std::move(filter));
    }

    Services& services_;
    LogFollowers followers_;
};

} // namespace

std::unique_ptr<Group> containerLogs(Registry& registry, Services& services) {
    return std::make_unique<ContainerLogs>(registry, services);
}

} // namespace talome::docker
