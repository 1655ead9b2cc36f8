// A plugin that holds everything that a replacement must hand over: a task, a topic with its stream, a WebSocket, a
// listener, a setting, data. It is built several times: RELAY_VERSION says as which.
#include <talome/plugin.hpp>

#include <thread>

using namespace std::chrono_literals;

struct Slow {
    int ms;
};
BOOST_DESCRIBE_STRUCT(Slow, (), (ms))
struct Who {
    int version;
    std::int64_t born; ///< different for each generation
};
BOOST_DESCRIBE_STRUCT(Who, (), (version, born))
struct Tick {
    std::int64_t number, born;
};
BOOST_DESCRIBE_STRUCT(Tick, (), (number, born))
struct Letter {
    std::int64_t n;
};
BOOST_DESCRIBE_STRUCT(Letter, (), (n))

class Relay : public talome::Plugin {
public:
    explicit Relay(talome::Registry& registry) : host_(registry.host()) {
        using talome::session;
        using talome::Tier;
        registry.operation("relay.who", "Who serves", talome::anyone, Tier::read, this, &Relay::who)
            .route("GET", "/api/relay/who");
        registry.operation("relay.slow", "Who serves, after a while", session, Tier::read, this, &Relay::slow)
            .route("GET", "/api/relay/slow")
            .input("ms", "Milliseconds", talome::range(0, 60000));
        registry.operation("relay.ticks", "All ticks", session, Tier::read, this, &Relay::ticks)
            .route("GET", "/api/relay/ticks");
        registry.raw("relay.side", "Who serves at the listener", talome::anyone, Tier::read, "GET", "/who", this, &Relay::side)
            .listener("side");
        registry.listener("side", "Another port", "127.0.0.1", 0).variables("RELAY_PORT");
        registry.setting("relay_word", "A word", "before");
        registry.topic<Tick>("relay.tick", "One tick", session);
        registry.events("relay.events", "Ticks", session, "/api/relay/events").source("relay.tick", "tick").source("mailer.letter", "letter");
        registry
            .websocket("relay.echo", "Says it back", session, Tier::read, this, &Relay::opened, &Relay::message,
                       &Relay::closed)
            .place("/api/relay/ws");
        registry.every(100ms, "relay.count", this, &Relay::count);
        registry.cron("* * * * *", "relay.minute", this, &Relay::minute);
        registry.onDurable("mailer.letter", this, &Relay::letter); // of ../events, where it is there
        registry.operation("relay.minutes", "When the task of each minute ran, ms since the epoch", session, Tier::read, this,
                           &Relay::minutes)
            .route("GET", "/api/relay/minutes");
        registry.operation("relay.letters", "What has come, in the order in which it came", session, Tier::read, this,
                           &Relay::letters)
            .route("GET", "/api/relay/letters");
        registry.migration(1, "CREATE TABLE ticks (number INTEGER PRIMARY KEY, born INTEGER NOT NULL);"
                              "CREATE TABLE minutes (at INTEGER NOT NULL); CREATE TABLE letters (n INTEGER NOT NULL)");
#if RELAY_VERSION == 2
        registry.migration(2, "ALTER TABLE ticks ADD COLUMN note TEXT");
#elif RELAY_VERSION == 3
        registry.migration(2, "ALTER TABLE ticks RENAME COLUMN born TO life", true);
#elif RELAY_VERSION == 4
        registry.migration(2, "DELETE FROM ticks; CREATE TABLE ticks (again INTEGER)", true);
#endif
    }

    void start() { born_ = host_.nowMs() * 1000 + std::rand() % 1000; }

    Who who() { return {RELAY_VERSION, born_}; }
    Who slow(talome::Call& call, const Slow& input) {
        for (int waited = 0; waited < input.ms && !call.cancelled(); waited += 10) std::this_thread::sleep_for(10ms);
        return who();
    }
    std::vector<Tick> ticks() {
        std::vector<Tick> all;
        host_.database().each(
            "SELECT number, " + std::string(kBorn) + " FROM ticks ORDER BY number",
            [&](const talome::RowView& row) { all.push_back({row.get<std::int64_t>(0), row.get<std::int64_t>(1)}); });
        return all;
    }
    std::vector<std::int64_t> minutes() { return numbers("SELECT at FROM minutes ORDER BY rowid"); }
    std::vector<std::int64_t> letters() { return numbers("SELECT n FROM letters ORDER BY rowid"); }
    void side(talome::Call&, const talome::Nothing&, talome::Exchange& exchange) {
        exchange.send(200, "application/json", talome::toJson(who()));
    }
    void opened(talome::Call&, const talome::Nothing&, talome::WebSocket) {}
    void message(talome::WebSocket socket, std::string_view data, bool binary) { socket.send(data, binary); }
    void closed(talome::WebSocket, int, std::string_view) { host_.info("a socket was closed"); }

private:
    static constexpr const char* kBorn = RELAY_VERSION == 3 ? "life" : "born";

    std::vector<std::int64_t> numbers(std::string_view sql) {
        std::vector<std::int64_t> all;
        host_.database().each(sql, [&](const talome::RowView& row) { all.push_back(row.get<std::int64_t>(0)); });
        return all;
    }
    void minute() { host_.database().execute("INSERT INTO minutes VALUES (?)", host_.nowMs()); }
    void letter(const talome::DurableEvent&, const Letter& letter) {
        host_.database().execute("INSERT INTO letters VALUES (?)", letter.n);
    }
    void count() {
        const auto number = host_.database().one<std::int64_t>(
            "INSERT INTO ticks (" + std::string(kBorn) + ") VALUES (?) RETURNING number", born_);
        host_.publish("relay.tick", Tick{number.value_or(0), born_});
    }

    talome::Host host_;
    std::int64_t born_ = 0;
};

TALOME_PLUGIN(Relay, "relay", RELAY_TEXT, "Holds what a replacement must hand over.")
