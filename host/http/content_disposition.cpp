// Content-Disposition (RFC 6266): whether a browser shows an answer or saves it, and under which name.
#include "host/http/content_disposition.hpp"

#include "host/http/query.hpp"

#include <cstdint>

namespace talome::http {

namespace {

constexpr std::size_t kLongestEnding = 24;
constexpr std::string_view kReplacement = "\xef\xbf\xbd"; // U+FFFD

/// The length of the character that `text` begins with; 0 if that is no UTF-8.
std::size_t characterLength(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    return length <= text.size() && isUtf8(text.substr(0, length)) ? length : 0;
}

bool isContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Of two or three bytes: C1 controls, line and paragraph separators, and the marks that turn the direction of
/// writing, with which "cod.exe" can be made to look like "exe.doc".
bool isHarmful(std::string_view character) {
    if (character.size() == 1) {
        const char c = character.front();
        return (static_cast<unsigned char>(c) < ' ') || c == 127 || c == '/' || c == '\\';
    }
    if (character.size() == 2) return character <= "\xc2\x9f" || character == "\xd8\x9c";
    return (character >= "\xe2\x80\x8e" && character <= "\xe2\x80\x8f") || // LRM, RLM
           (character >= "\xe2\x80\xa8" && character <= "\xe2\x80\xae") || // LS, PS, embeddings and overrides
           (character >= "\xe2\x81\xa6" && character <= "\xe2\x81\xa9");   // isolates
}

/// Cut to `most` bytes, not within a character.
void cut(std::string& name, std::size_t most) {
    if (name.size() <= most) return;
    while (most > 0 && isContinuation(name[most])) --most;
    name.resize(most);
}

std::string cleaned(std::string_view fileName) {
    std::string name;
    while (!fileName.empty()) {
        const auto length = characterLength(fileName);
        if (length == 0)
            name += kReplacement;
        else if (isHarmful(fileName.substr(0, length)))
            name += '_';
        else
            name += fileName.substr(0, length);
        fileName.remove_prefix(length ? length : 1);
    }
    if (name.size() <= kMaxFileName) return name;
    const auto dot = name.rfind('.');
    std::string ending;
    if (dot != name.npos && name.size() - dot <= kLongestEnding) ending = name.substr(dot);
    cut(name, kMaxFileName - ending.size());
    return name + ending;
}

/// For readers that do not know filename*: no escapes, since they differ in which they undo.
std::string plain(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (isContinuation(c)) continue;
        const bool keep = c >= ' ' && c < 127 && c != '"' && c != '%';
        out += keep ? c : '_';
    }
    return out;
}

} // namespace

std::string contentDisposition(bool attachment, std::string_view fileName) {
    std::string field = attachment ? "attachment" : "inline";
    const auto name = cleaned(fileName);
    if (name.empty()) return field;
    const auto fallback = plain(name);
    field.append("; filename=\"").append(fallback).append("\"");
    if (fallback != name) field.append("; filename*=UTF-8''").append(percentEncode(name));
    return field;
}

} // namespace talome::http
