// The reader, over the ground that the Autobahn suite's groups 1 to 10 cover: each case is fed whole, byte by byte, and
// in other pieces, and must come out the same.
#include "host/http/websocket_reader.hpp"
#include "host/http/websocket_test_client.hpp"

#include <doctest/doctest.h>

#include <random>
#include <stdexcept>

using namespace talome::http;
using namespace talome::http::testing;
using namespace std::string_literals;

namespace {

using Lines = std::vector<std::string>;

Outcome outcomeOf(const std::string& bytes, WebSocketLimits limits = {}) {
    WebSocketReader whole(limits);
    auto outcome = feedInSteps(whole, bytes, std::string::npos);
    for (std::size_t step : {1, 2, 3, 5, 7, 64, 997}) {
        WebSocketReader reader(limits);
        CHECK(feedInSteps(reader, bytes, step) == outcome);
    }
    return outcome;
}

void checkTaken(const std::string& bytes, const Lines& events, WebSocketLimits limits = {}) {
    CHECK(outcomeOf(bytes, limits) == Outcome{events, 0});
}

// The frames before the fault are reported, nothing after it is: a ping always follows.
void checkRefused(const std::string& bytes, int code, const Lines& events = {}, WebSocketLimits limits = {}) {
    CHECK(outcomeOf(bytes + clientFrame(kPing, "late"), limits) == Outcome{events, code});
}

std::string ascii(std::size_t n) { return std::string(n, '*'); }

} // namespace

TEST_CASE("websocket 1: frames of each length, text and binary") {
    for (std::size_t n : {0, 1, 15, 16, 125, 126, 127, 128, 4096, 65535, 65536}) {
        checkTaken(clientFrame(kText, ascii(n)), {"text:" + ascii(n)});
        checkTaken(clientFrame(kBinary, std::string(n, '\xfe')), {"binary:" + std::string(n, '\xfe')});
    }
}

TEST_CASE("websocket 1: every mask and every place in it") {
    for (std::uint32_t mask : {0u, 0xffffffffu, 0x01020304u, 0x80000000u})
        checkTaken(clientFrame(kText, "the quick brown fox", {.mask = mask}), {"text:the quick brown fox"});
}

TEST_CASE("websocket 1: a length has its shortest form") {
    checkRefused(clientFrame(kText, ascii(125), {.lengthBytes = 2}), 1002);
    checkRefused(clientFrame(kText, ascii(0), {.lengthBytes = 2}), 1002);
    checkRefused(clientFrame(kText, ascii(65535), {.lengthBytes = 8}), 1002);
    checkRefused(clientFrame(kText, ascii(5), {.lengthBytes = 8}), 1002);
    checkRefused("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x01 mask"s, 1002); // the highest bit
}

TEST_CASE("websocket 1: frames of a client are masked") {
    checkRefused(clientFrame(kText, "a", {.masked = false}), 1002);
    checkRefused(clientFrame(kPing, "", {.masked = false}), 1002);
    checkRefused(clientFrame(kText, "a") + clientFrame(kClose, "", {.masked = false}), 1002, {"text:a"});
}

TEST_CASE("websocket 2: pings and pongs") {
    for (std::size_t n : {0, 5, 124, 125}) {
        checkTaken(clientFrame(kPing, ascii(n)), {"ping:" + ascii(n)});
        checkTaken(clientFrame(kPong, ascii(n)), {"pong:" + ascii(n)});
    }
    checkTaken(clientFrame(kPing, "\x00\xff\xfe\xfd"s), {"ping:\x00\xff\xfe\xfd"s}); // any bytes
    checkRefused(clientFrame(kPing, ascii(126)), 1002);
    checkRefused(clientFrame(kPong, ascii(65536)), 1002);
    checkRefused(clientFrame(kPing, ascii(5), {.lengthBytes = 2}), 1002);
    std::string pings;
    Lines events;
    for (int i = 0; i < 10; ++i) {
        pings += clientFrame(kPing, std::to_string(i));
        events.push_back("ping:" + std::to_string(i));
    }
    checkTaken(pings, events);
}

