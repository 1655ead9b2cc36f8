#include "host/http/file_answer.hpp"

#include "host/http/response_head.hpp"

#include <cstdio>
#include <doctest/doctest.h>
#include <map>
#include <stdexcept>
#include <sys/stat.h>

using namespace talome::http;

namespace {

constexpr std::time_t kModified = 784111777; // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::time_t kNow = 1767225600;
const FileFacts kFile{1000, {kModified, 123456789}, 0x2a};

/// A head of GET, or of what `fields` begins with up to a '|'.
struct Asked {
    std::string text;
    RequestHead head;
    explicit Asked(std::string_view fields) {
        std::string_view method = "GET";
        if (const auto bar = fields.find('|'); bar != fields.npos) {
            method = fields.substr(0, bar);
            fields.remove_prefix(bar + 1);
        }
        text.append(method).append(" /f HTTP/1.1\r\nHost: h\r\n").append(fields);
        text.append(fields.empty() ? "\r\n" : "\r\n\r\n");
        REQUIRE_FALSE(readHead(text, head));
    }
};

FilePlan plan(std::string_view fields, const FileOffer& offer = {}, const FileFacts& file = kFile,
              std::time_t now = kNow) {
    return planFile(Asked(fields).head, file, offer, now);
}

std::string field(const FilePlan& plan, std::string_view name) {
    for (const auto& [key, value] : plan.fields)
        if (key == name) return value;
    return "";
}

/// "status offset+length" with the Content-Range, if there is one.
std::string outcome(const FilePlan& plan) {
    auto text = std::to_string(plan.status);
    if (plan.status == 200 || plan.status == 206)
        text += " " + std::to_string(plan.offset) + "+" + std::to_string(plan.length);
    const auto range = field(plan, "Content-Range");
    return range.empty() ? text : text + " " + range;
}

} // namespace

