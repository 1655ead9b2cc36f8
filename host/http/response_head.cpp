#include "host/http/response_head.hpp"

#include "host/http/query.hpp"

#include <Poco/Net/HTTPResponse.h>

#include <array>
#include <atomic>
#include <ctime>
#include <random>
#include <stdexcept>
#include <strings.h>

namespace talome::http {

namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

struct Default {
    std::string_view name, line;
};
// A handler may replace one by setting the field itself: a page with scripts needs another policy.
constexpr Default kSecurity[] = {
    {"X-Content-Type-Options", "X-Content-Type-Options: nosniff\r\n"},
    {"X-Frame-Options", "X-Frame-Options: DENY\r\n"},
    {"Referrer-Policy", "Referrer-Policy: strict-origin-when-cross-origin\r\n"},
    {"Content-Security-Policy",
     "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n"},
    {"Permissions-Policy", "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n"},
};
constexpr Default kTransport{"Strict-Transport-Security", "Strict-Transport-Security: max-age=31536000\r\n"};
constexpr Default kNoStore{"Cache-Control", "Cache-Control: no-store\r\n"};
constexpr std::string_view kEngineFields[] = {"Connection", "Content-Length",    "Content-Type",
                                              "Date",       "Transfer-Encoding", "X-Request-Id"};

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool isToken(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    for (char c : text) {
        bool letter = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
        if (!letter && marks.find(c) == marks.npos) return false;
    }
    return !text.empty();
}

void checkValue(std::string_view name, std::string_view value) {
    for (unsigned char c : value)
        if ((c < ' ' && c != '\t') || c == 127)
            throw std::invalid_argument("header " + std::string(name) + ": the value holds a control character");
}

void check(std::string_view name, std::string_view value) {
    if (!isToken(name)) throw std::invalid_argument("header name is malformed: \"" + std::string(name) + "\"");
    for (auto field : kEngineFields)
        if (same(name, field)) throw std::invalid_argument("header " + std::string(name) + " belongs to the engine");
    checkValue(name, value);
}

void appendField(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

void appendType(std::string& out, std::string_view type) {
    checkValue("Content-Type", type);
    out.append("Content-Type: ").append(type);
    bool text = type.substr(0, 5) == "text/" || type.substr(0, 16) == "application/json";
    if (text && type.find("charset") == type.npos) out.append("; charset=utf-8");
    out.append("\r\n");
}

std::string_view statusLine(int status, std::string& buffer) {
    if (status == 200) return "HTTP/1.1 200 OK\r\n";
    if (status < 100 || status > 599) throw std::invalid_argument("HTTP status out of range");
    buffer = "HTTP/1.1 " + std::to_string(status) + ' ';
    buffer += Poco::Net::HTTPResponse::getReasonForStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(status));
    buffer += "\r\n";
    return buffer;
}

template <std::size_t N> std::string_view formatTime(std::array<char, N>& out, const char* format) {
    std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    return {out.data(), std::strftime(out.data(), out.size(), format, &parts)};
}

void appendJsonText(std::string& out, std::string_view text) {
    out += '"';
    for (char c : text) {
        if (c == '"' || c == '\\')
            out.append({'\\', c});
        else if (static_cast<unsigned char>(c) < ' ')
            out.append("\\u00").append({kHexDigits[c >> 4], kHexDigits[c & 15]});
        else
            out += c;
    }
    out += '"';
}

} // namespace

void ResponseFields::set(std::string_view name, std::string_view value) {
    check(name, value);
    std::erase_if(fields_, [&](auto& field) { return same(field.first, name); });
    fields_.emplace_back(name, value);
}

void ResponseFields::add(std::string_view name, std::string_view value) {
    check(name, value);
    fields_.emplace_back(name, value);
}

bool ResponseFields::has(std::string_view name) const {
    for (auto& field : fields_)
        if (same(field.first, name)) return true;
    return false;
}

std::string formatHead(const ResponseFacts& facts, const ResponseFields& fields) {
    std::string out, line;
    out.reserve(768);
    out.append(statusLine(facts.status, line));
    appendField(out, "Date", httpDate());
    if (!facts.contentType.empty()) appendType(out, facts.contentType);
    if (facts.length) appendField(out, "Content-Length", std::to_string(*facts.length));
    if (facts.chunked) out.append("Transfer-Encoding: chunked\r\n");
    if (!facts.keepAlive)
        out.append("Connection: close\r\n");
    else if (facts.sayKeepAlive)
        out.append("Connection: keep-alive\r\n");
    appendField(out, "X-Request-Id", facts.requestId);
    for (auto& field : fields.all()) appendField(out, field.first, field.second);
    auto addDefault = [&](const Default& field) {
        if (fields.all().empty() || !fields.has(field.name)) out.append(field.line);
    };
    for (auto& field : kSecurity) addDefault(field);
    if (facts.secure) addDefault(kTransport);
    if (facts.noStore) addDefault(kNoStore);
    out.append("\r\n");
    return out;
}

std::string formatUpgrade(std::string_view requestId, const ResponseFields& fields) {
    std::string out = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n";
    appendField(out, "Date", httpDate());
    appendField(out, "X-Request-Id", requestId);
    for (auto& field : fields.all()) appendField(out, field.first, field.second);
    return out.append("\r\n");
}

std::string errorBody(int status, std::string_view text, std::string_view requestId) {
    std::string out = R"({"error":)";
    appendJsonText(out, isUtf8(text) ? text : "the error text is not UTF-8");
    if (status >= 500) {
        std::array<char, 32> time;
        out.append(R"(,"errorId":)");
        appendJsonText(out, requestId);
        out.append(R"(,"timestamp":")").append(formatTime(time, "%Y-%m-%dT%H:%M:%SZ")).append("\"");
    }
    out += '}';
    return out;
}

std::string newRequestId() {
    // A walk over all 32-bit numbers from a random start: no repeat, and no count of requests for strangers.
    static std::atomic<std::uint32_t> next{std::random_device{}()};
    std::uint32_t id = next.fetch_add(0x9e3779b1u, std::memory_order_relaxed);
    id = (id ^ (id >> 16)) * 0x85ebca6bu;
    id = (id ^ (id >> 13)) * 0xc2b2ae35u;
    id ^= id >> 16;
    std::string text(8, '0');
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, id >>= 4) *digit = kHexDigits[id & 15];
    return text;
}

std::string_view httpDate() {
    thread_local std::time_t second = 0;
    thread_local std::array<char, 64> text;
    thread_local std::string_view date;
    if (auto now = std::time(nullptr); now != second) {
        second = now;
        date = formatTime(text, "%a, %d %b %Y %H:%M:%S GMT"); // the C locale: talomed never sets another
    }
    return date;
}

} // namespace talome::http