TEST_CASE("websocket 3: reserved bits") {
    for (int opcode : {kText, kBinary, kClose, kPing, kPong})
        for (int bits = 1; bits < 8; ++bits)
            checkRefused(clientFrame(kText, "a") + clientFrame(opcode, "", {.reserved = bits}), 1002, {"text:a"});
    checkRefused(clientFrame(kText, "a", {.final = false}) + clientFrame(kContinuation, "b", {.reserved = 4}), 1002);
}

TEST_CASE("websocket 4: reserved opcodes") {
    for (int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
        checkRefused(clientFrame(opcode, "a"), 1002);
        checkRefused(clientFrame(kPing, "") + clientFrame(opcode, ""), 1002, {"ping:"});
    }
}

TEST_CASE("websocket 5: fragments") {
    const FrameShape more{.final = false};
    checkTaken(clientFrame(kText, "a", more) + clientFrame(kContinuation, "b"), {"text:ab"});
    checkTaken(clientFrame(kText, "", more) + clientFrame(kContinuation, "", more) + clientFrame(kContinuation, ""),
               {"text:"});
    checkTaken(clientFrame(kBinary, "a", more) + clientFrame(kPing, "p") + clientFrame(kContinuation, "b", more) +
                   clientFrame(kPong, "") + clientFrame(kContinuation, "c") + clientFrame(kText, "d"),
               {"ping:p", "pong:", "binary:abc", "text:d"});
    checkRefused(clientFrame(kPing, "a", more), 1002);
    checkRefused(clientFrame(kPong, "a", more), 1002);
    checkRefused(clientFrame(kClose, "", more), 1002);
    checkRefused(clientFrame(kContinuation, "a"), 1002);
    checkRefused(clientFrame(kContinuation, "a", more), 1002);
    checkRefused(clientFrame(kText, "a") + clientFrame(kContinuation, "b"), 1002, {"text:a"});
    checkRefused(clientFrame(kText, "a", more) + clientFrame(kText, "b"), 1002);
    checkRefused(clientFrame(kText, "a", more) + clientFrame(kBinary, "b", more), 1002);
}

TEST_CASE("websocket 6: text is UTF-8, also across fragments; binary is anything") {
    const auto text = "Hello-µ@ßöäüàá-UTF-8!!😀"s;
    for (std::size_t step = 1; step < text.size(); ++step) checkTaken(fragmented(kText, text, step), {"text:" + text});
    for (const auto& bad :
         {"\xff"s, "\xce\xba\xe1\xbd\xb9\xed\xa0\x80"s, "\xf4\x90\x80\x80"s, "\xc0\xaf"s, "a\xc3"s, "\xf0\x9f\x98"s}) {
        checkRefused(clientFrame(kText, bad), 1007);
        checkRefused(fragmented(kText, bad, 1), 1007);
        checkTaken(fragmented(kBinary, bad, 1), {"binary:" + bad});
        checkTaken(clientFrame(kPing, bad), {"ping:" + bad});
    }
    // A character is not finished by the next message, nor broken by a control frame.
    checkRefused(clientFrame(kText, "\xc3") + clientFrame(kText, "\xa4"), 1007);
    checkTaken(clientFrame(kText, "\xc3", {.final = false}) + clientFrame(kPing, "\xff") +
                   clientFrame(kContinuation, "\xa4"),
               {"ping:\xff", "text:ä"});
}

TEST_CASE("websocket 6: a text is refused at its first byte that cannot be mended") {
    const auto before = "κόσμε"s;
    const auto bytes = clientFrame(kText, before + "\xf4\x90\x80\x80" + "edited");
    WebSocketReader reader({});
    CHECK(bytesUntilRefusal(reader, bytes) == 6 + before.size() + 2);
    const auto parts = clientFrame(kText, before + "\xf4", {.final = false}) + clientFrame(kContinuation, "\x90");
    WebSocketReader second({});
    CHECK(bytesUntilRefusal(second, parts) == parts.size());
}