TEST_CASE("file answer: the whole file") {
    FileOffer offer;
    offer.fileName = "film.mkv";
    const auto answer = plan("", offer);
    CHECK(outcome(answer) == "200 0+1000");
    CHECK(answer.sendsBody);
    CHECK(answer.contentType == "video/x-matroska");
    CHECK(field(answer, "Last-Modified") == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(field(answer, "Accept-Ranges") == "bytes");
    CHECK(field(answer, "Content-Disposition") == R"(inline; filename="film.mkv")");
    CHECK(field(answer, "Cache-Control") == "private, no-cache");
    CHECK(field(answer, "ETag") == "\"2a-3e8-" + [] {
        char text[32];
        std::snprintf(text, sizeof text, "%llx", 784111777123456789ULL);
        return std::string(text);
    }() + "\"");
    const auto head = plan("HEAD|", offer);
    CHECK(outcome(head) == "200 0+1000");
    CHECK_FALSE(head.sendsBody);
    CHECK(head.fields == answer.fields);
}

TEST_CASE("file answer: another file has another tag") {
    auto other = kFile;
    std::map<std::string, int> tags{{field(plan(""), "ETag"), 0}};
    other.inode = 1, ++tags[field(plan("", {}, other), "ETag")];
    other = kFile, other.size = 999, ++tags[field(plan("", {}, other), "ETag")];
    other = kFile, other.modified.tv_nsec = 0, ++tags[field(plan("", {}, other), "ETag")];
    other = kFile, other.modified.tv_sec = -1, ++tags[field(plan("", {}, other), "ETag")];
    CHECK(tags.size() == 5);
}

TEST_CASE("file answer: facts of a file") {
    struct stat facts {};
    facts.st_size = 7;
    facts.st_ino = 9;
    facts.st_mtim = {5, 6};
    const auto file = FileFacts::of(facts);
    CHECK(file.size == 7);
    CHECK(file.inode == 9);
    CHECK(file.modified.tv_nsec == 6);
    facts.st_size = -1;
    CHECK(FileFacts::of(facts).size == 0);
}

TEST_CASE("file answer: ranges of 1000 bytes") {
    struct {
        std::string_view range, outcome;
    } rows[] = {
        {"bytes=0-499", "206 0+500 bytes 0-499/1000"},
        {"bytes=500-999", "206 500+500 bytes 500-999/1000"},
        {"bytes=500-", "206 500+500 bytes 500-999/1000"},
        {"bytes=0-", "206 0+1000 bytes 0-999/1000"},
        {"bytes=999-", "206 999+1 bytes 999-999/1000"},
        {"bytes=0-0", "206 0+1 bytes 0-0/1000"},
        {"bytes=-1", "206 999+1 bytes 999-999/1000"},
        {"bytes=-500", "206 500+500 bytes 500-999/1000"},
        {"bytes=-1000", "206 0+1000 bytes 0-999/1000"},
        {"bytes=-5000", "206 0+1000 bytes 0-999/1000"},
        {"bytes=900-5000", "206 900+100 bytes 900-999/1000"},
        {"bytes=900-99999999999999999999999999", "206 900+100 bytes 900-999/1000"},
        {"bytes=-99999999999999999999999999", "206 0+1000 bytes 0-999/1000"},
        {"bytes=0-18446744073709551615", "206 0+1000 bytes 0-999/1000"},
        {"BYTES=0-1", "206 0+2 bytes 0-1/1000"},
        {"bytes=,, 0-1 ,", "206 0+2 bytes 0-1/1000"},
        {"bytes=000000000000000000000000001-2", "206 1+2 bytes 1-2/1000"},
        // Cannot be satisfied.
        {"bytes=1000-", "416 bytes */1000"},
        {"bytes=1000-2000", "416 bytes */1000"},
        {"bytes=18446744073709551616-", "416 bytes */1000"},
        {"bytes=99999999999999999999999-99999999999999999999999", "416 bytes */1000"},
        {"bytes=-0", "416 bytes */1000"},
        // Malformed, of another unit, or several: as if it had not been there.
        {"bytes=", "200 0+1000"},
        {"bytes", "200 0+1000"},
        {"bytes=-", "200 0+1000"},
        {"bytes=--5", "200 0+1000"},
        {"bytes=5", "200 0+1000"},
        {"bytes=5-4", "200 0+1000"},
        {"bytes=2000-1500", "200 0+1000"},
        {"bytes=a-b", "200 0+1000"},
        {"bytes=1-2x", "200 0+1000"},
        {"bytes=+1-2", "200 0+1000"},
        {"bytes=1 - 2", "200 0+1000"},
        {"bytes=0x1-2", "200 0+1000"},
        {"bytes =0-1", "200 0+1000"},
        {"bytes:0-1", "200 0+1000"},
        {"0-1", "200 0+1000"},
        {"items=0-1", "200 0+1000"},
        {"bytes=0-1,5-6", "200 0+1000"},
        {"bytes=0-1,2000-3000", "200 0+1000"},
        {"bytes=0-0,-1", "200 0+1000"},
    };
    for (auto& row : rows) {
        CHECK_MESSAGE(outcome(plan("Range: " + std::string(row.range))) == row.outcome, row.range);
        CHECK_MESSAGE(outcome(plan("HEAD|Range: " + std::string(row.range))) == "200 0+1000", row.range);
    }
    CHECK(outcome(plan("Range: bytes=0-1\r\nRange: bytes=5-6")) == "200 0+1000");
}

TEST_CASE("file answer: ranges of an empty and of a huge file") {
    const FileFacts empty{0, {kModified, 0}, 1}, huge{UINT64_C(1) << 62, {kModified, 0}, 1};
    CHECK(outcome(plan("", {}, empty)) == "200 0+0");
    for (auto range : {"bytes=0-", "bytes=0-0", "bytes=-5", "bytes=-0"})
        CHECK_MESSAGE(outcome(plan("Range: " + std::string(range), {}, empty)) == "416 bytes */0", range);
    CHECK(outcome(plan("Range: bytes=x", {}, empty)) == "200 0+0");
    CHECK(outcome(plan("Range: bytes=4611686018427387900-", {}, huge)) ==
          "206 4611686018427387900+4 bytes 4611686018427387900-4611686018427387903/4611686018427387904");
}

TEST_CASE("file answer: what a 416 and a 412 hold") {
    const auto out = plan("Range: bytes=1000-");
    CHECK_FALSE(out.sendsBody);
    CHECK_FALSE(out.error.empty());
    CHECK(out.length == 0);
    CHECK(field(out, "Accept-Ranges") == "bytes");
    CHECK(field(out, "ETag").empty());
    const auto failed = plan("If-Match: \"x\"");
    CHECK(failed.status == 412);
    CHECK(failed.fields.empty());
    CHECK_FALSE(failed.error.empty());
}

TEST_CASE("file answer: preconditions, in their order") {
    const auto tag = field(plan(""), "ETag");
    const std::string same = "Sun, 06 Nov 1994 08:49:37 GMT", before = "Sun, 06 Nov 1994 08:49:36 GMT",
                      after = "Sun, 06 Nov 1994 08:49:38 GMT";
    struct {
        std::string fields;
        int status;
    } rows[] = {
        {"If-Match: " + tag, 200},
        {"If-Match: *", 200},
        {"If-Match: \"a\", " + tag, 200},
        {"If-Match: \"a\"\r\nIf-Match: " + tag, 200},
        {"If-Match: \"a\"", 412},
        {"If-Match: W/" + tag, 412}, // a strong comparison
        {"If-Match: ", 412},
        {"If-Match: a, " + tag, 412},
        {"HEAD|If-Match: \"a\"", 412},
        {"If-Unmodified-Since: " + same, 200},
        {"If-Unmodified-Since: " + after, 200},
        {"If-Unmodified-Since: " + before, 412},
        {"If-Unmodified-Since: Sunday, 06-Nov-94 08:49:36 GMT", 412},
        {"If-Unmodified-Since: Sun Nov  6 08:49:36 1994", 412},
        {"If-Unmodified-Since: yesterday", 200},
        {"If-Match: " + tag + "\r\nIf-Unmodified-Since: " + before, 200}, // If-Match decides
        {"If-None-Match: " + tag, 304},
        {"If-None-Match: W/" + tag, 304},
        {"If-None-Match: *", 304},
        {"If-None-Match: \"a\" ,W/\"b\",, " + tag, 304},
        {"If-None-Match: \"a,\\\", " + tag, 304},
        {"If-None-Match: \"a\"\r\nIf-None-Match: " + tag, 304},
        {"HEAD|If-None-Match: " + tag, 304},
        {"PUT|If-None-Match: *", 412},
        {"If-None-Match: \"a\"", 200},
        {"If-None-Match: " + tag.substr(1, tag.size() - 2), 200},
        {"If-None-Match: \"a" + tag, 200},
        {"If-None-Match: w/" + tag, 200},
        {"If-Modified-Since: " + same, 304},
        {"If-Modified-Since: " + after, 304},
        {"If-Modified-Since: " + before, 200},
        {"If-Modified-Since: 784111777", 200},
        {"PUT|If-Modified-Since: " + same, 200},
        {"If-None-Match: \"a\"\r\nIf-Modified-Since: " + same, 200}, // If-None-Match decides
        {"If-Match: \"a\"\r\nIf-None-Match: " + tag, 412},
        {"If-Match: *\r\nIf-None-Match: " + tag, 304},
        {"If-Unmodified-Since: " + same + "\r\nIf-Modified-Since: " + same, 304},
        {"If-None-Match: " + tag + "\r\nRange: bytes=0-1", 304}, // before the range
        {"If-None-Match: " + tag + "\r\nRange: bytes=5000-", 304},
        {"If-Match: " + tag + "\r\nRange: bytes=0-1", 206},
        {"If-Match: " + tag + "\r\nRange: bytes=5000-", 416},
    };
    for (auto& row : rows) CHECK_MESSAGE(plan(row.fields).status == row.status, row.fields);
}

TEST_CASE("file answer: If-Range") {
    const auto tag = field(plan(""), "ETag");
    struct {
        std::string value;
        int status;
    } rows[] = {
        {tag, 206},
        {"W/" + tag, 200},
        {"\"a\"", 200},
        {"*", 200},
        {tag + ", \"a\"", 200},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 206},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 206},
        {"Sun, 06 Nov 1994 08:49:38 GMT", 200}, // must be the same, not only later
        {"Sun, 06 Nov 1994 08:49:36 GMT", 200},
        {"nonsense", 200},
    };
    for (auto& row : rows) {
        CHECK_MESSAGE(plan("Range: bytes=0-1\r\nIf-Range: " + row.value).status == row.status, row.value);
        CHECK_MESSAGE(plan("If-Range: " + row.value).status == 200, row.value);
        const bool out = row.status == 206;
        CHECK_MESSAGE(plan("Range: bytes=2000-\r\nIf-Range: " + row.value).status == (out ? 416 : 200), row.value);
    }
    FileOffer weak;
    weak.etag = "W/\"v1\"";
    CHECK(plan("Range: bytes=0-1\r\nIf-Range: W/\"v1\"", weak).status == 200);
    CHECK(plan("If-None-Match: \"v1\"", weak).status == 304);
    CHECK(plan("If-Match: W/\"v1\"", weak).status == 412);
}

