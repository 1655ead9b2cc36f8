#include "approvals.hpp"
#include "protocol/base64.hpp"
#include "protocol/origin_check.hpp"
#include "protocol/request_state.hpp"
#include "protocol/version.hpp"

#include <doctest/doctest.h>

using namespace talome::mcp;
namespace json = boost::json;

namespace {

int codeOf(const std::function<void()>& body, int* http = nullptr) {
    try {
        body();
    } catch (const RpcError& error) {
        if (http) *http = error.http;
        return error.code;
    }
    return 0;
}

Message messageOf(const char* text) {
    json::value id;
    return readMessage(parseBody(text), id);
}

} // namespace

TEST_CASE("Base64, both alphabets") {
    for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
        CHECK(fromBase64(toBase64(text)) == text);
        CHECK(fromBase64(toBase64Url(text)) == text);
    }
    CHECK(toBase64("foob") == "Zm9vYg==");
    CHECK(toBase64Url("\xfb\xff") == "-_8");
    CHECK(fromBase64("+/8=") == "\xfb\xff");
    CHECK(!fromBase64("Zm9v!"));
    CHECK(!fromBase64("Z"));
}

TEST_CASE("Messages are read strictly") {
    json::value id;
    int http = 0;
    CHECK(codeOf([] { parseBody("{"); }, &http) == kParseError);
    CHECK(http == 400);
    for (const char* wrong :
         {"1", "[]", "{}", R"({"jsonrpc":"1.0","id":1,"method":"x"})", R"({"jsonrpc":"2.0","id":null,"method":"x"})",
          R"({"jsonrpc":"2.0","id":1.5,"method":"x"})", R"({"jsonrpc":"2.0","id":1,"method":3})",
          R"({"jsonrpc":"2.0","id":1})"})
        CHECK_MESSAGE(codeOf([&] { messageOf(wrong); }) == kInvalidRequest, wrong);
    CHECK(codeOf([] { messageOf(R"({"jsonrpc":"2.0","id":1,"method":"x","params":[]})"); }) == kInvalidParams);
    const auto request = messageOf(R"({"jsonrpc":"2.0","id":"a","method":"x","params":{"y":1}})");
    CHECK(request.kind == Message::Kind::request);
    CHECK(request.id == "a");
    CHECK(messageOf(R"({"jsonrpc":"2.0","method":"x"})").kind == Message::Kind::notification);
    CHECK(messageOf(R"({"jsonrpc":"2.0","id":1,"result":{}})").kind == Message::Kind::response);
    // The id of what is refused is kept for the answer.
    CHECK(codeOf([&] { readMessage(parseBody(R"({"jsonrpc":"2.0","id":7,"method":3})"), id); }) == kInvalidRequest);
    CHECK(id == 7);
}

TEST_CASE("The era of a message") {
    const auto plain = messageOf(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
    const auto modern = messageOf(
        R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})");
    CHECK(!isModern(plain, ""));
    CHECK(!isModern(plain, "2025-06-18"));
    CHECK(isModern(plain, "2026-07-28"));
    CHECK(isModern(plain, "v999"));
    CHECK(isModern(modern, ""));
    CHECK(isModern(modern, "2025-06-18"));
}

