// GET /api/containers/{id}/logs: what a container wrote, as lines of text.
#include "containers/log_frames.hpp"
#include "containers/log_text.hpp"
#include "services.hpp"
#include "engine/time_spec.hpp"

namespace talome::docker {

// How many lines from the end: a number, or "all".
struct Tail {
    std::string text;
};

} // namespace talome::docker

template <> struct talome::Codec<talome::docker::Tail> {
    static void write(std::string& out, const void* value) {
        talome::write(out, static_cast<const docker::Tail*>(value)->text);
    }
    static void read(const boost::json::value& from, void* value, const detail::Path& at) {
        auto& tail = *static_cast<docker::Tail*>(value);
        if (const auto* text = from.if_string())
            tail.text.assign(text->data(), text->size());
        else if (from.is_int64())
            tail.text = std::to_string(from.get_int64());
        else
            at.fail("expected a number of lines or all");
    }
    static void schema(detail::SchemaText& text) { // in a query, a number may come as text
        text.out += R"({"type":["integer","string"],"minimum":0,"maximum":10000,"pattern":"^(all|[0-9]{1,4}|10000)$"})";
    }
};

namespace talome::docker {

namespace {

constexpr std::size_t kMaxText = std::size_t{8} << 20;
constexpr std::chrono::seconds kLimit{60};
constexpr const char* kTailByRest = "200";
constexpr const char* kTailByTool = "50";

struct LogsInput {
    std::string id;
    std::optional<Tail> tail;
    std::optional<std::string> since, until;
    bool timestamps = true, stdout_ = true, stderr_ = true;
};
BOOST_DESCRIBE_STRUCT(LogsInput, (), (id, tail, since, until, timestamps, stdout_, stderr_))

bool calledAsTool(const Call& call) {
    const std::string origin = call.principal().origin;
    return origin == "mcp" || origin == "chat" || origin == "automation" || origin == "bot";
}

class ContainerLogs : public Group {
public:
    ContainerLogs(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.logs", "Shows what a container wrote", kApps, Tier::read, this, &ContainerLogs::logs)
            .route("GET", "/api/containers/{id}/logs")
            .tool("get_container_logs", "The last lines of one container's log",
                  {{"containerId", "id"}, {"lines", "tail"}})
            .text()
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .input("tail", "How many lines from the end, 0 to 10000, or all; 200 unless given (50 for a tool)")
            .input("since", "Not before: Unix seconds, RFC 3339, or how long ago (10m, 1h30m)", length(1, 64))
            .input("until", "Not after: as since", length(1, 64))
            .input("timestamps", "Each line begins with its time", true)
            .input("stdout", "With the standard output", true)
            .input("stderr", "With the standard error", true)
            .target("container", "id");
    }

    std::string logs(Call& call, const LogsInput& input) {
        if (!input.stdout_ && !input.stderr_) throw Invalid("stdout", "stdout and stderr cannot both be left out");
        const char* tail = calledAsTool(call) ? kTailByTool : kTailByRest;
        EngineRequest request{.path = {"containers", "", "logs"},
                              .query = {{"stdout", input.stdout_ ? "1" : "0"},
                                        {"stderr", input.stderr_ ? "1" : "0"},
                                        {"timestamps", input.timestamps ? "1" : "0"},
                                        {"tail", input.tail ? input.tail->text : tail}},
                              .limit = kLimit,
                              .cancelled = [&call] { return call.cancelled(); }};
        addTime(request, "since", input.since);
        addTime(request, "until", input.until);
        const RecordPtr record = services_.keeper.resolve(input.id);
        request.path[1] = record->id;
        const auto inspected =
            services_.client.get<engine::InspectedContainer>({.path = {"containers", record->id, "json"}});
        return read(request, inspected.Config_.Tty, input.timestamps);
    }

private:
    void addTime(EngineRequest& request, const char* name, const std::optional<std::string>& text) {
        if (!text) return;
        const auto instant = parseInstant(*text, services_.host.nowMs());
        if (!instant) throw Invalid(name, "expected Unix seconds, a time as in RFC 3339, or a duration such as 10m");
        request.query.emplace_back(name, instant->engineText());
    }

    std::string read(const EngineRequest& request, bool tty, bool timestamps) {
        LogText text(kMaxText);
        const auto line = [&text](std::string_view each) { text.line(each); };
        if (tty) {
            LineJoiner joiner(timestamps, line);
            services_.client.stream(request, [&](std::string_view bytes) { joiner.raw(bytes); });
            joiner.finish();
        } else {
            LogFrames frames(timestamps, line);
            services_.client.stream(request, [&](std::string_view bytes) {
                if (!frames.feed(bytes)) throw BadUpstream("the Docker engine's log is not in frames");
            });
            if (!frames.finish()) throw BadUpstream("the Docker engine broke its log off");
        }
        return text.take();
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerLogs(Registry& registry, Services& services) {
    return std::make_unique<ContainerLogs>(registry, services);
}

} // namespace talome::docker
