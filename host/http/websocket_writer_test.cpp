// Frames of the server: their bytes, and what a client reads from them.
#include "host/http/websocket_test_client.hpp"
#include "host/http/websocket_writer.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace talome::http;
using namespace talome::http::testing;
using namespace std::string_literals;

TEST_CASE("websocket writer: the bytes of small frames") {
    WebSocketWriter writer;
    CHECK(writer.frame(Opcode::text, "Hello") == "\x81\x05Hello"); // RFC 6455, 5.7
    CHECK(writer.frame(Opcode::binary, "") == "\x82\x00"s);
    CHECK(WebSocketWriter::pingFrame() == "\x89\x00"s);
    CHECK(WebSocketWriter::pongFrame("Hello") == "\x8a\x05Hello");
    CHECK(WebSocketWriter::closeFrame(1000) == "\x88\x02\x03\xe8");
    CHECK(WebSocketWriter::closeFrame(1001, "bye") == "\x88\x05\x03\xe9"
                                                      "bye");
    CHECK(WebSocketWriter::closeFrame(kCloseNoCode) == "\x88\x00"s);
    CHECK(*WebSocketWriter::sharedFrame(Opcode::text, "a") == "\x81\x01"
                                                              "a");
}

TEST_CASE("websocket writer: lengths have their shortest form") {
    struct Case {
        std::size_t n;
        std::string head;
    };
    for (const auto& [n, head] : {Case{125, "\x82\x7d"},
                                  {126, "\x82\x7e\x00\x7e"s},
                                  {127, "\x82\x7e\x00\x7f"s},
                                  {65535, "\x82\x7e\xff\xff"},
                                  {65536, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s}}) {
        const std::string payload(n, 'x');
        CHECK(WebSocketWriter::plainFrame(Opcode::binary, payload) == head + payload);
    }
}

TEST_CASE("websocket writer: frames one after another") {
    WebSocketWriter writer;
    std::string out;
    writer.append(out, Opcode::text, "a");
    writer.append(out, Opcode::ping, "");
    writer.append(out, Opcode::binary, std::string(300, 'b'));
    CHECK(takeServerFrame(out).payload == "a");
    CHECK(takeServerFrame(out).first == 0x89);
    CHECK(takeServerFrame(out).payload == std::string(300, 'b'));
    CHECK(out.empty());
}

TEST_CASE("websocket writer: a close reason is cut between characters") {
    struct Case {
        std::string reason, sent;
    };
    const auto a = [](std::size_t n) { return std::string(n, 'a'); };
    for (const auto& [reason, sent] : {Case{a(123), a(123)},
                                       {a(124), a(123)},
                                       {a(122) + "ä", a(122)},
                                       {a(121) + "ä", a(121) + "ä"},
                                       {a(121) + "€", a(121)},
                                       {a(120) + "😀", a(120)},
                                       {a(119) + "😀b", a(119) + "😀"},
                                       {"\xff", ""},
                                       {a(130) + "\xc3", ""}}) {
        auto bytes = WebSocketWriter::closeFrame(1011, reason);
        CHECK(takeServerFrame(bytes).payload == closePayload(1011, sent));
    }
}

TEST_CASE("websocket writer: what may not be sent") {
    WebSocketWriter writer;
    const std::string tooLong(126, 'a');
    CHECK_THROWS_AS(writer.frame(Opcode::ping, tooLong), std::invalid_argument);
    CHECK_THROWS_AS(WebSocketWriter::pongFrame(tooLong), std::invalid_argument);
    CHECK_THROWS_AS(writer.frame(Opcode::continuation, "a"), std::invalid_argument);
    for (int code : {0, 999, 1004, 1006, 1015, 2000, 5000})
        CHECK_THROWS_AS(WebSocketWriter::closeFrame(static_cast<std::uint16_t>(code)), std::invalid_argument);
}