TEST_CASE("websocket: other faults are seen at their byte too") {
    struct Case {
        std::string bytes;
        std::size_t at;
    };
    for (const auto& fault : {Case{"\xf1", 1},
                              {"\x83", 1},
                              {"\x80", 1},
                              {"\x09", 1},
                              {"\x81\x05", 2},
                              {"\x89\xfe", 2},
                              {"\x82\xfe\x00\x7d"s, 4},
                              {"\x82\xfe\xff\xff", 4},
                              {"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff"s, 10}}) {
        WebSocketReader reader({.message = 1000});
        CHECK_MESSAGE(bytesUntilRefusal(reader, fault.bytes) == fault.at, fault.bytes);
    }
}

TEST_CASE("websocket 7: close frames") {
    checkTaken(clientFrame(kClose, ""), {"close 1005:"});
    for (int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999})
        checkTaken(clientFrame(kClose, closePayload(code, "bye")), {"close " + std::to_string(code) + ":bye"});
    for (int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
        checkRefused(clientFrame(kClose, closePayload(code)), 1002);
    checkRefused(clientFrame(kClose, "a"), 1002);
    checkTaken(clientFrame(kClose, closePayload(1000, ascii(123))), {"close 1000:" + ascii(123)});
    checkRefused(clientFrame(kClose, closePayload(1000, ascii(124))), 1002);
    checkTaken(clientFrame(kClose, closePayload(1000, "äöü")), {"close 1000:äöü"});
    checkRefused(clientFrame(kClose, closePayload(1000, "\xce\xba\xed\xa0\x80")), 1007);
    checkRefused(clientFrame(kClose, closePayload(1000, "\xc3")), 1007);
}

TEST_CASE("websocket 7: what follows a close frame is ignored, and a message under way is dropped") {
    checkTaken(clientFrame(kClose, "") + clientFrame(kText, "a") + "\xff\xff", {"close 1005:"});
    checkTaken(clientFrame(kText, "a", {.final = false}) + clientFrame(kClose, "") + clientFrame(kContinuation, "b"),
               {"close 1005:"});
    WebSocketReader reader({});
    Recorder recorder;
    CHECK_FALSE(reader.closed());
    reader.feed(clientFrame(kClose, ""), recorder);
    CHECK(reader.closed());
    CHECK_FALSE(reader.refused());
}

TEST_CASE("websocket 9: limits of a message and of a frame") {
    const WebSocketLimits limits{.message = 1000, .frame = 400};
    checkTaken(clientFrame(kText, ascii(400)), {"text:" + ascii(400)}, limits);
    checkRefused(clientFrame(kText, ascii(401)), 1009, {}, limits);
    checkTaken(fragmented(kText, ascii(1000), 400), {"text:" + ascii(1000)}, limits);
    checkTaken(fragmented(kText, ascii(1000), 1), {"text:" + ascii(1000)}, limits);
    checkRefused(fragmented(kText, ascii(1001), 400), 1009, {}, limits);
    checkRefused(fragmented(kText, ascii(1001), 1), 1009, {}, limits);
    checkTaken(clientFrame(kText, ascii(400)) + fragmented(kBinary, ascii(1000), 250),
               {"text:" + ascii(400), "binary:" + ascii(1000)}, limits);
    checkTaken(clientFrame(kPing, ascii(125)), {"ping:" + ascii(125)}, {.message = 1, .frame = 1});
    checkTaken(clientFrame(kText, ""), {"text:"}, {.message = 0});
    checkRefused(clientFrame(kText, "a"), 1009, {}, {.message = 0});
}

TEST_CASE("websocket 9: a declared length is refused before anything is kept for it") {
    for (const auto& head : {"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"s, "\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00"s,
                             "\x82\xff\x00\x00\x00\x01\x00\x00\x00\x00"s}) {
        WebSocketReader reader({.message = 65536});
        Recorder recorder;
        CHECK(reader.feed(head, recorder).code == 1009);
    }
    // Allowed but never sent: nothing is kept for it either.
    WebSocketReader reader({.message = UINT64_MAX, .frame = UINT64_MAX});
    Recorder recorder;
    CHECK_FALSE(reader.feed("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff masked and a bit of data"s, recorder));
    CHECK(recorder.lines.empty());
}

