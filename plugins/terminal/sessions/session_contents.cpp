// POST /api/terminal/sessions/{id}/input, GET …/output and …/recording.
#include "services.hpp"

namespace talome::terminal {

namespace {

struct InputText {
    std::string id, data;
};
BOOST_DESCRIBE_STRUCT(InputText, (), (id, data))
struct OutputQuery {
    std::string id;
    int tail = 0;
};
BOOST_DESCRIBE_STRUCT(OutputQuery, (), (id, tail))
struct Id {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(Id, (), (id))

constexpr int kMostTail = 4 << 20;
constexpr std::uint64_t kMostInput = 64 << 10;

class SessionContents : public Group {
public:
    SessionContents(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("terminal.input", "Types into a session", kShell, Tier::destructive, this,
                       &SessionContents::input)
            .route("POST", "/api/terminal/sessions/{id}/input")
            .input("id", "Of the session", pattern(kIdPattern))
            .input("data", "What is typed; \\r is the key Return", length(1, kMostInput), secret())
            .target("session", "id");
        registry
            .operation("terminal.output", "What a session shows and has shown, as text", kShell, Tier::read, this,
                       &SessionContents::output)
            .route("GET", "/api/terminal/sessions/{id}/output")
            .input("id", "Of the session", pattern(kIdPattern))
            .input("tail", "Bytes of the end; 0: all that is kept", range(0, kMostTail), 0)
            .text("text/plain")
            .target("session", "id");
        registry
            .raw("terminal.recording", "The recording of a session, an asciicast file", kShell, Tier::read, "GET",
                 "/api/terminal/sessions/{id}/recording", this, &SessionContents::recording)
            .input("id", "Of the session", pattern(kIdPattern));
    }

    void input(Call& call, const InputText& input) {
        services_.requireEnabled();
        const Key key = keyOf(call, input.id);
        require(key);
        services_.pty.tell(Kind::inputTo, Input{key, input.data});
    }
    std::string output(Call& call, const OutputQuery& query) {
        const Key key = keyOf(call, query.id);
        require(key);
        return services_.pty.ask<Text>(Kind::outputOf, OutputOf{key, static_cast<std::uint64_t>(query.tail)}).text;
    }
    void recording(Call& call, const Id& query, Exchange& exchange) {
        const Key key = keyOf(call, query.id);
        require(key);
        const Descriptor file = services_.pty.askFor(Kind::recordingOf, Size{key, 0, 0});
        const std::string name = key.id + ".cast";
        exchange.sendFile(file.get(), {.name = name, .attachment = true, .contentType = "application/x-asciicast"});
    }

private:
    /// So that nothing is started for a session that is not there.
    void require(const Key& key) const {
        if (!services_.pty.find(key)) throw NotFound("there is no session " + key.id);
    }
    Services& services_;
};

} // namespace

std::unique_ptr<Group> sessionContents(Registry& registry, Services& services) {
    return std::make_unique<SessionContents>(registry, services);
}

} // namespace talome::terminal
