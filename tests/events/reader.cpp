// Takes a durable topic and writes down what it gets, in the order in which it comes: for test_outbox.py.
#include <talome/plugin.hpp>

#include <mutex>

namespace {

struct Letter {
    std::int64_t n = 0;
};
BOOST_DESCRIBE_STRUCT(Letter, (), (n))

struct Refuse {
    std::int64_t n = 0;
    int times = 0;
};
BOOST_DESCRIBE_STRUCT(Refuse, (), (n, times))

struct Got {
    std::int64_t sequence = 0, n = 0, publishedAtMs = 0;
};
BOOST_DESCRIBE_STRUCT(Got, (), (sequence, n, publishedAtMs))

struct Everything {
    std::vector<Got> letters; ///< of the durable subscription
    std::vector<std::int64_t> live;
    int refused = 0;
};
BOOST_DESCRIBE_STRUCT(Everything, (), (letters, live, refused))

class Reader : public talome::Plugin {
public:
    explicit Reader(talome::Registry& registry) : host_(registry.host()) {
        registry.migration(1, "CREATE TABLE letters (arrival INTEGER PRIMARY KEY AUTOINCREMENT, sequence INTEGER, n "
                              "INTEGER, published_at INTEGER)");
        registry.onDurable("mailer.*", this, &Reader::take);
        registry.on("mailer.letter", this, &Reader::hear);
        registry
            .operation("reader.got", "What has come", talome::admin, talome::Tier::read, this, &Reader::got)
            .route("GET", "/api/reader/got");
        registry
            .operation("reader.refuse", "Does not take a letter, so many times", talome::admin, talome::Tier::modify,
                       this, &Reader::refuse)
            .route("POST", "/api/reader/refuse");
    }

private:
    void take(const talome::DurableEvent& event, const Letter& letter) {
        if (event.publisher != "mailer" || event.topic != "mailer.letter") throw talome::Invalid("whose letter is it?");
        {
            const std::lock_guard lock(mutex_);
            if (letter.n == refusing_.n && refusing_.times > 0) {
                --refusing_.times;
                ++refused_;
                throw talome::Unavailable("the letter box is full");
            }
        }
        host_.database().execute("INSERT INTO letters (sequence, n, published_at) VALUES (?, ?, ?)", event.sequence,
                                 letter.n, event.publishedAtMs);
    }
    void hear(std::string_view, const Letter& letter) {
        const std::lock_guard lock(mutex_);
        live_.push_back(letter.n);
    }
    void refuse(const Refuse& input) {
        const std::lock_guard lock(mutex_);
        refusing_ = input;
    }
    Everything got() {
        Everything all;
        host_.database().each("SELECT sequence, n, published_at FROM letters ORDER BY arrival",
                              [&](const talome::RowView& row) {
                                  all.letters.push_back({row.get<std::int64_t>(0), row.get<std::int64_t>(1),
                                                         row.get<std::int64_t>(2)});
                              });
        const std::lock_guard lock(mutex_);
        all.live = live_;
        all.refused = refused_;
        return all;
    }

    talome::Host host_;
    std::mutex mutex_;
    Refuse refusing_;
    int refused_ = 0;
    std::vector<std::int64_t> live_;
};

} // namespace

TALOME_PLUGIN(Reader, "reader", "1.0.0", "Reads letters.")
