// Requests that open a WebSocket, those that do not, and what is agreed about compression.
#include "host/http/error.hpp"
#include "host/http/websocket_handshake.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

using namespace talome::http;

namespace {

const std::string kFields =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n";

WebSocketHandshake accept(const std::string& fields, const WebSocketOptions& options = {},
                          const std::string& line = "GET /ws HTTP/1.1") {
    const auto text = line + "\r\nHost: a\r\n" + fields + "\r\n";
    RequestHead head;
    REQUIRE_FALSE(readHead(text, head));
    return acceptWebSocket(head, options);
}

int statusOf(const std::string& fields, const std::string& line = "GET /ws HTTP/1.1") {
    try {
        accept(fields, {}, line);
        return 101;
    } catch (const HttpError& error) {
        CHECK_FALSE(error.text.empty());
        auto has = [&](const char* name) {
            return std::any_of(error.headers.begin(), error.headers.end(), [&](auto& h) { return h.first == name; });
        };
        CHECK(has("Upgrade") == (error.status == 426));
        CHECK(has("Sec-WebSocket-Version") == (error.status == 426));
        return error.status;
    }
}

// kFields with one of them replaced, or left out.
std::string with(const std::string& name, const std::string& lines) {
    auto fields = kFields;
    const auto at = fields.find(name + ":");
    REQUIRE(at != fields.npos);
    return fields.replace(at, fields.find("\r\n", at) + 2 - at, lines);
}

std::string extensionsOf(const std::string& offer, const DeflateParameters& wish) {
    return accept(kFields + "Sec-WebSocket-Extensions: " + offer + "\r\n", {.deflate = wish}).extensions;
}

std::string protocolOf(const std::string& lines, std::vector<std::string> known = {"chat", "talome.v1"}) {
    return accept(kFields + lines, {.protocols = std::move(known)}).protocol;
}

} // namespace