TEST_CASE("What the modern era asks of a request") {
    const auto check = [](const std::string& meta, std::map<std::string, std::string> headers,
                          const std::string& params = {}) {
        const auto text = R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":)" + meta + params + "}}";
        const auto message = messageOf(text.c_str());
        return codeOf([&] { checkModern(message, [&](std::string_view name) { return headers[std::string(name)]; }); });
    };
    const std::string meta =
        R"({"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}})";
    const std::map<std::string, std::string> right{
        {"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", "tools/call"}, {"Mcp-Name", "x"}};
    CHECK(check(meta, right, R"(,"name":"x")") == 0);
    CHECK(check("{}", right, R"(,"name":"x")") == kInvalidParams);
    CHECK(check(R"({"io.modelcontextprotocol/protocolVersion":"2026-07-28"})", right) == kInvalidParams);
    for (const char* without : {"MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"}) {
        auto headers = right;
        headers.erase(without);
        CHECK_MESSAGE(check(meta, headers, R"(,"name":"x")") == kHeaderMismatch, without);
    }
    CHECK(check(meta, right, R"(,"name":"y")") == kHeaderMismatch);
    auto encoded = right;
    encoded["Mcp-Name"] = "=?base64?" + toBase64("ü") + "?=";
    CHECK(check(meta, encoded, R"(,"name":"ü")") == 0);
    const std::string other =
        R"({"io.modelcontextprotocol/protocolVersion":"v999","io.modelcontextprotocol/clientCapabilities":{}})";
    CHECK(check(other, right, R"(,"name":"x")") == kHeaderMismatch);
    auto unknown = right;
    unknown["MCP-Protocol-Version"] = "v999";
    CHECK(check(other, unknown, R"(,"name":"x")") == kUnsupportedVersion);
}

TEST_CASE("State that a client brings back") {
    const RequestState states;
    const json::object answers{{"name", json::object{{"action", "accept"}}}};
    const auto state = states.sign("call", answers, 1000);
    CHECK(states.open("call", state, 1000) == answers);
    CHECK(state != states.sign("call", answers, 1000)); // each round has its own
    CHECK(codeOf([&] { states.open("another call", state, 1000); }) == kInvalidParams);
    CHECK(codeOf([&] { states.open("call", state + "-TAMPERED", 1000); }) == kInvalidParams);
    CHECK(codeOf([&] { states.open("call", "", 1000); }) == kInvalidParams);
    CHECK(codeOf([&] { states.open("call", state.substr(0, state.find('.')), 1000); }) == kInvalidParams);
    CHECK(codeOf([&] { states.open("call", state, 1000 + RequestState::kLifetimeMs); }) == kInvalidParams);
    CHECK(codeOf([&] { RequestState().open("call", state, 1000); }) == kInvalidParams);
}

TEST_CASE("Hosts and origins") {
    const std::vector<std::string> none, allowed{"https://talome.example.com"};
    for (const char* own : {"localhost:4000", "127.0.0.1", "[::1]:4000", "192.168.1.5:4000", "nas", "nas.local:4000",
                            "nas.lan", "LOCALHOST"})
        CHECK_MESSAGE(isOwnHost(own, none), own);
    for (const char* foreign :
         {"evil.example.com", "127.0.0.1.evil.example", "localhost.evil.com:4000", "", "[::1", "talome.example.com"})
        CHECK_MESSAGE(!isOwnHost(foreign, none), foreign);
    CHECK(isOwnHost("talome.example.com:443", allowed));

    CHECK(isAllowedOrigin("http://localhost:6274", "192.168.1.5:4000", none));
    CHECK(isAllowedOrigin("http://192.168.1.5:3000", "192.168.1.5:4000", none));
    CHECK(isAllowedOrigin("https://talome.example.com", "nas:4000", allowed));
    for (const char* foreign :
         {"http://evil.example.com", "null", "http://192.168.1.6", "http://localhost.evil.com", "file://"})
        CHECK_MESSAGE(!isAllowedOrigin(foreign, "192.168.1.5:4000", none), foreign);
    CHECK(!isAllowedOrigin("http://evil.example.com", "evil.example.com", none)); // a name that was pointed here
}

TEST_CASE("Which approval a call has asked for") {
    Approvals approvals;
    approvals.remember("call", "one", 1000);
    CHECK(approvals.of("call", 1000) == "one");
    CHECK(approvals.of("call", 1000 + Approvals::kLifetimeMs) == "");
    CHECK(approvals.of("another", 1000) == "");
    approvals.forget("call");
    CHECK(approvals.of("call", 1000) == "");
    for (std::size_t i = 0; i <= Approvals::kMost; ++i) approvals.remember("call " + std::to_string(i), "x", 1000);
    CHECK(approvals.of("call 0", 1000) == "");
    CHECK(approvals.of("call 1", 1000) == "x");
}