TEST_CASE("file answer: a file that has just been written has no strong date") {
    const std::string date = "Range: bytes=0-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT";
    CHECK(plan(date, {}, kFile, kModified).status == 200);
    CHECK(plan(date, {}, kFile, kModified + 1).status == 200);
    CHECK(plan(date, {}, kFile, kModified + 2).status == 206);
    // Of a time to come: the answer's own Date instead.
    CHECK(field(plan("", {}, kFile, kModified - 60), "Last-Modified") == "Sun, 06 Nov 1994 08:48:37 GMT");
    CHECK(plan(date, {}, kFile, kModified - 60).status == 200);
}

TEST_CASE("file answer: without a time for others, dates are passed over") {
    FileOffer offer;
    offer.lastModified = false;
    CHECK(field(plan("", offer), "Last-Modified").empty());
    CHECK(plan("If-Modified-Since: Sun, 06 Nov 2022 08:49:37 GMT", offer).status == 200);
    CHECK(plan("If-Unmodified-Since: Sun, 06 Nov 1990 08:49:37 GMT", offer).status == 200);
    CHECK(plan("Range: bytes=0-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT", offer).status == 200);
}

TEST_CASE("file answer: what the handler says") {
    FileOffer offer;
    offer.etag = "\"v1\"";
    offer.contentType = "text/plain";
    offer.fileName = "a.html";
    offer.cacheControl = "public, max-age=31536000, immutable";
    const auto answer = plan("", offer);
    CHECK(field(answer, "ETag") == "\"v1\"");
    CHECK(answer.contentType == "text/plain");
    CHECK(field(answer, "Cache-Control") == offer.cacheControl);
    CHECK(field(answer, "Content-Disposition") == R"(inline; filename="a.html")");
    const auto again = plan("If-None-Match: \"v1\"", offer);
    CHECK(again.status == 304);
    CHECK(again.contentType.empty());
    CHECK(field(again, "ETag") == "\"v1\"");
    CHECK(field(again, "Cache-Control") == offer.cacheControl);
    CHECK(field(again, "Content-Disposition").empty());
    for (auto tag : {"v1", "", "\"", "\"a\"b\"", "W/v1", "\"a\r\nb\""}) {
        offer.etag = tag;
        CHECK_THROWS_AS(plan("", offer), std::invalid_argument);
    }
}

