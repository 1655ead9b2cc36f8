#include "host/http/media_type.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace talome::http;

TEST_CASE("media type: by the ending of the name") {
    struct {
        std::string_view name, type;
    } rows[] = {
        {"film.mkv", "video/x-matroska"},
        {"film.MP4", "video/mp4"},
        {"a.b.c.flac", "audio/flac"},
        {"book.m4b", "audio/mp4"},
        {"x.webp", "image/webp"},
        {"x.srt", "application/x-subrip"},
        {"x.vtt", "text/vtt"},
        {"live.m3u8", "application/vnd.apple.mpegurl"},
        {"live.mpd", "application/dash+xml"},
        {"seg.ts", "video/mp2t"},
        {"seg.m4s", "video/iso.segment"},
        {"x.tar.gz", "application/gzip"},
        {"x.7z", "application/x-7z-compressed"},
        {"x.zst", "application/zstd"},
        {"x.epub", "application/epub+zip"},
        {"x.woff2", "font/woff2"},
        {"/srv/media.d/film.avi", "video/x-msvideo"},
        {"page.html", "text/html"},
        {"", kUnknownType},
        {"Makefile", kUnknownType},
        {"x.", kUnknownType},
        {".html", kUnknownType},
        {"folder/.html", kUnknownType},
        {"x.unknown", kUnknownType},
        {"x.mp4\n", kUnknownType},
        {"x.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", kUnknownType},
    };
    for (auto& row : rows) CHECK_MESSAGE(mediaTypeOf(row.name) == row.type, row.name);
}

TEST_CASE("media type: what could run scripts is active, whatever the way it is written") {
    for (auto type : {"text/html", "TEXT/HTML; charset=utf-8", "text/html;", "text/html ;x", "application/xhtml+xml",
                      "image/svg+xml", "application/xml", "text/xml", "application/atom+xml", "application/dash+xml",
                      "text/xsl", "application/xslt+xml", "text/javascript", "application/ecmascript",
                      "multipart/x-mixed-replace; boundary=x", "multipart/related", "message/rfc822"})
        CHECK_MESSAGE(contentOf(type) == Content::active, type);
    for (auto type : {"", " ", "text", "/html", "text/", "text/plain, text/html", "text/plain;a=b,text/html",
                      "text/html\n", "text plain", "a/b/c", "text/<b>"})
        CHECK_MESSAGE(contentOf(type) == Content::active, type);
    CHECK(contentOf("application/pdf") == Content::document);
    CHECK(isActive("application/pdf"));
    for (auto type : {"text/plain", "text/plain; charset=utf-8", "application/json", "video/mp4", "image/png",
                      "application/octet-stream", "text/vtt", "text/csv", "application/zip", "font/woff2"})
        CHECK_MESSAGE(!isActive(type), type);
}

TEST_CASE("media type: no policy lets a script run, and what is active sits in a sandbox") {
    for (auto content : {Content::passive, Content::document, Content::active}) {
        const std::string policy(policyFor(content));
        CHECK(policy.find("default-src 'none'") != policy.npos);
        CHECK(policy.find("script-src") == policy.npos);
    }
    CHECK(policyFor(Content::active).starts_with("sandbox; "));
}
