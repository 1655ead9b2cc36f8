#include "fake_host.hpp"

#include <doctest/doctest.h>
#include <talome/fetch.hpp>

namespace {

struct Asking {
    FakeHost fake;
    talome::Registry registry{fake.host(), fake.self()};
    talome::Host host = registry.host();
    Asking() { registry.needs(TALOME_FETCH); }
};

} // namespace

TEST_CASE("a fetch gives head and body, and throws what fails") {
    Asking asking;
    const auto answer = talome::fetch(
        asking.host, nullptr, {.method = "POST", .url = "http://example.com/", .headers = {{"A", "b"}}, .body = "hi "});
    CHECK(answer.ok());
    CHECK(answer.header("content-type") == "text/plain");
    CHECK(answer.header("content") == "");
    CHECK(answer.body == "hi A=b!");
    CHECK(asking.fake.sent.back() == "fetch POST http://example.com/");
    asking.fake.fetchStatus = TALOME_E_UNAVAILABLE;
    CHECK_THROWS_AS(talome::fetch(asking.host, nullptr, {.url = "http://example.com/"}), talome::Unavailable);
}

TEST_CASE("a body may be pulled, and what a callback throws comes out of the fetch") {
    Asking asking;
    std::string_view rest = "a body in pieces";
    const auto pull = [&](void* to, std::size_t n) {
        n = std::min(n, rest.size());
        std::memcpy(to, rest.data(), n);
        rest.remove_prefix(n);
        return n;
    };
    CHECK(talome::fetch(asking.host, nullptr, {.method = "PUT", .url = "http://a/", .pull = pull}).body ==
          "a body in pieces!");
    const auto refuse = [](std::string_view) -> bool { throw talome::Conflict("not this one"); };
    CHECK_THROWS_AS(talome::fetchInto(asking.host, nullptr, {.url = "http://a/"}, {.onData = refuse}),
                    talome::Conflict);
}

TEST_CASE("a stream hears until it ends or its object goes") {
    Asking asking;
    std::string heard;
    const talome::FetchCalls calls{
        .onHead = [&](const auto& head) { heard += std::to_string(head.status) + " "; },
        .onData = [&](std::string_view data) { heard += data; },
        .onEnded = [&](talome_status status,
                       std::string_view words) { heard += " " + std::to_string(status) + " " + std::string(words); }};
    talome::FetchStream stream(asking.host, {.url = "http://a/"}, calls);
    const auto c = asking.fake.fetches.at(1);
    const talome_fetch_answer head{sizeof head, 200, nullptr, 0, 0, {}};
    c.head(c.user, 1, &head);
    c.body(c.user, 1, talome::bytes("data"));
    stream.pause(true);
    CHECK(asking.fake.sent.back() == "pause 1 1");
    c.ended(c.user, 1, TALOME_E_TIMEOUT, talome::str("late"));
    CHECK(heard == "200 data -13 late");

    talome::FetchStream other(asking.host, {.url = "http://a/"}, calls);
    const auto d = asking.fake.fetches.at(2);
    other = {};
    CHECK(!asking.fake.fetches.contains(2));
    d.body(d.user, 2, talome::bytes("late"));
    CHECK(heard == "200 data -13 late");
}
