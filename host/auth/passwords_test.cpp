#include "host/auth/password.hpp"
#include "host/auth/passwords.hpp"

#include <atomic>
#include <chrono>
#include <doctest/doctest.h>
#include <latch>
#include <semaphore>
#include <stdexcept>
#include <talome/errors.hpp>
#include <thread>
#include <vector>

using namespace talome;
using auth::Passwords;

namespace {

/// Work that stands until it is let go, so that a test decides what waits behind it.
struct Stand {
    std::counting_semaphore<64> gone{0};
    std::atomic<int> begun{0};
    std::function<void()> work = [this] {
        ++begun;
        gone.acquire();
    };
    void waitFor(int n) const {
        while (begun < n) std::this_thread::yield();
    }
};

bool refused(const std::function<void()>& call) {
    try {
        call();
        return false;
    } catch (const Limited&) {
        return true;
    }
}

} // namespace

TEST_CASE("passwords are hashed and verified elsewhere") {
    Passwords passwords;
    const auto one = passwords.hash("correct horse", "10.0.0.1"), two = passwords.hash("correct horse", "10.0.0.1");
    CHECK(one != two);
    CHECK(passwords.verify("correct horse", one, "10.0.0.1"));
    CHECK_FALSE(passwords.verify("correct horsf", one, "10.0.0.1"));
    CHECK_FALSE(auth::isOutdated(one));
    passwords.verifyNothing("correct horse", "10.0.0.1");
    CHECK_FALSE(passwords.verify("", auth::hashOfNobody(), "10.0.0.1"));
    CHECK_THROWS_AS(passwords.verify("x", "plain text", "10.0.0.1"), std::runtime_error);
}

TEST_CASE("hashes of bcrypt are verified, and known to be outdated") {
    // The same password by OpenBSD's and by older programs (bcrypt test vectors of libxcrypt).
    const std::string hash = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    CHECK(auth::verifyPassword("U*U", hash));
    CHECK(auth::verifyPassword("U*U", "$2a$" + hash.substr(4)));
    CHECK_FALSE(auth::verifyPassword("U*V", hash));
    CHECK_FALSE(auth::verifyPassword(std::string("U*U\0x", 5), hash));
    CHECK_FALSE(auth::verifyPassword("U*U", "$2b$05$nonsense"));
    CHECK(auth::isOutdated(hash));
}

TEST_CASE("networks take turns: who has much to do waits behind who has little") {
    Passwords passwords({1, 8, 24});
    Stand stand;
    std::vector<std::jthread> threads;
    threads.emplace_back([&] { passwords.run("10.0.0.1", stand.work); });
    stand.waitFor(1);
    std::mutex mutex;
    std::vector<std::string> order;
    std::atomic<int> sent{0};
    const auto send = [&](const std::string& peer) {
        threads.emplace_back([&, peer] {
            ++sent;
            passwords.run(peer, [&] {
                const std::lock_guard lock(mutex);
                order.push_back(peer);
            });
        });
    };
    for (int i = 0; i < 6; ++i) send("10.0.0.1");
    while (sent < 6) std::this_thread::yield();
    send("10.0.0.2");
    std::this_thread::sleep_for(std::chrono::milliseconds(50)); // until all of them wait
    stand.gone.release();
    threads.clear();
    REQUIRE(order.size() == 7);
    CHECK(order[0] == "10.0.0.2");
}

TEST_CASE("places are bounded for a network and in all, and the greediest gives way") {
    Passwords passwords({1, 3, 4});
    Stand stand;
    std::atomic<int> turnedAway{0}, served{0};
    std::vector<std::jthread> threads;
    const auto send = [&](const std::string& peer) {
        threads.emplace_back(
            [&, peer] { (refused([&] { passwords.run(peer, stand.work); }) ? turnedAway : served)++; });
    };
    send("10.0.0.1");
    stand.waitFor(1);
    send("10.0.0.1");
    send("10.0.0.1");
    std::this_thread::sleep_for(std::chrono::milliseconds(50)); // until they wait
    CHECK(refused([&] { passwords.run("10.0.0.1", [] {}); }));
    CHECK(turnedAway == 0);
    send("10.0.0.2");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    send("10.0.0.3"); // all four places are taken: one of 10.0.0.1's is given up
    while (turnedAway < 1) std::this_thread::yield();
    send("10.0.0.4"); // and the other one that waits
    while (turnedAway < 2) std::this_thread::yield();
    CHECK(refused([&] { passwords.run("10.0.0.5", [] {}); })); // nobody has more than one place now
    stand.gone.release(8);
    threads.clear();
    CHECK(served == 4);
    CHECK(turnedAway == 2);
}

TEST_CASE("a network that has just guessed wrong waits behind the others") {
    Passwords passwords({1, 8, 24});
    const auto hash = auth::hashPassword("right");
    CHECK_FALSE(passwords.verify("wrong", hash, "10.0.0.1"));
    passwords.verifyNothing("wrong", "10.0.0.2");
    CHECK(passwords.verify("right", hash, "10.0.0.9"));
    Stand stand;
    std::vector<std::jthread> threads;
    threads.emplace_back([&] { passwords.run("10.0.0.5", stand.work); });
    stand.waitFor(1);
    std::mutex mutex;
    std::vector<std::string> order;
    for (const char* peer : {"10.0.0.1", "10.0.0.2", "10.0.0.9"}) // turn by turn the last of them would be last
        threads.emplace_back([&, peer] {
            passwords.run(peer, [&] {
                const std::lock_guard lock(mutex);
                order.emplace_back(peer);
            });
        });
    std::this_thread::sleep_for(std::chrono::milliseconds(300)); // until all of them wait; longer does no harm
    stand.gone.release();
    threads.clear();
    REQUIRE(order.size() == 3);
    CHECK(order[0] == "10.0.0.9");
}
