// POST /api/terminal/sessions: says the id that a name has. A shell begins when the first client comes; at once if the
// caller says what is to run, and where.
#include "services.hpp"

#include <talome/fetch.hpp>

namespace talome::terminal {

namespace {

struct CreateInput {
    std::string name;
    std::optional<std::string> displayName, cwd, shell, container, user;
    std::optional<std::vector<std::string>> command;
    std::optional<std::map<std::string, std::string>> env;
    std::optional<int> cols, rows;
    std::optional<bool> record;
};
BOOST_DESCRIBE_STRUCT(CreateInput, (),
                      (name, displayName, cwd, shell, container, user, command, env, cols, rows, record))
struct Created {
    std::string sessionId, name;
    std::optional<std::string> displayName;
    bool exists = false;
};
BOOST_DESCRIBE_STRUCT(Created, (), (sessionId, name, displayName, exists))

// Of the docker plugin.
struct OpenTerminal {
    std::string id;
    std::vector<std::string> command;
    std::optional<std::string> user, workdir;
    std::optional<std::map<std::string, std::string>> env;
};
BOOST_DESCRIBE_STRUCT(OpenTerminal, (), (id, command, user, workdir, env))
struct OpenedTerminal {
    std::string terminal, container, url, unixSocket;
};
BOOST_DESCRIBE_STRUCT(OpenedTerminal, (), (terminal, container, url, unixSocket))
struct TerminalSize {
    std::string terminal;
    int cols = 80, rows = 24;
};
BOOST_DESCRIBE_STRUCT(TerminalSize, (), (terminal, cols, rows))

constexpr const char* kNameBytes = "^[^\\x00-\\x1f\\x7f]*$";

void checkEnvironment(const std::map<std::string, std::string>& values) {
    for (const auto& [name, value] : values) {
        if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != name.npos)
            throw Invalid("env", "the name of a variable is empty, or holds = or a zero byte");
        if (value.find('\0') != value.npos) throw Invalid("env", "a value cannot hold a zero byte");
    }
}

void checkText(const char* field, const std::optional<std::string>& text) {
    if (text && text->find('\0') != text->npos) throw Invalid(field, "cannot hold a zero byte");
}

class SessionCreate : public Group {
public:
    SessionCreate(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("terminal.create", "Begins a terminal session, or says the id that it will have", kShell,
                       Tier::destructive, this, &SessionCreate::create)
            .route("POST", "/api/terminal/sessions")
            .input("name", "Its name, of which the id is made", length(1, 200), pattern(kNameBytes),
                   std::string("default"))
            .input("displayName", "What people call it", length(1, 100), pattern(kNameBytes))
            .input("cwd", "Where it begins: an absolute path", length(1, 4096), pattern("^/"))
            .input("shell", "The shell: an absolute path, without arguments", length(1, 4096), pattern("^/"))
            .input("command", "Instead of a shell: a program and its arguments", items(1, 256))
            .input("container", "Runs in that container: id, start of an id, or name", length(1, 128))
            .input("user", "In a container: the user, or user:group", length(1, 128))
            .input("env", "Variables of its environment besides the usual ones", secret())
            .input("cols", "Columns", range(2, 500))
            .input("rows", "Rows", range(1, 200))
            .input("record", "Its output is kept as an asciicast file")
            .target("session", "name");
        registry.uses("containers.terminalOpen");
        registry.uses("containers.terminalResize");
    }

    Created create(Call& call, const CreateInput& input) {
        services_.requireEnabled();
        const auto who = call.principal();
        const Key key{who.userId, idOfName(input.name)};
        checkText("cwd", input.cwd);
        checkText("shell", input.shell);
        for (const auto& word : input.command.value_or(std::vector<std::string>{})) checkText("command", word);
        if (input.env) checkEnvironment(*input.env);
        if (input.command && (input.command->front().empty() || input.shell))
            throw Invalid("command", input.shell ? "is said together with shell" : "names no program");
        if (input.user && !input.container) throw Invalid("user", "is of containers only");
        Created answer{key.id, input.name, input.displayName, services_.pty.find(key).has_value()};
        if (input.displayName) services_.names.set(key, *input.displayName);
        const bool begins = input.cwd || input.shell || input.command || input.container || input.env || input.record;
        if (!begins) {
            if (answer.exists && input.displayName) services_.pty.tell(Kind::rename, Rename{key, *input.displayName});
            return answer;
        }
        if (answer.exists) throw Conflict("there is a session " + key.id + " already");
        Create wanted = services_.newSession(key, who.username, input.name);
        wanted.directory = input.cwd.value_or("");
        wanted.environment = input.env.value_or(std::map<std::string, std::string>{});
        wanted.cols = static_cast<std::uint64_t>(input.cols.value_or(80));
        wanted.rows = static_cast<std::uint64_t>(input.rows.value_or(24));
        wanted.record = wanted.record || input.record.value_or(false);
        if (input.shell) wanted.command = {*input.shell};
        if (input.command) wanted.command = *input.command;
        if (input.container)
            inContainer(call, input, std::move(wanted));
        else
            services_.pty.ask<SessionInfo>(Kind::create, wanted);
        return answer;
    }

private:
    /// The docker plugin decides whether the caller may, and makes it; its stream is talome-pty's from then on.
    void inContainer(Call& call, const CreateInput& input, Create wanted) {
        OpenTerminal open{*input.container, {}, input.user, input.cwd, input.env};
        open.command = input.command ? *input.command : std::vector<std::string>{input.shell.value_or("/bin/sh")};
        const auto opened = services_.host.call<OpenedTerminal>(&call, "containers.terminalOpen", open);
        auto stream = upgrade(services_.host, &call,
                              {.method = "POST",
                               .url = opened.url,
                               .headers = {{"Content-Type", "application/json"}},
                               .body = R"({"Detach":false,"Tty":true})",
                               .unixSocket = opened.unixSocket,
                               .lan = true,
                               .loopback = true,
                               .protocol = "tcp"});
        const Descriptor socket(stream.fd);
        if (!socket)
            throw Conflict("the program cannot run in " + opened.container + ": " + stream.answer.body.substr(0, 300));
        wanted.container = opened.container;
        wanted.execId = opened.terminal;
        services_.pty.ask<SessionInfo>(Kind::create, wanted, socket.get());
        try {
            services_.host.callText(
                &call, "containers.terminalResize",
                toJson(TerminalSize{opened.terminal, static_cast<int>(wanted.cols), static_cast<int>(wanted.rows)}));
        } catch (const Error& error) { // it has ended by now, or never began
            const bool runs = services_.pty.find(wanted.key).has_value();
            if (runs) services_.pty.tell(Kind::kill, Size{wanted.key, 0, 0});
            throw Conflict("the program cannot run in " + opened.container + ": " + error.what());
        }
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> sessionCreate(Registry& registry, Services& services) {
    return std::make_unique<SessionCreate>(registry, services);
}

} // namespace talome::terminal
