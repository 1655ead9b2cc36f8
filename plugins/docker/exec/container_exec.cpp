// POST /api/containers/{id}/exec: runs a command in a container and waits for its end, or ends it. The command is a
// list of arguments, or a line that is split into words here: there is no shell unless the command is one.
#include "containers/log_text.hpp"
#include "exec/exec_ender.hpp"
#include "exec/raw_frames.hpp"
#include "services.hpp"

#include <shell_words/shell_words.hpp>

#include <thread>

namespace talome::docker {

struct ExecCommand {
    std::vector<std::string> words;
};

} // namespace talome::docker

template <> struct talome::Codec<talome::docker::ExecCommand> {
    static void write(std::string& out, const void* value) {
        talome::write(out, static_cast<const docker::ExecCommand*>(value)->words);
    }
    static void read(const boost::json::value& from, void* value, const detail::Path& at) {
        auto& command = *static_cast<docker::ExecCommand*>(value);
        if (const auto* list = from.if_array()) {
            for (const auto& word : *list) {
                if (!word.is_string()) at.fail("expected texts");
                command.words.emplace_back(word.get_string());
            }
        } else if (const auto* line = from.if_string()) {
            try {
                command.words = shellWords({line->data(), line->size()});
            } catch (const ShellWordsError& error) {
                at.fail(error.what());
            }
        } else {
            at.fail("expected a text or a list of texts");
        }
        if (command.words.empty() || command.words[0].empty()) at.fail("names no program");
        for (const std::string& word : command.words)
            if (word.find('\0') != std::string::npos) at.fail("an argument cannot hold a zero byte");
    }
    static void schema(detail::SchemaText& text) {
        text.out += R"({"type":["string","array"],"minLength":1,"maxLength":131072,"minItems":1,"maxItems":4096,)"
                    R"("items":{"type":"string","maxLength":131072}})";
    }
};

namespace talome::docker {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostOutput = std::size_t{1} << 20; // of each: output, stdout, stderr
constexpr int kLongest = 600'000;                         // ms
constexpr auto kAgain = 2s;
constexpr auto kForTheEnd = 30s;                          // after a kill
constexpr auto kBesides = 60s;                            // all that is asked of the engine besides

struct ExecInput {
    std::string id;
    ExecCommand command;
    std::optional<std::string> user, workdir;
    int timeoutMs = 30'000;
    std::optional<std::map<std::string, std::string>> env;
    bool tty = false;
};
BOOST_DESCRIBE_STRUCT(ExecInput, (), (id, command, user, workdir, timeoutMs, env, tty))

struct ExecResult {
    int exitCode = 0;
    std::string output, stdout_, stderr_; // output: both as they came
    std::int64_t durationMs = 0;
    bool timedOut = false, truncated = false;
};
BOOST_DESCRIBE_STRUCT(ExecResult, (), (exitCode, output, stdout_, stderr_, durationMs, timedOut, truncated))

// Of the engine.
struct ExecConfig {
    bool AttachStdin = false, AttachStdout = true, AttachStderr = true, Tty = false;
    std::vector<std::string> Cmd, Env;
    std::optional<std::string> User, WorkingDir;
};
BOOST_DESCRIBE_STRUCT(ExecConfig, (), (AttachStdin, AttachStdout, AttachStderr, Tty, Cmd, Env, User, WorkingDir))
struct ExecStart {
    bool Detach = false, Tty = false;
};
BOOST_DESCRIBE_STRUCT(ExecStart, (), (Detach, Tty))
struct ExecState {
    bool Running = false;
    std::optional<int> ExitCode;
};
BOOST_DESCRIBE_STRUCT(ExecState, (), (Running, ExitCode))

// Keeps the first MiB.
class Output {
public:
    void add(std::string_view piece) {
        const auto taken = piece.substr(0, kMostOutput - std::min(kMostOutput, bytes_.size()));
        bytes_.append(taken);
        cut_ = cut_ || taken.size() < piece.size();
    }
    bool cut() const { return cut_; }
    std::string text() const {
        std::string text;
        appendUtf8(text, bytes_);
        if (cut_) text += "\n[cut here: the output is longer than 1 MiB]\n";
        return text;
    }

private:
    std::string bytes_;
    bool cut_ = false;
};

class ContainerExec : public Group {
public:
    ContainerExec(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.exec", "Runs a command in a container and waits for its end", admin,
                       Tier::destructive, this, &ContainerExec::exec)
            .route("POST", "/api/containers/{id}/exec")
            .tool("exec_container", "Run a program with its arguments in a container; there is no shell unless it is one",
                  {{"containerId", "id"}})
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .input("command", "The program and its arguments; a text is split into words, nothing in it is expanded")
            .input("user", "User, or user:group, that it runs as", length(1, 128))
            .input("workdir", "Where it runs: an absolute path", length(1, 4096), pattern("^/"))
            .input("timeoutMs", "Milliseconds that it may take; then it is killed", range(1, kLongest), 30'000)
            .input("env", "Variables of its environment besides the container's", secret())
            .input("tty", "With a terminal: both outputs are one", false)
            .timeLimit(std::chrono::milliseconds(kLongest) + kBesides)
            .target("container", "id");
    }

