#include "host/events/outboxes.hpp"

#include <atomic>
#include <condition_variable>
#include <doctest/doctest.h>
#include <future>
#include <thread>

using namespace talome;
using namespace std::chrono_literals;
using events::Outboxes;
using events::Subscribed;

namespace {

/// What subscribers heard: "plugin:sequence ", in its order.
class Heard {
public:
    void add(const std::string& text) {
        const std::lock_guard lock(mutex_);
        text_ += text + " ";
        ++n_;
        more_.notify_all();
    }
    void wait(std::size_t n) {
        std::unique_lock lock(mutex_);
        REQUIRE(more_.wait_for(lock, 60s, [&] { return n_ >= n; }));
    }
    std::string text() {
        const std::lock_guard lock(mutex_);
        return text_;
    }

private:
    std::mutex mutex_;
    std::condition_variable more_;
    std::string text_;
    std::size_t n_ = 0;
};

events::OutboxOptions quick() {
    events::OutboxOptions options;
    options.firstRetry = 1ms;
    options.lastRetry = 4ms;
    options.batch = 4;
    return options;
}

struct Fixture {
    tasks::Reactor reactor;
    tasks::Pool pool{4};
    std::atomic<std::int64_t> now{1'000};
    std::shared_ptr<storage::Database> database =
        std::make_shared<storage::Database>(":memory:", storage::Durability::processCrash);
    std::vector<std::shared_ptr<tasks::Strand>> strands;
    Heard heard;
    std::optional<Outboxes> boxes;

    explicit Fixture(events::OutboxOptions options = quick()) {
        events::OutboxTables(*database).prepare();
        boxes.emplace(
            pool, reactor, [this] { return now.load(); }, options);
    }
    ~Fixture() {
        for (const auto& strand : strands) strand->close();
    }

    std::uint64_t opened = 0;
    void open() { opened = boxes->open("p", database, {"a.one", "a.two"}); }
    void publish(int n, const std::string& topic = "a.one") {
        for (int i = 0; i < n; ++i) boxes->publish("p", *database, topic, "{}", [] {});
    }
    /// Notes each event, unless `instead` has words.
    Subscribed subscribe(const std::string& plugin, const std::string& pattern,
                         std::function<std::optional<std::string>(const events::DurableEvent&)> instead = {}) {
        strands.push_back(std::make_shared<tasks::Strand>(pool));
        auto made = std::make_shared<const events::DurableSubscription>(
            events::DurableSubscription{plugin, pattern, strands.back(),
                                        [this, plugin, instead](const std::string&, const events::DurableEvent& event) {
                                            if (instead)
                                                if (auto words = instead(event)) return words;
                                            heard.add(plugin + ":" + std::to_string(event.sequence));
                                            return std::optional<std::string>{};
                                        }});
        boxes->subscribe(made);
        return made;
    }
    /// As a plugin does that is quiesced.
    void leave(const Subscribed& subscription) {
        boxes->unsubscribe(subscription);
        subscription->strand->close();
    }
    std::int64_t rows() { return std::get<std::int64_t>(database->rows("SELECT count(*) FROM talome_outbox")[0][0]); }
    /// Once everything that was delivered is stored.
    void waitForRows(std::int64_t n) {
        for (int i = 0; i < 6'000 && rows() != n; ++i) std::this_thread::sleep_for(10ms);
        REQUIRE(rows() == n);
    }
};

} // namespace

TEST_CASE("outboxes: each subscriber gets what matches, in order, and then it is deleted") {
    Fixture f;
    f.open();
    f.subscribe("s", "a.*");
    f.publish(3);
    f.subscribe("t", "a.two");
    f.publish(2, "a.two");
    f.heard.wait(7);
    f.waitForRows(0);
    auto text = f.heard.text();
    std::string s, t;
    for (std::size_t at = 0; at < text.size(); at += 4) (text[at] == 's' ? s : t) += text.substr(at, 4);
    CHECK(s == "s:1 s:2 s:3 s:4 s:5 ");
    CHECK(t == "t:4 t:5 ");
}

TEST_CASE("outboxes: an event is part of the transaction it is published in, also for those who hear it live") {
    Fixture f;
    f.open();
    f.subscribe("s", "a.*");
    std::string live;
    f.database->transaction([&] {
        f.boxes->publish("p", *f.database, "a.one", "{}", [&] { live += "never "; });
        return false;
    });
    CHECK_THROWS(f.database->transaction([&]() -> bool {
        f.boxes->publish("p", *f.database, "a.one", "{}", [&] { live += "never "; });
        throw std::runtime_error("no");
    }));
    f.database->transaction([&] {
        f.boxes->publish("p", *f.database, "a.one", "{}", [&] { live += "one "; });
        f.boxes->publish("p", *f.database, "a.two", "{}", [&] { live += "two "; });
        CHECK(live.empty());
        return true;
    });
    CHECK(live == "one two ");
    f.publish(1);
    f.heard.wait(3);
    CHECK(f.heard.text() == "s:1 s:2 s:3 ");
}

TEST_CASE("outboxes: what fails comes again, nothing before it, and the others go on") {
    Fixture f;
    f.open();
    std::atomic<int> tries{0};
    f.subscribe("s", "a.*", [&](const events::DurableEvent& event) -> std::optional<std::string> {
        if (event.sequence == 2 && ++tries <= 5) return "not yet";
        return std::nullopt;
    });
    f.subscribe("t", "a.*");
    f.publish(10);
    f.heard.wait(20);
    CHECK(tries == 6);
    std::string s;
    const auto text = f.heard.text();
    for (std::size_t at = 0; at < text.size(); at = text.find(' ', at) + 1)
        if (text[at] == 's') s += text.substr(at + 2, text.find(' ', at) - at - 1);
    CHECK(s == "1 2 3 4 5 6 7 8 9 10 ");
}

TEST_CASE("outboxes: a failure can be seen") {
    Fixture f({.firstRetry = 1h});
    f.open();
    std::promise<void> failed;
    f.subscribe("s", "a.*", [&](const events::DurableEvent&) -> std::optional<std::string> {
        failed.set_value();
        return "its disk is full";
    });
    f.publish(2);
    failed.get_future().wait();
    f.strands[0]->close();
    const auto states = f.boxes->states("s");
    REQUIRE(states.size() == 1);
    CHECK(f.boxes->states("p").size() == 1);
    CHECK(f.boxes->states("t").empty());
    CHECK(states[0].publisher == "p");
    CHECK(states[0].cursor.subscriber == "s");
    CHECK(states[0].cursor.waiting == 2);
    CHECK(states[0].present);
    CHECK(states[0].failures == 1);
    CHECK(states[0].failure == "its disk is full");
}

TEST_CASE("outboxes: what is published while a subscriber is away waits for it") {
    Fixture f;
    f.open();
    const auto first = f.subscribe("s", "a.*");
    f.publish(1);
    f.heard.wait(1);
    f.leave(first);
    f.publish(20);
    f.subscribe("s", "a.*");
    f.heard.wait(21);
    f.waitForRows(0);
    f.publish(1);
    f.heard.wait(22);
    CHECK(f.heard.text().ends_with("s:20 s:21 s:22 "));
    CHECK(f.heard.text().starts_with("s:1 s:2 s:3 "));
}

TEST_CASE("outboxes: a generation that ends late does not close what the next one has opened") {
    Fixture f;
    f.open();
    const auto older = f.opened;
    f.open();
    f.boxes->close("p", older);
    f.subscribe("s", "a.*");
    f.publish(1);
    f.heard.wait(1);
}

TEST_CASE("outboxes: a publisher that is closed keeps what it has, and one that is replaced goes on") {
    Fixture f;
    f.open();
    f.subscribe("s", "a.*");
    f.publish(1);
    f.heard.wait(1);
    f.boxes->close("p", f.opened);
    f.publish(3); // by calls in flight
    f.subscribe("t", "a.*");
    f.open();
    f.publish(1);
    f.heard.wait(6);
    f.waitForRows(0);
    auto text = f.heard.text();
    CHECK(text.find("t:5 ") != text.npos);
    text.erase(text.find("t:5 "), 4);
    CHECK(text == "s:1 s:2 s:3 s:4 s:5 ");
}

TEST_CASE("outboxes: nothing is lost or out of order while both sides are replaced again and again") {
    Fixture f;
    f.open();
    auto subscription = f.subscribe("s", "a.*");
    constexpr int kEvents = 2'000;
    std::atomic<bool> done{false};
    std::thread publisher([&] {
        f.publish(kEvents);
        done = true;
    });
    for (int i = 0; !done; ++i) {
        if (i % 2) {
            f.boxes->close("p", f.opened);
            f.open();
        } else {
            f.leave(subscription);
            subscription = f.subscribe("s", "a.*");
        }
    }
    publisher.join();
    f.waitForRows(0);
    std::string expected;
    for (int i = 1; i <= kEvents; ++i) expected += "s:" + std::to_string(i) + " ";
    CHECK(f.heard.text() == expected); // not even twice: both sides ended in good order
}

TEST_CASE("outboxes: the first event after a subscription reaches it, whoever is faster") {
    for (int i = 0; i < 50; ++i) {
        Fixture f;
        f.open();
        f.subscribe("s", "a.*");
        f.publish(1);
        f.heard.wait(1);
    }
}

TEST_CASE("outboxes: cursors are stored when the server ends") {
    Fixture f;
    f.open();
    f.subscribe("s", "a.*");
    f.publish(7);
    f.heard.wait(7);
    f.strands[0]->close();
    f.boxes->close("p", f.opened);
    f.boxes.reset();
    CHECK(f.rows() == 0);
}

TEST_CASE("outboxes: one who is too far behind begins anew, and is told so") {
    auto options = quick();
    options.retention.mostWaiting = 10;
    options.tidyAfterEvents = 5;
    Fixture f(options);
    f.open();
    f.leave(f.subscribe("s", "a.*"));
    f.publish(30);
    f.waitForRows(0);
    f.subscribe("s", "a.*");
    f.publish(1);
    f.heard.wait(1);
    const auto text = f.heard.text();
    CHECK(std::stoi(text.substr(2)) > 10);
}
