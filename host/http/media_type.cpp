// The media type of a file by the ending of its name, and what a browser may do with an answer of a type.
#include "host/http/media_type.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace talome::http {

namespace {

struct Ending {
    std::string_view name, type;
};

// Sorted, as a test checks. The types are IANA's where there is one; else what browsers and players go by.
constexpr Ending kEndings[] = {
    {"3g2", "video/3gpp2"},
    {"3gp", "video/3gpp"},
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"ac3", "audio/ac3"},
    {"aif", "audio/aiff"},
    {"aiff", "audio/aiff"},
    {"apk", "application/vnd.android.package-archive"},
    {"apng", "image/apng"},
    {"ass", "text/x-ssa"},
    {"atom", "application/atom+xml"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"azw3", "application/vnd.amazon.ebook"},
    {"bat", "text/plain"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"c", "text/plain"},
    {"cbr", "application/vnd.comicbook-rar"},
    {"cbz", "application/vnd.comicbook+zip"},
    {"cc", "text/plain"},
    {"cfg", "text/plain"},
    {"conf", "text/plain"},
    {"cpp", "text/plain"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"deb", "application/vnd.debian.binary-package"},
    {"diff", "text/plain"},
    {"divx", "video/x-msvideo"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"dts", "audio/vnd.dts"},
    {"eac3", "audio/eac3"},
    {"eml", "message/rfc822"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"flv", "video/x-flv"},
    {"gif", "image/gif"},
    {"go", "text/plain"},
    {"gpx", "application/gpx+xml"},
    {"gz", "application/gzip"},
    {"h", "text/plain"},
    {"heic", "image/heic"},
    {"heif", "image/heif"},
    {"hpp", "text/plain"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar"},
    {"ini", "text/plain"},
    {"iso", "application/x-iso9660-image"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jxl", "image/jxl"},
    {"log", "text/plain"},
    {"lrc", "text/plain"},
    {"lz4", "application/x-lz4"},
    {"m2ts", "video/mp2t"},
    {"m3u", "audio/x-mpegurl"},
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"m4a", "audio/mp4"},
    {"m4b", "audio/mp4"},
    {"m4s", "video/iso.segment"},
    {"m4v", "video/mp4"},
    {"md", "text/markdown"},
    {"mid", "audio/midi"},
    {"midi", "audio/midi"},
    {"mjs", "text/javascript"},
    {"mka", "audio/x-matroska"},
    {"mkv", "video/x-matroska"},
    {"mobi", "application/x-mobipocket-ebook"},
    {"mov", "video/quicktime"},
    {"mp2", "audio/mpeg"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpd", "application/dash+xml"},
    {"mpeg", "video/mpeg"},
    {"mpg", "video/mpeg"},
    {"mts", "video/mp2t"},
    {"nfo", "text/plain"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"patch", "text/plain"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"properties", "text/plain"},
    {"ps1", "text/plain"},
    {"py", "text/plain"},
    {"rar", "application/vnd.rar"},
    {"rs", "text/plain"},
    {"rss", "application/rss+xml"},
    {"rtf", "application/rtf"},
    {"sh", "text/plain"},
    {"sql", "application/sql"},
    {"srt", "application/x-subrip"},
    {"ssa", "text/x-ssa"},
    {"sub", "text/plain"},
    {"svg", "image/svg+xml"},
    {"svgz", "application/gzip"},
    {"tar", "application/x-tar"},
    {"tgz", "application/gzip"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"toml", "application/toml"},
    {"torrent", "application/x-bittorrent"},
    {"ts", "video/mp2t"},
    {"tsv", "text/tab-separated-values"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"vob", "video/mpeg"},
    {"vtt", "text/vtt"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"weba", "audio/webm"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"wma", "audio/x-ms-wma"},
    {"wmv", "video/x-ms-wmv"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xhtml", "application/xhtml+xml"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xsl", "application/xslt+xml"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
};
static_assert(std::is_sorted(std::begin(kEndings), std::end(kEndings),
                             [](const Ending& a, const Ending& b) { return a.name < b.name; }));

constexpr std::size_t kLongestEnding = 16;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// "type/subtype" in lower case, without parameters; empty if it is no single type.
std::string essenceOf(std::string_view type) {
    auto text = type.substr(0, type.find(';'));
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    std::string essence;
    std::size_t slashes = 0;
    for (const char c : text) {
        constexpr std::string_view marks = "!#$&-^_.+/";
        const char small = lower(c);
        if (!((small >= 'a' && small <= 'z') || (c >= '0' && c <= '9')) && marks.find(c) == marks.npos) return {};
        slashes += c == '/';
        essence += small;
    }
    if (slashes != 1 || essence.front() == '/' || essence.back() == '/') return {};
    // A comma further back would begin another type, and browsers take the last one.
    return type.find(',') == type.npos ? essence : std::string();
}

} // namespace

std::string_view mediaTypeOf(std::string_view fileName) {
    const auto dot = fileName.rfind('.');
    if (dot == fileName.npos || dot == 0) return kUnknownType; // ".html" is a hidden file without an ending
    const auto ending = fileName.substr(dot + 1);
    if (ending.empty() || ending.size() > kLongestEnding || fileName[dot - 1] == '/') return kUnknownType;
    std::array<char, kLongestEnding> buffer;
    std::transform(ending.begin(), ending.end(), buffer.begin(), lower);
    const std::string_view name(buffer.data(), ending.size());
    const auto* found =
        std::lower_bound(std::begin(kEndings), std::end(kEndings), name,
                         [](const Ending& each, std::string_view wanted) { return each.name < wanted; });
    return found != std::end(kEndings) && found->name == name ? found->type : kUnknownType;
}

Content contentOf(std::string_view type) {
    const auto essence = essenceOf(type);
    if (essence.empty()) return Content::active;
    if (essence == "application/pdf" || essence == "text/pdf" || essence == "application/x-pdf")
        return Content::document;
    // Any XML can hold elements of XHTML or SVG with scripts, or name a style sheet that makes them.
    if (essence.ends_with("+xml") || essence.ends_with("/xml") || essence.ends_with("/html")) return Content::active;
    if (essence.starts_with("multipart/") || essence.find("script") != essence.npos) return Content::active;
    constexpr std::string_view others[] = {"text/xsl", "message/rfc822", "text/x-component",
                                           "application/x-shockwave-flash"};
    return std::find(std::begin(others), std::end(others), essence) == std::end(others) ? Content::passive
                                                                                        : Content::active;
}

// Who may frame them is left to X-Frame-Options, which a handler may set for a page that shows a preview.
std::string_view policyFor(Content content) {
    switch (content) {
    case Content::passive:
        // A browser shows a lone picture or film in a page that it makes up: that page loads the file once more, from
        // here, and has styles of its own. Under `sandbox`, or without media-src, Chromium and Safari play nothing.
        return "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'";
    case Content::document:
        // The same for a PDF, which that page embeds. Not `sandbox`: Chromium's and Safari's viewers do not start then.
        return "default-src 'none'; object-src 'self'; img-src 'self' data: blob:; style-src 'unsafe-inline'";
    case Content::active:
        break;
    }
    // An origin of its own, no scripts, no forms, nothing loaded; but its own styles and embedded pictures, so that a
    // saved page or a drawing can be looked at.
    return "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; font-src data:";
}

} // namespace talome::http
