// A program in a container with a terminal, for the plugin that shows terminals: made here, where the policy and the
// engine are; its stream is opened by who asked, at the place that this names. No route and no tool leads here.
#include "exec/exec_ender.hpp"
#include "services.hpp"

namespace talome::docker {

namespace {

struct TerminalOpen {
    std::string id;
    std::vector<std::string> command;
    std::optional<std::string> user, workdir;
    std::optional<std::map<std::string, std::string>> env;
};
BOOST_DESCRIBE_STRUCT(TerminalOpen, (), (id, command, user, workdir, env))
struct TerminalOpened {
    std::string terminal, container, url, unixSocket; // POST to `url`, over the socket if it is not empty
};
BOOST_DESCRIBE_STRUCT(TerminalOpened, (), (terminal, container, url, unixSocket))
struct TerminalSize {
    std::string terminal;
    int cols = 80, rows = 24;
};
BOOST_DESCRIBE_STRUCT(TerminalSize, (), (terminal, cols, rows))
struct TerminalId {
    std::string terminal;
};
BOOST_DESCRIBE_STRUCT(TerminalId, (), (terminal))

// Of the engine.
struct ExecConfig {
    bool AttachStdin = true, AttachStdout = true, AttachStderr = true, Tty = true;
    std::vector<std::string> Cmd, Env;
    std::optional<std::string> User, WorkingDir;
};
BOOST_DESCRIBE_STRUCT(ExecConfig, (), (AttachStdin, AttachStdout, AttachStderr, Tty, Cmd, Env, User, WorkingDir))

constexpr const char* kTerminalPattern = "^[0-9a-f]{64}[.][0-9a-f]{64}[.][0-9a-f]{32}$"; // exec, container, mark
constexpr std::size_t kIdSize = 64;
constexpr std::string_view kMarkName = "TALOME_EXEC=";

class ContainerTerminal : public Group {
public:
    ContainerTerminal(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.terminalOpen",
                       "Makes a program with a terminal in a container, which its stream begins", admin,
                       Tier::destructive, this, &ContainerTerminal::open)
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .input("command", "The program and its arguments", items(1, 256))
            .input("user", "User, or user:group, that it runs as", length(1, 128))
            .input("workdir", "Where it runs: an absolute path", length(1, 4096), pattern("^/"))
            .input("env", "Variables of its environment besides the container's", secret())
            .target("container", "id");
        registry
            .operation("containers.terminalResize", "Gives such a terminal another size", admin, Tier::modify, this,
                       &ContainerTerminal::resize)
            .input("terminal", "As terminalOpen has named it", pattern(kTerminalPattern))
            .input("cols", "Columns", range(2, 500), 80)
            .input("rows", "Rows", range(1, 200), 24);
        registry
            .operation("containers.terminalEnd", "Ends the program of such a terminal, and what it has started", admin,
                       Tier::destructive, this, &ContainerTerminal::end)
            .input("terminal", "As terminalOpen has named it", pattern(kTerminalPattern));
    }

    TerminalOpened open(const TerminalOpen& input) {
        const auto& address = services_.client.address();
        if (address.tls)
            throw Unsupported("terminals in containers of an engine that is reached by TLS are not possible");
        const RecordPtr record = services_.keeper.resolve(input.id);
        if (record->shown.status != ContainerStatus::running)
            throw Conflict("container " + record->shown.name + " is not running");
        const std::string mark = execMark();
        ExecConfig config;
        config.Cmd = input.command;
        config.User = input.user;
        config.WorkingDir = input.workdir;
        config.Env = {"TERM=xterm-256color", mark};
        for (const auto& [name, value] : input.env.value_or(std::map<std::string, std::string>{})) {
            if (name.empty() || (name + value).find('\0') != std::string::npos || name.find('=') != std::string::npos)
                throw Invalid("env", "the name of a variable is empty or holds =, or there is a zero byte");
            config.Env.push_back(name + "=" + value);
        }
        try {
            const auto exec =
                services_.client
                    .get<engine::ContainerId>(
                        {.method = "POST", .path = {"containers", record->id, "exec"}, .body = toJson(config)})
                    .Id;
            const EngineRequest start{.method = "POST", .path = {"exec", exec, "start"}};
            return {exec + "." + record->id + "." + mark.substr(kMarkName.size()), record->shown.name,
                    address.base() + engineTarget(services_.client.apiVersion(), start), address.socket};
        } catch (const EngineRefusal& refusal) {
            throw Conflict("cannot run a program in " + record->shown.name + ": " + refusal.words);
        }
    }

    void resize(const TerminalSize& input) {
        services_.client.send({.method = "POST",
                               .path = {"exec", input.terminal.substr(0, kIdSize), "resize"},
                               .query = {{"w", std::to_string(input.cols)}, {"h", std::to_string(input.rows)}}});
    }

    void end(const TerminalId& input) {
        const std::string exec = input.terminal.substr(0, kIdSize),
                          container = input.terminal.substr(kIdSize + 1, kIdSize);
        endExec(services_.client, container, exec, std::string(kMarkName) + input.terminal.substr(2 * kIdSize + 2));
    }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerTerminal(Registry& registry, Services& services) {
    return std::make_unique<ContainerTerminal>(registry, services);
}

} // namespace talome::docker
