// Files and streams of the C++ layer: what becomes of a stream whose handle or client goes first.
#include "wired.hpp"

using namespace wired;
using talome::Sent;

TEST_CASE("a file is answered with what is said of it") {
    Living a;
    CHECK(a.host.request("wired.file", R"({"what":"bare"})") == Answer{0, ""});
    CHECK(a.host.request("wired.file", R"({"what":"a.txt"})") == Answer{0, ""});
    CHECK(a.sent() == Lines{"file 3    0", "file 4 a.txt text/plain private 1"});
    a.host.wireStatus = TALOME_E_INVALID;
    CHECK(a.host.request("wired.file", R"({"what":"bare"})") == Answer{TALOME_E_INVALID, "the wire says no"});
}

TEST_CASE("a stream goes on after its handler, until one side ends it") {
    Living a;
    CHECK(a.host.request("wired.follow", R"({"what":"room"})").first == TALOME_OK);
    talome::Stream& stream = a.wired().stream;
    REQUIRE(stream);
    CHECK(stream.write("a") == Sent::queued);
    CHECK(stream.event("data", "name", "7") == Sent::queued);
    CHECK(stream.queued() == 17);
    CHECK(a.sent() == Lines{"stream text/event-stream 9", "write 1 a", "event 1 name 7 data"});
    a.host.wireStatus = TALOME_E_LIMITED;
    CHECK(stream.write("b") == Sent::full);
    a.host.wireStatus = TALOME_E_GONE;
    CHECK(stream.event("c") == Sent::gone);
    CHECK_FALSE(stream.queued());
    a.host.wireStatus = TALOME_E_CONFLICT;
    CHECK_THROWS_AS(stream.event("d"), talome::Conflict);
    a.host.wireStatus = TALOME_OK;

    const talome_stream c = a.host.streams.at(1);
    c.room(c.user, 1);
    a.host.end(1, TALOME_ENDED_SLOW);
    CHECK(a.told() == "room;room ended 2;");
}

TEST_CASE("a stream that cannot be opened is an error, and takes no slot") {
    Living a;
    a.host.wireStatus = TALOME_E_UNAVAILABLE;
    for (int i = 0; i < 3; ++i)
        CHECK(a.host.request("wired.follow", R"({"what":"x"})") == Answer{TALOME_E_UNAVAILABLE, "the wire says no"});
    CHECK_FALSE(a.wired().stream);
    CHECK(a.told().empty());
}

TEST_CASE("a stream's late callbacks are harmless") {
    Living a;
    a.host.request("wired.follow", R"({"what":"room"})");
    const talome_stream first = a.host.streams.at(1);
    a.wired().stream = {}; // closes it, and nothing is told of it any more
    CHECK(a.sent().back() == "close 1");
    first.room(first.user, 1);
    CHECK(a.told().empty());
    a.host.end(1, TALOME_ENDED_BY_US);
    CHECK(a.told().empty());

    a.host.request("wired.follow", R"({"what":"second"})"); // in the slot of the first
    CHECK(a.host.streams.at(2).user == first.user);
    first.ended(first.user, 1, TALOME_ENDED_BY_CLIENT);
    first.room(first.user, 1);
    CHECK(a.told().empty());
    a.host.end(2, TALOME_ENDED_BY_CLIENT);
    CHECK(a.told() == "second ended 1;");

    a.host.request("wired.follow", R"({"what":"third"})"); // the handle of the second goes, and leaves the third alone
    a.host.end(3, TALOME_ENDED_BY_CLIENT);
    CHECK(a.told() == "third ended 1;");
}

TEST_CASE("a stream whose client leaves while it is being opened") {
    Living a;
    a.host.endsAtOnce = true;
    a.host.request("wired.follow", R"({"what":"short"})");
    a.host.ending.join();
    CHECK(a.told() == "short ended 1;");
    a.host.endsAtOnce = false;
    a.host.request("wired.follow", R"({"what":"throws"})");
    a.host.end(2, TALOME_ENDED_SILENT);
    CHECK(a.told() == "throws ended 3;");
    CHECK(a.host.log == Lines{"ended badly"});
}

TEST_CASE("callbacks that hold their own stream let go of it when it ends, or with the plugin") {
    FakeHost host;
    void* instance = nullptr;
    const auto plugin = talome::detail::describe<Wired>("wired", "1.0.0", "Is wired.");
    REQUIRE(plugin.create(host.host(), host.self(), &instance) == TALOME_OK);
    host.request("wired.follow", R"({"what":"own"})");
    host.request("wired.follow", R"({"what":"own"})");
    host.end(1, TALOME_ENDED_BY_CLIENT);
    CHECK(host.sent.back() == "close 1");
    plugin.destroy(instance);
    CHECK(host.sent.back() == "close 2");
}
