// Reads anything as the head of a request. The input is what a client sends.
#include "host/http/head_check.hpp"
#include "tests/fuzz/input.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <strings.h>

namespace {

using namespace talome::http;
using talome::fuzz::require;
using State = HeadScan::State;

constexpr std::size_t kAllPrefixes = 600; // of an input that is not longer; of others some
constexpr std::size_t kSomePrefixes = 200;

// What has come decides: more bytes never turn a refusal or an end into something else.
void checkPrefix(std::string_view input, std::size_t n, const HeadScan& whole) {
    const auto scan = scanHead(input.substr(0, n));
    if (scan.state == State::refused) require(whole.state == State::refused);
    if (scan.state == State::complete) {
        require(whole.state == State::complete && scan.skip == whole.skip && scan.length == whole.length);
        require(scan.skip + scan.length <= n);
    }
    if (whole.state == State::complete) require((scan.state == State::complete) == (n >= whole.skip + whole.length));
}

void checkPrefixes(std::string_view input, const HeadScan& whole) {
    if (input.size() <= kAllPrefixes) {
        for (std::size_t n = 0; n < input.size(); ++n) checkPrefix(input, n, whole);
        return;
    }
    talome::fuzz::Numbers numbers(input);
    for (std::size_t i = 0; i < kSomePrefixes; ++i) checkPrefix(input, numbers.next(input.size()), whole);
    const auto end = whole.skip + whole.length;
    for (std::size_t n = end < 4 ? 0 : end - 4; n < std::min(end + 4, input.size()); ++n) checkPrefix(input, n, whole);
}

bool within(std::string_view part, std::string_view whole) {
    const std::less_equal<> before;
    return part.empty() ||
           (before(whole.data(), part.data()) && before(part.data() + part.size(), whole.data() + whole.size()));
}

// Nor 255, which Poco takes for the end of its stream.
bool isPlain(std::string_view text, bool tab) {
    for (const unsigned char c : text)
        if ((c < ' ' && !(tab && c == '\t')) || c == 127 || c == 255) return false;
    return true;
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// Found again by the simplest means, so that no reader could take the body for longer or shorter.
void checkFraming(const RequestHead& head) {
    std::size_t lengths = 0, encodings = 0, hosts = 0;
    std::string_view length, encoding;
    for (const auto& field : head.fields) {
        if (same(field.name, "content-length")) ++lengths, length = field.value;
        if (same(field.name, "transfer-encoding")) ++encodings, encoding = field.value;
        if (same(field.name, "host")) ++hosts;
    }
    require(lengths + encodings <= 1);
    require(hosts <= 1 && (hosts == 1 || head.minor == 0));
    require(head.contentLength.has_value() == (lengths == 1));
    if (lengths) {
        require(length.find_first_not_of("0123456789") == length.npos);
        length.remove_prefix(std::min(length.find_first_not_of('0'), length.size() - 1));
        require(std::to_string(*head.contentLength) == length);
    }
    require((head.framing == Framing::chunked) == (encodings == 1));
    require((head.framing == Framing::length) == (lengths == 1 && *head.contentLength > 0));
    if (encodings) require(same(encoding, "chunked") && head.minor == 1);
}

void checkTarget(const RequestHead& head) {
    require(head.rawPath == "*" ? head.method == "OPTIONS" && head.target == "*" : head.rawPath.substr(0, 1) == "/");
    require(head.rawPath.find_first_of("?# ") == std::string_view::npos);
    require(head.rawQuery.find('#') == std::string_view::npos);
    if (head.target.front() != '/') return;
    auto joined = std::string(head.rawPath);
    if (head.target.size() > joined.size()) (joined += '?') += head.rawQuery;
    require(joined == head.target);
}

void checkParts(const RequestHead& head, std::string_view bytes) {
    require(head.minor == 0 || head.minor == 1);
    require(head.fields.size() <= kMaxHeaders);
    require(!head.method.empty() && head.method.size() <= kMaxMethodBytes && head.target.size() <= kMaxTargetBytes);
    require(isPlain(head.method, false) && isPlain(head.target, false));
    require(head.method.find_first_of(" :\"") == std::string_view::npos);
    require(within(head.method, bytes) && within(head.target, bytes) && within(head.rawQuery, bytes));
    for (const auto& [name, value] : head.fields) {
        require(!name.empty() && name.size() <= kMaxNameBytes && value.size() <= kMaxValueBytes);
        require(isPlain(name, false) && name.find_first_of(" :\"") == std::string_view::npos);
        require(isPlain(value, true) && within(name, bytes) && within(value, bytes));
        const auto* found = head.find(name);
        require(found && same(found->name, name));
    }
}

// What was understood, written down, is understood in the same way.
void checkAgain(const RequestHead& head) {
    auto text = std::string(head.method) + ' ' + std::string(head.target) + " HTTP/1." + std::to_string(head.minor);
    text += "\r\n";
    for (const auto& [name, value] : head.fields) ((text += name) += ':') += std::string(value) + "\r\n";
    text += "\r\n";
    const auto scan = scanHead(text);
    require(scan.state == State::complete && scan.skip == 0 && scan.length == text.size());
    RequestHead again;
    require(!readHead(text, again));
    require(again.method == head.method && again.target == head.target && again.minor == head.minor);
    require(again.rawPath == head.rawPath && again.rawQuery == head.rawQuery);
    require(again.framing == head.framing && again.contentLength == head.contentLength);
    require(again.keepAlive == head.keepAlive && again.expectContinue == head.expectContinue);
    require(again.fields.size() == head.fields.size());
    for (std::size_t i = 0; i < head.fields.size(); ++i)
        require(again.fields[i].name == head.fields[i].name && again.fields[i].value == head.fields[i].value);
}

void checkRefusal(const Refusal& refusal) {
    require(refusal.status >= 400 && refusal.status < 600 && !refusal.text.empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = talome::fuzz::textOf(data, size);
    const auto scan = scanHead(input);
    checkPrefixes(input, scan);
    if (scan.state == State::refused) checkRefusal(scan.refusal);
    if (scan.state != State::complete) return 0;

    const auto bytes = input.substr(scan.skip, scan.length);
    require(bytes.size() == scan.length && bytes.size() <= kMaxHeadBytes);
    RequestHead head;
    if (const auto refusal = readHead(bytes, head)) {
        checkRefusal(refusal);
        return 0;
    }
    checkParts(head, bytes);
    checkTarget(head);
    checkFraming(head);
    checkAgain(head);
    return 0;
}