TEST_CASE("websocket handshake: the example of RFC 6455") {
    const auto handshake = accept(kFields);
    CHECK(handshake.acceptKey == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(handshake.protocol.empty());
    CHECK_FALSE(handshake.deflate);
    CHECK(handshake.head("0123abcd") ==
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
          "X-Request-Id: 0123abcd\r\n\r\n");
}

TEST_CASE("websocket handshake: everything in the answer") {
    const auto handshake =
        accept(kFields + "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
               {.protocols = {"chat"}, .deflate = DeflateParameters{}});
    ResponseFields more;
    more.add("Set-Cookie", "a=b");
    const auto head = handshake.head("id", more);
    for (auto line : {"\r\nSec-WebSocket-Protocol: chat\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
                      "\r\nSet-Cookie: a=b\r\n"})
        CHECK_MESSAGE(head.find(line) != head.npos, line);
    CHECK(head.substr(head.size() - 4) == "\r\n\r\n");
    REQUIRE(handshake.deflate);
    CHECK(handshake.deflate->serverWindowBits == 12);
    CHECK(handshake.deflate->clientWindowBits == 15); // the client did not say that it can do with less
}

TEST_CASE("websocket handshake: what is an upgrade, and what is none") {
    CHECK(statusOf(kFields) == 101);
    CHECK(statusOf(kFields + "Content-Length: 0\r\n") == 101);
    CHECK(statusOf(with("Connection", "connection: keep-alive, UPGRADE\r\n")) == 101);
    CHECK(statusOf(with("Connection", "Connection: keep-alive\r\nConnection: upgrade\r\n")) == 101);
    CHECK(statusOf(with("Upgrade", "upgrade: h2c , WebSocket\r\n")) == 101);
    CHECK(statusOf("") == 426);
    CHECK(statusOf("", "POST /ws HTTP/1.1") == 426);
    CHECK(statusOf(with("Connection", "")) == 426);
    CHECK(statusOf(with("Connection", "Connection: keep-alive\r\n")) == 426);
    CHECK(statusOf(with("Connection", "Connection: not-upgrade\r\n")) == 426);
    CHECK(statusOf(with("Connection", "Connection: \"upgrade\"\r\n")) == 426);
    CHECK(statusOf(with("Upgrade", "")) == 426);
    CHECK(statusOf(with("Upgrade", "Upgrade: h2c\r\n")) == 426);
    CHECK(statusOf(kFields, "GET /ws HTTP/1.0") == 426);
}

TEST_CASE("websocket handshake: methods, bodies, versions and keys") {
    for (auto method : {"POST", "HEAD", "get", "PUT"})
        CHECK(statusOf(kFields, method + std::string(" / HTTP/1.1")) == 400);
    CHECK(statusOf(kFields + "Content-Length: 1\r\n") == 400);
    CHECK(statusOf(kFields + "Transfer-Encoding: chunked\r\n") == 400);
    for (auto version : {"", "8", "12", "14", "013", "13, 8", "x"})
        CHECK(statusOf(with("Sec-WebSocket-Version", std::string("Sec-WebSocket-Version: ") + version + "\r\n")) ==
              426);
    CHECK(statusOf(with("Sec-WebSocket-Version", "")) == 426);
    CHECK(statusOf(kFields + "Sec-WebSocket-Version: 13\r\n") == 400);
    auto withKey = [](const std::string& key) {
        return statusOf(with("Sec-WebSocket-Key", "Sec-WebSocket-Key: " + key + "\r\n"));
    };
    CHECK(withKey("AQIDBAUGBwgJCgsMDQ4PEC==") == 101); // the other example of RFC 6455
    CHECK(withKey("+/+/+/+/+/+/+/+/+/+/+w==") == 101);
    for (auto key : {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQA=",
                     "dGhlIHNhbXBsZSBub25jZQAA", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25j Q==",
                     "dGhlIHNhbXBsZSBub25j-Q==", "=GhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ=="})
        CHECK_MESSAGE(withKey(key) == 400, key);
    CHECK(statusOf(with("Sec-WebSocket-Key", "")) == 400);
    CHECK(statusOf(kFields + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n") == 400);
}

TEST_CASE("websocket handshake: the sub-protocol is the client's first that the route knows") {
    CHECK(protocolOf("") == "");
    CHECK(protocolOf("Sec-WebSocket-Protocol: chat\r\n") == "chat");
    CHECK(protocolOf("Sec-WebSocket-Protocol: x, talome.v1 ,chat\r\n") == "talome.v1");
    CHECK(protocolOf("Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: chat\r\n") == "chat");
    CHECK(protocolOf("Sec-WebSocket-Protocol: Chat\r\n") == "");
    CHECK(protocolOf("Sec-WebSocket-Protocol: chat\r\n", {}) == "");
    for (auto list : {"a b", "chat;x", "\"chat\"", "chat, chat", "a/b"})
        CHECK(statusOf(kFields + "Sec-WebSocket-Protocol: " + list + "\r\n") == 400);
}

TEST_CASE("websocket handshake: extensions that do not follow the grammar") {
    for (auto list : {"permessage-deflate;", "permessage-deflate; a=", "permessage-deflate; =a", "permessage-deflate a",
                      "permessage-deflate; a=\"b", "permessage-deflate; a=\"\"", "permessage-deflate; a=\"b c\"",
                      "permessage-deflate; a=b c", "@", "a; b;; c", "permessage-deflate; a=\"b\"c", "a;b=\"\\", "a=b"})
        CHECK_MESSAGE(statusOf(kFields + "Sec-WebSocket-Extensions: " + list + "\r\n") == 400, list);
    for (auto list : {"", ",", "x, ,y", "x-webkit-deflate-frame", "a; b; c=d; e=\"f\\g\" , h"})
        CHECK_MESSAGE(statusOf(kFields + "Sec-WebSocket-Extensions: " + list + "\r\n") == 101, list);
}

TEST_CASE("websocket handshake: permessage-deflate") {
    struct Case {
        const char *offer, *answer;
    };
    const DeflateParameters wide{15, 15, false, false}, narrow{11, 10, false, false}, alone{12, 12, true, true};
    for (const auto& row :
         {Case{"permessage-deflate", "permessage-deflate"},
          {"permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=15"},
          {"permessage-deflate; client_max_window_bits=9", "permessage-deflate; client_max_window_bits=9"},
          {"permessage-deflate; client_max_window_bits=8", "permessage-deflate; client_max_window_bits=8"},
          {"permessage-deflate; client_max_window_bits=\"10\"", "permessage-deflate; client_max_window_bits=10"},
          {"permessage-deflate; server_max_window_bits=15", "permessage-deflate; server_max_window_bits=15"},
          {"permessage-deflate; server_max_window_bits=9", "permessage-deflate; server_max_window_bits=9"},
          {"permessage-deflate ; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"},
          {"permessage-deflate;client_no_context_takeover", "permessage-deflate; client_no_context_takeover"},
          {"permessage-deflate; client_max_window_bits=13; server_max_window_bits=12; client_no_context_takeover; "
           "server_no_context_takeover",
           "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; "
           "client_max_window_bits=13"},
          {"permessage-deflate; unknown, permessage-deflate; server_max_window_bits=8, x, permessage-deflate",
           "permessage-deflate"},
          {"x-other; a=b, permessage-deflate; server_max_window_bits=10, permessage-deflate",
           "permessage-deflate; server_max_window_bits=10"},
          {"Permessage-Deflate", ""},
          {"permessage-deflate; unknown", ""},
          {"permessage-deflate; server_max_window_bits=8", ""},
          {"permessage-deflate; server_max_window_bits", ""},
          {"permessage-deflate; server_max_window_bits=7", ""},
          {"permessage-deflate; server_max_window_bits=16", ""},
          {"permessage-deflate; server_max_window_bits=010", ""},
          {"permessage-deflate; server_max_window_bits=1e1", ""},
          {"permessage-deflate; client_max_window_bits=0", ""},
          {"permessage-deflate; client_max_window_bits=100", ""},
          {"permessage-deflate; client_max_window_bits=-9", ""},
          {"permessage-deflate; server_no_context_takeover=1", ""},
          {"permessage-deflate; client_no_context_takeover=\"true\"", ""},
          {"permessage-deflate; client_max_window_bits; client_max_window_bits=10", ""},
          {"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", ""},
          {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", ""}})
        CHECK_MESSAGE(extensionsOf(row.offer, wide) == row.answer, row.offer);
    CHECK(extensionsOf("permessage-deflate", narrow) == "permessage-deflate");
    CHECK(extensionsOf("permessage-deflate; client_max_window_bits; server_max_window_bits=15", narrow) ==
          "permessage-deflate; server_max_window_bits=11; client_max_window_bits=10");
    CHECK(extensionsOf("permessage-deflate; client_max_window_bits=9; server_max_window_bits=9", narrow) ==
          "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9");
    CHECK(extensionsOf("permessage-deflate", alone) ==
          "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    CHECK_THROWS_AS(extensionsOf("", DeflateParameters{8, 12, false, false}), std::invalid_argument);
    CHECK(accept(kFields + "Sec-WebSocket-Extensions: permessage-deflate\r\n").extensions == "");
}
