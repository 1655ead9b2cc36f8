// What freeze.py freezes as the plugin in C++: it does what frozen_c.c does, through the C++ layer of its time.
#include <talome/plugin.hpp>

#include <atomic>

struct Word {
    std::string word;
};
BOOST_DESCRIBE_STRUCT(Word, (), (word))

struct By {
    std::string by;
};
BOOST_DESCRIBE_STRUCT(By, (), (by))

struct Seen {
    std::string life, word;
    std::int64_t words, total, heard, runs;
    bool admin;
};
BOOST_DESCRIBE_STRUCT(Seen, (), (life, word, words, total, heard, runs, admin))

class Frozen : public talome::Plugin {
public:
    explicit Frozen(talome::Registry& registry) : host_(registry.host()) {
        registry
            .operation("frozencpp.state", "What it has seen", talome::session, talome::Tier::read, this, &Frozen::state)
            .route("GET", "/api/frozen-cpp/state");
        registry.operation("frozencpp.add", "Keeps a word", talome::admin, talome::Tier::modify, this, &Frozen::add)
            .route("POST", "/api/frozen-cpp/words/{word}", 201)
            .input("word", "What to keep", talome::pattern("^[a-z]+$"));
        registry.setting("frozen_cpp_word", "A word", "ice").length(0, 40);
        registry.onSetting(this, &Frozen::changing);
        registry.migration(
            1, "CREATE TABLE words (word TEXT); CREATE TABLE total (n INTEGER); INSERT INTO total VALUES (0)");
        registry.task("frozen-cpp.count", "Counts its runs", this, &Frozen::count);
        registry.topic<By>("frozencpp.added", "A word was added", talome::session);
        registry.on("frozencpp.*", this, &Frozen::hear);
    }
    void start() { life_ = "started"; }
    void activate() { life_ = "active"; }
    void quiesce() { host_.info("frozen: quiesce"); }
    void stop() { host_.info("frozen: stop"); }
    ~Frozen() { host_.info("frozen: destroy"); }

private:
    Seen state(talome::Call& call) {
        const auto number = [&](const char* sql) { return host_.database().one<std::int64_t>(sql).value_or(-1); };
        return {life_,
                host_.setting<std::string>("frozen_cpp_word"),
                number("SELECT count(*) FROM words"),
                number("SELECT n FROM total"),
                heard_,
                runs_,
                call.granted("admin")};
    }
    By add(talome::Call& call, const Word& input) {
        host_.database().transaction([&](talome::Transaction& transaction) {
            transaction.execute("INSERT INTO words VALUES (?)", input.word);
            if (input.word == "rollback") throw talome::Conflict("rolled back");
            transaction.execute("UPDATE total SET n = n + 1");
        });
        const By by{call.principal().username};
        host_.publish("frozencpp.added", by);
        host_.wake("frozen-cpp.count");
        return by;
    }
    void changing(std::string_view, const boost::json::value& value) {
        if (value == "never") throw talome::Invalid("frozen_cpp_word", "never say never");
    }
    void count() { ++runs_; }
    void hear(std::string_view, std::string_view) { ++heard_; }

    const talome::Host host_;
    std::string life_; // written before calls can come
    std::atomic<std::int64_t> heard_{0}, runs_{0};
};

TALOME_PLUGIN(Frozen, "frozen-cpp", "1.0.0", "A plugin in C++ of another age.")
