#include "host/http/head_check.hpp"

#include <array>
#include <strings.h>

namespace talome::http {

namespace {

constexpr Refusal kBadLine{400, "the request line is malformed"};
constexpr Refusal kBadEnding{400, "a line does not end with CR LF"};
constexpr Refusal kBadTarget{400, "the request target is malformed"};
constexpr Refusal kTargetTooLong{414, "the request target is too long"};
constexpr Refusal kHeadTooLarge{431, "the request head is larger than 64 KiB"};
constexpr Refusal kTooManyHeaders{431, "the request has more than 100 headers"};
constexpr Refusal kHeaderTooLong{431, "a header is longer than 8 KiB"};
constexpr Refusal kBadName{400, "a header name is malformed"};
constexpr Refusal kBadValue{400, "a header value holds a control character"};
constexpr Refusal kFolded{400, "a header is folded over several lines"};
constexpr Refusal kEncodedWord{400, "a header value holds an encoded word"};
constexpr Refusal kBadLength{400, "Content-Length is malformed"};
constexpr Refusal kTwoLengths{400, "the length of the body is given more than once"};
constexpr Refusal kBadEncoding{400, "Transfer-Encoding is not understood"};
constexpr Refusal kBadHost{400, "the request needs exactly one valid Host header"};
constexpr Refusal kRepeated{400, "a header that may be given once is repeated"};
constexpr Refusal kBadVersion{505, "this server speaks HTTP/1.1 and HTTP/1.0"};
constexpr Refusal kBadExpect{417, "the expectation is not understood"};

constexpr std::size_t kEmptyLines = 2; // before a head: RFC 9112, 2.2 asks to tolerate some

constexpr std::array<bool, 256> makeTokenTable() {
    std::array<bool, 256> table{};
    for (int c = '0'; c <= '9'; ++c) table[c] = true;
    for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
    for (unsigned char c : std::string_view("!#$%&'*+-.^_`|~")) table[c] = true;
    return table;
}
constexpr auto kToken = makeTokenTable();

bool isToken(std::string_view text) {
    for (unsigned char c : text)
        if (!kToken[c]) return false;
    return !text.empty();
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool isBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
    while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
    while (!text.empty() && isBlank(text.back())) text.remove_suffix(1);
    return text;
}

// RFC 2047 has no place in HTTP, but readers exist (Poco's among them) that decode it, line ends included.
bool holdsEncodedWord(std::string_view value) {
    for (auto at = value.find("=?"); at != value.npos; at = value.find("=?", at + 2)) {
        auto mark = value.find('?', at + 2);
        if (mark == value.npos || mark + 2 >= value.size()) return false;
        int encoding = value[mark + 1] | 0x20;
        if ((encoding == 'b' || encoding == 'q') && value[mark + 2] == '?' && value.find("?=", mark + 3) != value.npos)
            return true;
    }
    return false;
}

bool isAuthority(std::string_view text) {
    constexpr std::string_view never = "\"#/<>?@\\^`{|},;=()";
    for (char c : text)
        if (c <= ' ' || static_cast<unsigned char>(c) >= 127 || never.find(c) != never.npos) return false;
    return true;
}

Refusal readTarget(RequestHead& out) {
    auto target = out.target;
    for (unsigned char c : target)
        if (c <= ' ' || c >= 127 || c == '#') return kBadTarget;
    if (target == "*") {
        out.rawPath = target;
        return out.method == "OPTIONS" ? Refusal{} : kBadTarget;
    }
    if (target.front() != '/') {
        auto scheme = target.find("://");
        if (scheme == target.npos ||
            !(same(target.substr(0, scheme), "http") || same(target.substr(0, scheme), "https")))
            return kBadTarget;
        auto rest = target.substr(scheme + 3);
        auto end = rest.find_first_of("/?");
        auto host = out.find("host");
        // Two names for one server would be two ways to understand the request.
        if (host && !same(host->value, rest.substr(0, end))) return kBadHost;
        if (rest.empty() || !isAuthority(rest.substr(0, end))) return kBadTarget;
        target = end == rest.npos ? "/" : rest.substr(end);
        if (target.front() == '?') {
            out.rawPath = "/";
            out.rawQuery = target.substr(1);
            return {};
        }
    }
    auto mark = target.find('?');
    out.rawPath = target.substr(0, mark);
    if (mark != target.npos) out.rawQuery = target.substr(mark + 1);
    return {};
}

Refusal readLine(std::string_view line, RequestHead& out) {
    auto first = line.find(' '), last = line.rfind(' ');
    if (first == line.npos || first == last) return kBadLine;
    out.method = line.substr(0, first);
    out.target = line.substr(first + 1, last - first - 1);
    auto version = line.substr(last + 1);
    if (!isToken(out.method) || out.method.size() > kMaxMethodBytes || out.target.empty()) return kBadLine;
    if (out.target.size() > kMaxTargetBytes) return kTargetTooLong;
    if (version == "HTTP/1.1")
        out.minor = 1;
    else if (version == "HTTP/1.0")
        out.minor = 0;
    else
        return version.substr(0, 5) == "HTTP/" ? kBadVersion : kBadLine;
    return {};
}

Refusal readField(std::string_view line, RequestHead& out) {
    if (isBlank(line.front())) return kFolded;
    auto colon = line.find(':');
    if (colon == line.npos) return kBadName;
    HeaderField field{line.substr(0, colon), trim(line.substr(colon + 1))};
    if (!isToken(field.name)) return kBadName;
    if (field.name.size() > kMaxNameBytes || line.size() - colon - 1 > kMaxValueBytes) return kHeaderTooLong;
    for (unsigned char c : field.value)
        if ((c < ' ' && c != '\t') || c == 127 || c == 255) return kBadValue; // 255: Poco takes it for the end
    if (holdsEncodedWord(field.value)) return kEncodedWord;
    if (out.fields.size() == kMaxHeaders) return kTooManyHeaders;
    out.fields.push_back(field);
    return {};
}

Refusal readLength(std::string_view value, RequestHead& out) {
    if (value.empty() || value.size() > 18) return kBadLength;
    std::uint64_t length = 0;
    for (char c : value) {
        if (c < '0' || c > '9') return kBadLength;
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    out.contentLength = length;
    if (length) out.framing = Framing::length;
    return {};
}

bool holdsOption(std::string_view list, std::string_view option) {
    while (!list.empty()) {
        auto comma = list.find(',');
        if (same(trim(list.substr(0, comma)), option)) return true;
        if (comma == list.npos) break;
        list.remove_prefix(comma + 1);
    }
    return false;
}

// What the fields mean for the message: its framing, its connection, its host.
Refusal readMeaning(RequestHead& out) {
    const HeaderField *length = nullptr, *encoding = nullptr, *host = nullptr, *expect = nullptr;
    const HeaderField *authorization = nullptr, *origin = nullptr, *type = nullptr;
    struct Once {
        std::string_view name;
        const HeaderField** field;
        Refusal refusal;
    };
    const Once once[] = {{"content-length", &length, kTwoLengths},
                         {"transfer-encoding", &encoding, kTwoLengths},
                         {"host", &host, kBadHost},
                         {"expect", &expect, kRepeated},
                         {"authorization", &authorization, kRepeated},
                         {"origin", &origin, kRepeated},
                         {"content-type", &type, kRepeated}};
    bool close = false, keep = false;
    for (auto& field : out.fields) {
        for (auto& entry : once) {
            if (!same(field.name, entry.name)) continue;
            if (*entry.field) return entry.refusal;
            *entry.field = &field;
        }
        if (same(field.name, "connection")) {
            close = close || holdsOption(field.value, "close");
            keep = keep || holdsOption(field.value, "keep-alive");
        }
    }
    if (length && encoding) return kTwoLengths;
    if (length)
        if (auto refusal = readLength(length->value, out)) return refusal;
    if (encoding) {
        if (out.minor == 0 || !same(encoding->value, "chunked")) return kBadEncoding;
        out.framing = Framing::chunked;
    }
    if ((!host && out.minor == 1) || (host && !isAuthority(host->value))) return kBadHost;
    if (expect) {
        if (!same(expect->value, "100-continue")) return kBadExpect;
        out.expectContinue = out.minor == 1 && out.framing != Framing::none;
    }
    out.keepAlive = !close && (out.minor == 1 || keep);
    return {};
}

} // namespace

const HeaderField* RequestHead::find(std::string_view name) const {
    for (auto& field : fields)
        if (same(field.name, name)) return &field;
    return nullptr;
}

HeadScan scanHead(std::string_view bytes) {
    HeadScan scan;
    auto refuse = [&](Refusal refusal) {
        scan.state = HeadScan::State::refused;
        scan.refusal = refusal;
        return scan;
    };
    while (bytes.substr(0, 2) == "\r\n") {
        if (scan.skip == 2 * kEmptyLines) return refuse(kBadLine);
        bytes.remove_prefix(2);
        scan.skip += 2;
    }
    if (bytes.empty() || bytes == "\r") return scan;
    if (!kToken[static_cast<unsigned char>(bytes.front())]) return refuse(kBadLine);

    std::size_t lines = 0, begin = 0;
    for (;;) {
        auto end = bytes.find('\n', begin);
        if (lines == 0 && std::min(end, bytes.size()) > kMaxTargetBytes + kMaxMethodBytes + 16)
            return refuse(kTargetTooLong);
        if (end == bytes.npos) break;
        if (end == 0 || bytes[end - 1] != '\r') return refuse(kBadEnding);
        if (end - begin == 1) {
            scan.length = end + 1;
            if (scan.length > kMaxHeadBytes) return refuse(kHeadTooLarge);
            scan.state = HeadScan::State::complete;
            return scan;
        }
        if (lines++ > kMaxHeaders) return refuse(kTooManyHeaders);
        begin = end + 1;
    }
    return bytes.size() >= kMaxHeadBytes ? refuse(kHeadTooLarge) : scan;
}

Refusal readHead(std::string_view head, RequestHead& out) {
    auto fields = std::move(out.fields); // its memory is used again
    fields.clear();
    out = RequestHead{};
    out.fields = std::move(fields);
    out.raw = head;
    for (bool first = true; head.size() > 2; first = false) {
        auto end = head.find("\r\n");
        if (end == head.npos) return kBadEnding;
        auto line = head.substr(0, end);
        auto refusal = first ? readLine(line, out) : line.empty() ? kBadEnding : readField(line, out);
        if (refusal) return refusal;
        head.remove_prefix(end + 2);
    }
    if (head != "\r\n" || out.method.empty()) return kBadEnding;
    if (auto refusal = readMeaning(out)) return refusal;
    return readTarget(out);
}

} // namespace talome::http
