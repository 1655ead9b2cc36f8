// The head of a request as a plugin may set it, and the head of an answer, read strictly.
#include "host/fetch/headers.hpp"

#include <algorithm>
#include <charconv>
#include <talome/errors.hpp>

namespace talome::fetch {

namespace {

constexpr std::size_t kMostHead = 65536; // bytes, with 1xx before and trailers after it

constexpr std::string_view kOwn[] = {
    "Host",    "Content-Length", "Transfer-Encoding", "Connection",     "Keep-Alive", "TE", "Trailer",
    "Upgrade", "Expect",         "HTTP2-Settings",    "Accept-Encoding"};
constexpr std::string_view kHarmless[] = {"Accept",        "Accept-Language",   "User-Agent",
                                          "Content-Type",  "Content-Language",  "Range",
                                          "If-None-Match", "If-Modified-Since", "Cache-Control"};

bool isTokenByte(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool isToken(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), isTokenByte); }
bool isValue(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return c == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}
bool isAmong(std::string_view name, const auto& list) {
    return std::any_of(std::begin(list), std::end(list), [&](std::string_view each) { return sameName(each, name); });
}
std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}
[[noreturn]] void nonsense(const char* why) { throw BadUpstream(std::string("the answer's head ") + why); }

} // namespace

bool sameName(std::string_view one, std::string_view other) {
    const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [&](char a, char b) { return small(a) == small(b); });
}

void checkRequestField(std::string_view name, std::string_view value) {
    if (!isToken(name)) throw Invalid("headers", "a name has a character that none may have");
    if (!isValue(value)) throw Invalid("headers", std::string(name) + " has a control character");
    if (isAmong(name, kOwn) || sameName(name.substr(0, 6), "Proxy-"))
        throw Invalid("headers", std::string(name) + " is the host's to set");
}

void checkMethod(std::string_view method) {
    if (!isToken(method) || method.size() > 32) throw Invalid("method", "is none");
    if (std::any_of(method.begin(), method.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
        throw Invalid("method", "is written in capitals");
    if (method == "CONNECT" || method == "TRACE") throw Invalid("method", std::string(method) + " is not for plugins");
}

bool survivesOrigin(std::string_view name) { return isAmong(name, kHarmless); }

bool AnswerHead::add(std::string_view line) {
    bytes_ += line.size();
    if (bytes_ > kMostHead) nonsense("is larger than 64 KiB");
    if (complete_) return false; // a trailer: nobody needs it
    if (!line.ends_with('\n')) nonsense("ends in the middle of a line");
    line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
    if (!status_)
        readStatus(line);
    else if (!line.empty())
        readField(line);
    else if (status_ < 200 && status_ != 101) { // another head follows
        status_ = 0;
        fields_.clear();
    } else {
        check();
        complete_ = true;
    }
    return complete_;
}

void AnswerHead::readStatus(std::string_view line) {
    if (!line.starts_with("HTTP/1.0 ") && !line.starts_with("HTTP/1.1 ")) nonsense("does not begin as one of HTTP/1.1");
    const auto code = line.substr(9, 3);
    const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), status_);
    if (code.size() != 3 || error != std::errc{} || end != code.data() + 3 || status_ < 100 || status_ > 599 ||
        (line.size() > 12 && line[12] != ' ') || !isValue(line))
        nonsense("has no status");
}

void AnswerHead::readField(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !isToken(line.substr(0, colon))) nonsense("has a line that is no field");
    const auto value = trimmed(line.substr(colon + 1));
    if (!isValue(value)) nonsense("has a control character");
    fields_.emplace_back(line.substr(0, colon), value);
}

void AnswerHead::check() const {
    const std::string* length = nullptr;
    for (const auto& [name, value] : fields_) {
        if (sameName(name, "Content-Length")) {
            if (length && *length != value) nonsense("has two different lengths");
            length = &value;
        } else if (sameName(name, "Transfer-Encoding") && !sameName(value, "chunked"))
            nonsense("has a transfer coding that is not chunked");
    }
    if (length && !contentLength()) nonsense("has a length that is none");
    if (length && chunked()) nonsense("has a length, and chunks");
}

const std::string* AnswerHead::find(std::string_view name) const {
    const auto it =
        std::find_if(fields_.begin(), fields_.end(), [&](const auto& each) { return sameName(each.first, name); });
    return it == fields_.end() ? nullptr : &it->second;
}

std::optional<std::uint64_t> AnswerHead::contentLength() const {
    const auto* text = find("Content-Length");
    std::uint64_t value = 0;
    if (!text || text->empty()) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return value;
}

void AnswerHead::remove(std::string_view name) {
    std::erase_if(fields_, [&](const auto& each) { return sameName(each.first, name); });
}

} // namespace talome::fetch
