// Frames, joined lines, and the limit of a log's text.
#include "containers/log_frames.hpp"
#include "containers/log_text.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace talome::docker;

namespace {

const std::string kStamp = "2026-11-24T00:22:45.184911402Z ";
const std::string kLater = "2026-11-24T00:22:46.000000000Z ";

std::string frame(char stream, const std::string& text) {
    const auto n = static_cast<unsigned>(text.size());
    std::string bytes{stream, 0, 0, 0, char(n >> 24), char(n >> 16), char(n >> 8), char(n)};
    return bytes + text;
}

// Feeds the bytes in pieces of each size: the answer must not depend on it.
std::vector<std::string> linesOf(const std::string& bytes, bool timestamps, bool tty = false) {
    std::vector<std::string> first;
    for (const std::size_t size : {bytes.size() + 1, std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
        std::vector<std::string> lines;
        const auto line = [&](std::string_view text) { lines.emplace_back(text); };
        LogFrames frames(timestamps, line);
        LineJoiner joiner(timestamps, line);
        for (std::size_t at = 0; at < bytes.size(); at += size) {
            const auto piece = std::string_view(bytes).substr(at, size);
            if (tty)
                joiner.raw(piece);
            else
                REQUIRE(frames.feed(piece));
        }
        if (tty)
            joiner.finish();
        else
            CHECK(frames.finish());
        if (first.empty()) first = lines;
        CHECK(lines == first);
    }
    return first;
}

using Lines = std::vector<std::string>;

} // namespace

TEST_CASE("frames become lines, and no byte of a head is left") {
    CHECK(linesOf(frame(1, "one\n") + frame(2, "two\n") + frame(1, "three\nfour\r\n"), false) ==
          Lines{"one", "two", "three", "four"});
    CHECK(linesOf(frame(1, ""), false).empty());
    CHECK(linesOf(frame(1, "\n\n"), false) == Lines{"", ""});
    CHECK(linesOf(frame(1, "no end"), false) == Lines{"no end"});
}

TEST_CASE("the two streams do not get into each other's lines") {
    CHECK(linesOf(frame(1, "out ") + frame(2, "err\n") + frame(1, "put\n"), false) == Lines{"err", "out put"});
}

TEST_CASE("a line that the engine has cut is joined, and keeps its first time") {
    const std::string part(kEngineLineCut, 'a');
    CHECK(linesOf(frame(1, kStamp + part) + frame(1, kLater + "rest\n") + frame(1, kLater + "next\n"), true) ==
          Lines{kStamp + part + "rest", kLater + "next"});
    // Without timestamps, text that looks like one is text.
    CHECK(linesOf(frame(1, "x") + frame(1, kLater + "y\n"), false) == Lines{"x" + kLater + "y"});
}

TEST_CASE("what is not frames is refused") {
    LogFrames frames(false, [](std::string_view) {});
    CHECK_FALSE(frames.feed("plain text of a terminal"));
    LogFrames cut(false, [](std::string_view) {});
    CHECK(cut.feed(frame(1, "abc").substr(0, 9)));
    CHECK_FALSE(cut.finish());
}

TEST_CASE("a terminal's log has no frames") {
    CHECK(linesOf(kStamp + "one\r\n" + kLater + "two\r\n", true, true) == Lines{kStamp + "one", kLater + "two"});
    CHECK(linesOf("one\r\ntwo", false, true) == Lines{"one", "two"});
    const std::string part(kEngineLineCut, 'a');
    CHECK(linesOf(kStamp + part + kLater + part + kLater + "rest\r\n" + kLater + "next\r\n", true, true) ==
          Lines{kStamp + part + part + "rest", kLater + "next"});
    CHECK(linesOf(kStamp + part + "\r\n" + kLater + "next\r\n", true, true) == Lines{kStamp + part, kLater + "next"});
}

TEST_CASE("text is valid UTF-8") {
    std::string out;
    appendUtf8(out, "a\xC3\xA4\xFF"
                    "b\xE2\x82");
    CHECK(out == "a\xC3\xA4\xEF\xBF\xBD"
                 "b\xEF\xBF\xBD\xEF\xBF\xBD");
    out.clear();
    appendUtf8(out, "\xED\xA0\x80\xF0\x9F\x98\x80\xC0\xAF");
    CHECK(out == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xF0\x9F\x98\x80\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("the newest lines are kept") {
    LogText text(100);
    for (int i = 0; i < 1000; ++i) text.line("line " + std::to_string(i));
    const std::string kept = text.take();
    CHECK(kept.starts_with("[older lines are left out"));
    CHECK(kept.ends_with("line 998\nline 999\n"));
    CHECK(kept.size() < 200);
    LogText small(100);
    small.line("one");
    CHECK(small.take() == "one\n");
}