    ExecResult exec(Call& call, const ExecInput& input) {
        const RecordPtr record = services_.keeper.resolveRunning(input.id);
        if (record->shown.status != ContainerStatus::running)
            throw Conflict("container " + record->shown.name + " is paused or starts again");
        const std::string mark = execMark();
        const std::string id = create(*record, input, mark);
        const auto begun = Clock::now();
        Output output, stdout_, stderr_;
        bool ended = false;
        try {
            ended = run(call, id, input, [&](bool error, std::string_view piece) {
                output.add(piece);
                (error ? stderr_ : stdout_).add(piece);
            });
            // It may have closed its outputs and go on.
            ended = ended && endsUntil(call, id, begun + std::chrono::milliseconds(input.timeoutMs));
        } catch (const Conflict&) {
            throw; // it has not begun
        } catch (const Error&) {
            endIfPossible(*record, id, mark);
            throw;
        }
        if (!ended) end(*record, id, mark);
        ExecResult result{waitForEnd(*record, id, ended ? std::string() : mark), output.text(), stdout_.text(), stderr_.text(), 0, !ended, output.cut()};
        result.durationMs = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count();
        if (!ended && call.cancelled()) throw Cancelled("the caller has left; the command was killed");
        return result;
    }

private:
    std::string create(const ContainerRecord& record, const ExecInput& input, const std::string& mark) {
        ExecConfig config;
        config.Tty = input.tty;
        config.Cmd = input.command.words;
        config.User = input.user;
        config.WorkingDir = input.workdir;
        for (const auto& [name, value] : input.env.value_or(std::map<std::string, std::string>{})) {
            if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos)
                throw Invalid("env", "the name of a variable is empty, or holds = or a zero byte");
            if (value.find('\0') != std::string::npos) throw Invalid("env", "a value cannot hold a zero byte");
            config.Env.push_back(name + "=" + value);
        }
        config.Env.push_back(mark);
        try {
            return services_.client
                .get<engine::ContainerId>({.method = "POST",
                                           .path = {"containers", record.id, "exec"},
                                           .body = toJson(config)})
                .Id;
        } catch (const EngineRefusal& refusal) {
            throw Conflict("cannot run a command in " + record.shown.name + ": " + refusal.words);
        }
    }

    // False if the time was over, or the caller has left.
    template <class Sink> bool run(Call& call, const std::string& id, const ExecInput& input, const Sink& sink) {
        RawFrames frames;
        try {
            services_.client.stream({.method = "POST",
                                     .path = {"exec", id, "start"},
                                     .limit = std::chrono::milliseconds(input.timeoutMs),
                                     .cancelled = [&call] { return call.cancelled(); },
                                     .body = toJson(ExecStart{false, input.tty})},
                                    [&](std::string_view bytes) {
                                        if (input.tty)
                                            sink(false, bytes);
                                        else if (!frames.feed(bytes, sink))
                                            throw BadUpstream("what the Docker engine sends is not in frames");
                                    });
            return true;
        } catch (const Timeout&) {
            return false;
        } catch (const Cancelled&) {
            return false;
        } catch (const EngineRefusal& refusal) {
            throw Conflict("the command cannot run: " + refusal.words);
        }
    }

    void end(const ContainerRecord& record, const std::string& id, const std::string& mark) {
        try {
            endExec(services_.client, record.id, id, mark);
        } catch (const Error& error) {
            services_.host.warn("a command in " + record.shown.name + " could not be killed: " + error.what());
            throw Timeout(std::string("the command has not ended in time, and could not be killed: ") + error.what());
        }
    }

    void endIfPossible(const ContainerRecord& record, const std::string& id, const std::string& mark) {
        try {
            endExec(services_.client, record.id, id, mark);
        } catch (const Error& error) {
            services_.host.warn("a command in " + record.shown.name + " could not be killed: " + error.what());
        }
    }

    // False if the time was over, or the caller has left.
    bool endsUntil(Call& call, const std::string& id, Clock::time_point until) {
        for (auto pause = 10ms; !call.cancelled(); pause = std::min(2 * pause, 500ms)) {
            if (!services_.client.get<ExecState>({.path = {"exec", id, "json"}}).Running) return true;
            if (Clock::now() >= until) return false;
            std::this_thread::sleep_for(std::min<Clock::duration>(pause, until - Clock::now()));
        }
        return false;
    }

    // Where it was killed before the engine had really begun it, it is killed once more.
    int waitForEnd(const ContainerRecord& record, const std::string& id, const std::string& mark) {
        auto again = Clock::now() + kAgain;
        for (const auto until = Clock::now() + kForTheEnd;;) {
            const auto state = services_.client.get<ExecState>({.path = {"exec", id, "json"}});
            if (!state.Running && state.ExitCode) return *state.ExitCode;
            if (Clock::now() > until)
                throw Timeout("a command in " + record.shown.name + " does not end, though it was killed");
            std::this_thread::sleep_for(20ms);
            if (mark.empty() || Clock::now() < again) continue;
            endIfPossible(record, id, mark);
            again = Clock::now() + kAgain;
        }
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerExec(Registry& registry, Services& services) {
    return std::make_unique<ContainerExec>(registry, services);
}

} // namespace talome::docker