TEST_CASE("file answer: an uploaded file cannot act in the name of the server") {
    for (std::string name : {"a.html", "a.SVG", "a.xml", "a.xhtml", "a.rss", "a.js", "a.eml"}) {
        FileOffer offer;
        offer.fileName = name;
        const auto automatic = plan("", offer);
        CHECK_MESSAGE(field(automatic, "Content-Disposition").starts_with("attachment"), name);
        offer.disposition = Disposition::inlined;
        const auto shown = plan("", offer);
        CHECK_MESSAGE(field(shown, "Content-Disposition").starts_with("inline"), name);
        for (const auto& answer :
             {automatic, shown, plan("Range: bytes=0-9", offer), plan("If-None-Match: *", offer)}) {
            CHECK(field(answer, "Content-Security-Policy").starts_with("sandbox; "));
            // What a handler had set before gives way.
            ResponseFields fields;
            fields.set("content-security-policy", "default-src *");
            for (const auto& [key, value] : answer.fields) fields.set(key, value);
            int policies = 0;
            for (const auto& [key, value] : fields.all())
                if (key == "Content-Security-Policy") ++policies;
            CHECK(policies == 1);
        }
    }
    FileOffer offer;
    offer.contentType = "text/plain, text/html";
    CHECK(field(plan("", offer), "Content-Disposition") == "attachment");
    offer = {};
    offer.fileName = "a.pdf";
    CHECK(field(plan("", offer), "Content-Disposition").starts_with("inline"));
    CHECK(field(plan("", offer), "Content-Security-Policy").find("script") == std::string::npos);
    offer.disposition = Disposition::attachment;
    CHECK(field(plan("", offer), "Content-Disposition").starts_with("attachment"));
    CHECK(plan("", FileOffer{}).contentType == "application/octet-stream");
    CHECK(field(plan("", FileOffer{}), "Content-Disposition").empty());
}
