// Publishes on a durable topic, alone and in transactions that also write a row of its own: for test_outbox.py.
#include <talome/plugin.hpp>

namespace {

struct Letter {
    std::int64_t n = 0;
};
BOOST_DESCRIBE_STRUCT(Letter, (), (n))

struct Send {
    std::int64_t from = 0, count = 0;
    std::string how; ///< "alone", "together" or "rolled back"
};
BOOST_DESCRIBE_STRUCT(Send, (), (from, count, how))

struct Sent {
    std::vector<std::int64_t> numbers;
};
BOOST_DESCRIBE_STRUCT(Sent, (), (numbers))

/// A row for each letter, and an event for each row: one is never there without the other.
class Mailer : public talome::Plugin {
public:
    explicit Mailer(talome::Registry& registry) : host_(registry.host()) {
        registry.migration(1, "CREATE TABLE sent (n INTEGER PRIMARY KEY)");
        registry.topic<Letter>("mailer.letter", "A letter was sent", talome::admin).durable();
        registry.topic<Letter>("mailer.rumour", "Not kept", talome::admin);
        registry
            .operation("mailer.send", "Sends letters, those of a rolled back transaction never", talome::admin,
                       talome::Tier::modify, this, &Mailer::send)
            .route("POST", "/api/mailer/send")
            .input("how", "", talome::oneOf({"alone", "together", "rolled back"}));
        registry
            .operation("mailer.sent", "The rows", talome::admin, talome::Tier::read, this, &Mailer::sent)
            .route("GET", "/api/mailer/sent");
        registry.events("mailer.events", "Letters, live", talome::admin, "/api/mailer/events").source("mailer.*");
    }

private:
    void write(const talome::Transaction& in, std::int64_t n) {
        in.execute("INSERT INTO sent VALUES (?)", n);
        host_.publish("mailer.letter", Letter{n});
    }
    void send(const Send& input) {
        const auto all = [&](const talome::Transaction& in) {
            for (auto n = input.from; n < input.from + input.count; ++n) write(in, n);
            if (input.how == "rolled back") throw talome::Conflict("on second thoughts");
        };
        if (input.how != "alone") return host_.database().transaction(all);
        for (auto n = input.from; n < input.from + input.count; ++n)
            host_.database().transaction([&](const talome::Transaction& in) { write(in, n); });
        host_.publish("mailer.rumour", Letter{input.from});
    }
    Sent sent() {
        Sent all;
        host_.database().each("SELECT n FROM sent ORDER BY n",
                              [&](const talome::RowView& row) { all.numbers.push_back(row.get<std::int64_t>(0)); });
        return all;
    }

    talome::Host host_;
};

} // namespace

TALOME_PLUGIN(Mailer, "mailer", "1.0.0", "Sends letters.")
