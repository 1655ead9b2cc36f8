// The URL of a request, read strictly.
#include "host/fetch/url.hpp"

#include <algorithm>
#include <charconv>
#include <talome/errors.hpp>

namespace talome::fetch {

namespace {

constexpr std::size_t kMostText = 8192;

[[noreturn]] void refuse(const char* why) { throw Invalid("url", why); }

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isHex(char c) { return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool isAlnum(char c) { return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
/// pchar of RFC 3986 with '/', '?' and '%'.
bool isTargetByte(char c) {
    return isAlnum(c) || std::string_view("-._~!$&'()*+,;=:@/?%").find(c) != std::string_view::npos;
}

/// Four decimal numbers without leading zeros: 127.1, 0x7f.1 and 0177.0.0.1 mean an address to some readers only.
bool isDotted(std::string_view text) {
    int parts = 0;
    for (;; ++parts) {
        const auto part = text.substr(0, text.find('.'));
        unsigned value = 256;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
        if (error != std::errc{} || end != part.data() + part.size() || value > 255) return false;
        if (part.size() > 1 && part[0] == '0') return false;
        if (part.size() == text.size()) return parts == 3;
        text.remove_prefix(part.size() + 1);
    }
}

/// A name that some reader would take for a number: its last label is decimal or begins with 0x.
bool endsInNumber(std::string_view host) {
    const auto last = host.substr(host.rfind('.') + 1);
    return std::all_of(last.begin(), last.end(), isDigit) || last.starts_with("0x");
}

void checkName(std::string_view host) {
    if (host.size() > 253) refuse("the host's name is too long");
    while (true) {
        const auto label = host.substr(0, host.find('.'));
        if (label.empty()) refuse("the host's name has an empty part");
        if (label.size() > 63) refuse("a part of the host's name is too long");
        if (label.front() == '-' || label.back() == '-') refuse("a part of the host's name begins or ends with -");
        for (const char c : label)
            if (!isAlnum(c) && c != '-' && c != '_') refuse("the host's name has a character that none may have");
        if (label.size() == host.size()) return;
        host.remove_prefix(label.size() + 1);
    }
}

void readHost(std::string_view text, Url& url) {
    if (text.empty()) refuse("it names no host");
    if (text.front() == '[') {
        if (text.back() != ']') refuse("the brackets around its address do not match");
        url.address = Address::parse(std::string(text.substr(1, text.size() - 2)));
        if (!url.address || !url.address->v6) refuse("what stands in brackets is no IPv6 address");
        url.host = url.address->text();
        return;
    }
    url.host.resize(text.size());
    std::transform(text.begin(), text.end(), url.host.begin(), small);
    checkName(url.host);
    if (!endsInNumber(url.host)) return;
    if (!isDotted(url.host)) refuse("its host looks like an address and is none");
    url.address = Address::parse(url.host);
}

void readAuthority(std::string_view text, Url& url) {
    if (text.find('@') != std::string_view::npos) refuse("a user or password does not belong into it");
    for (const char c : text)
        if (!isAlnum(c) && std::string_view("-._:[]").find(c) == std::string_view::npos)
            refuse("the host's name has a character that none may have");
    const auto bracket = text.rfind(']');
    const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    url.port = url.secure ? 443 : 80;
    if (colon != std::string_view::npos) {
        const auto port = text.substr(colon + 1);
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
        if (port.empty() || port.size() > 5 || error != std::errc{} || end != port.data() + port.size() || !url.port)
            refuse("its port is none from 1 to 65535");
    }
    readHost(text.substr(0, colon), url);
}

std::string readTarget(std::string_view text) {
    const auto fragment = text.find('#'); // not sent, but looked at as well: RFC 3986, 3.5
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i != fragment && !isTargetByte(text[i])) refuse("its path, query or fragment has a character that must be percent-encoded");
        if (text[i] == '%' && (i + 2 >= text.size() || !isHex(text[i + 1]) || !isHex(text[i + 2])))
            refuse("a % in it is not followed by two hexadecimal digits");
    }
    text = text.substr(0, fragment);
    return (text.empty() || text.front() == '?' ? "/" : "") + std::string(text);
}

/// RFC 3986, 5.2.4, of a path that begins with '/'.
std::string withoutDots(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const auto end = path.find('/', 1);
        const auto segment = path.substr(0, end);
        const bool last = end == std::string_view::npos;
        if (segment == "/.." || segment == "/.") {
            if (segment == "/..") out.resize(out.find_last_of('/') == std::string::npos ? 0 : out.find_last_of('/'));
            if (last) out += '/';
        } else
            out += segment;
        path.remove_prefix(last ? path.size() : end);
    }
    return out.empty() ? "/" : out;
}

std::string encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool escape = c == '%' && i + 2 < text.size() && isHex(text[i + 1]) && isHex(text[i + 2]);
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\\' || byte < 0x20 || byte == 0x7f) refuse("it has a character that no URL has");
        if (c == '#') break;
        if (escape || (c != '%' && isTargetByte(c)))
            out += c;
        else
            out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

} // namespace

std::string Url::origin() const {
    auto text = std::string(secure ? "https://" : "http://") + (address && address->v6 ? "[" + host + "]" : host);
    if (port != (secure ? 443 : 80)) text += ":" + std::to_string(port);
    return text;
}

Url parseUrl(std::string_view text) {
    if (text.size() > kMostText) refuse("it is longer than 8192 bytes");
    const auto colon = text.find(':');
    std::string scheme(text.substr(0, colon == std::string_view::npos ? 0 : colon));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(), small);
    Url url;
    url.secure = scheme == "https";
    if (scheme != "http" && scheme != "https") refuse("it begins with neither http:// nor https://");
    text.remove_prefix(colon + 1);
    if (!text.starts_with("//")) refuse("it begins with neither http:// nor https://");
    text.remove_prefix(2);
    const auto end = std::min(text.find_first_of("/?#\\"), text.size());
    if (end < text.size() && text[end] == '\\') refuse("it has a backslash");
    readAuthority(text.substr(0, end), url);
    url.target = readTarget(text.substr(end));
    return url;
}

Url resolveReference(const Url& base, std::string_view reference) {
    if (reference.size() > kMostText) refuse("it is longer than 8192 bytes");
    if (reference.starts_with("//"))
        return resolveReference(base, (base.secure ? "https:" : "http:") + std::string(reference));
    const auto stop = reference.find_first_of(":/?#");
    if (stop != std::string_view::npos && reference[stop] == ':') {
        const auto slashes = reference.substr(stop + 1, 2);
        const auto path = slashes == "//" ? reference.find_first_of("/?#\\", stop + 3) : std::string_view::npos;
        if (path == std::string_view::npos) return parseUrl(reference);
        return parseUrl(std::string(reference.substr(0, path)) + encoded(reference.substr(path)));
    }
    const auto target = encoded(reference);
    const std::string_view was = base.target, path = was.substr(0, was.find('?'));
    Url url = base;
    if (target.empty()) return url;
    if (target.front() == '?')
        url.target = std::string(path) + target;
    else {
        const auto query = std::min(target.find('?'), target.size());
        const auto directory = target.front() == '/' ? std::string() : std::string(path.substr(0, path.rfind('/') + 1));
        url.target = withoutDots(directory + target.substr(0, query)) + target.substr(query);
    }
    return url;
}

} // namespace talome::fetch