TEST_CASE("websocket 9 and 10: large messages, whole and in fragments") {
    const std::string large(1 << 20, 'x');
    const WebSocketLimits limits{.message = large.size()};
    for (std::size_t step : {std::size_t{1300}, std::size_t{65536}, large.size()})
        for (std::size_t chop : {std::size_t{1447}, std::size_t{65536}, large.size() * 2}) {
            WebSocketReader reader(limits);
            CHECK(feedInSteps(reader, fragmented(kText, large, step), chop) == Outcome{{"text:" + large}, 0});
        }
}

TEST_CASE("websocket: a refusal is final and repeated") {
    WebSocketReader reader({});
    Recorder recorder;
    const auto first = reader.feed(clientFrame(3, ""), recorder);
    const auto again = reader.feed(clientFrame(kText, "a"), recorder);
    CHECK(first.code == 1002);
    CHECK_FALSE(first.words.empty());
    CHECK(again.code == first.code);
    CHECK(again.words == first.words);
    CHECK(reader.feed("", recorder).code == 1002);
    CHECK(reader.refused());
    CHECK(recorder.lines.empty());
}

TEST_CASE("websocket: nothing is read after a handler that threw") {
    struct Thrower : Recorder {
        void onMessage(Opcode, std::string&&) override { throw std::runtime_error("no"); }
    } thrower;
    WebSocketReader reader({});
    CHECK_THROWS_AS(reader.feed(clientFrame(kText, "a") + clientFrame(kPing, ""), thrower), std::runtime_error);
    CHECK(reader.feed(clientFrame(kPing, ""), thrower).code == 1011);
    CHECK(thrower.lines.empty());
}

TEST_CASE("websocket: a message may be taken away or left") {
    struct Taker : Recorder {
        void onMessage(Opcode kind, std::string&& payload) override {
            if (kind == Opcode::binary) taken = std::move(payload);
            ++count;
        }
        std::string taken;
        int count = 0;
    } taker;
    WebSocketReader reader({});
    const std::string payload(3000, 'y');
    for (int opcode : {kBinary, kText, kBinary, kBinary}) {
        taker.taken.clear();
        CHECK_FALSE(reader.feed(clientFrame(opcode, payload), taker));
        CHECK(taker.taken == (opcode == kBinary ? payload : ""));
    }
    CHECK(taker.count == 4);
}

TEST_CASE("websocket: a thousand random messages, cut at random places") {
    std::mt19937 random(4711);
    auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
    std::string bytes;
    Lines events;
    for (int i = 0; i < 1000; ++i) {
        std::string payload(below(below(10) ? 300 : 70000), '\0');
        const bool text = below(2);
        for (auto& c : payload) c = static_cast<char>(text ? 'a' + below(26) : below(256));
        const auto step = below(2) ? payload.size() + 1 : 1 + below(payload.size() + 1);
        for (std::size_t at = 0; at == 0 || at < payload.size(); at += step) {
            const FrameShape shape{.final = at + step >= payload.size(), .mask = static_cast<std::uint32_t>(random())};
            bytes += clientFrame(at ? kContinuation : text ? kText : kBinary, payload.substr(at, step), shape);
            if (shape.final || below(50)) continue;
            bytes += clientFrame(kPing, "in between");
            events.push_back("ping:in between");
        }
        events.push_back((text ? "text:" : "binary:") + payload);
    }
    WebSocketReader reader({.message = 70000});
    Recorder recorder;
    for (std::string_view rest = bytes; !rest.empty();) {
        const auto n = std::min(rest.size(), 1 + below(below(2) ? 20 : 20000));
        REQUIRE_FALSE(reader.feed(rest.substr(0, n), recorder));
        rest.remove_prefix(n);
    }
    CHECK(recorder.lines == events);
}
