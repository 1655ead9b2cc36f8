// The screen that output draws, and that its redraw draws the same one.
#include "screen/terminal_screen.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace talome::terminal;

namespace {

std::string lines(const std::string& text) { // without blank lines at the end
    std::string out = text;
    while (out.ends_with("\n\n") || out == "\n") out.pop_back();
    return out;
}

/// Another screen that has been drawn from the redraw of this one.
std::unique_ptr<TerminalScreen> copyOf(const TerminalScreen& screen) {
    auto copy = std::make_unique<TerminalScreen>(screen.rows(), screen.cols(), std::size_t{1} << 20);
    copy->write(screen.redraw());
    return copy;
}

std::string lastLines(const std::string& text, int n) {
    std::size_t at = text.size();
    for (int i = 0; i <= n && at != text.npos && at > 0; ++i) at = text.rfind('\n', at - 1);
    return text.substr(at == text.npos ? 0 : at);
}

void checkSame(TerminalScreen& screen) {
    const auto copy = copyOf(screen);
    CHECK(copy->plainText() == screen.plainText());
    CHECK(copy->redraw() == screen.redraw());
}

} // namespace

TEST_CASE("text, lines and scrollback") {
    TerminalScreen screen(3, 10, 1 << 20);
    screen.write("one\r\ntwo\r\nthree\r\nfour\r\nfive");
    CHECK(lines(screen.plainText()) == "one\ntwo\nthree\nfour\nfive\n");
    checkSame(screen);
    screen.write("\x1b[H\x1b[Jgone");
    CHECK(lines(screen.plainText()) == "one\ntwo\ngone\n");
    checkSame(screen);
}

TEST_CASE("scrollback is bounded, the oldest lines go") {
    TerminalScreen screen(2, 20, 2000);
    for (int i = 0; i < 5000; ++i) screen.write("line " + std::to_string(i) + "\r\n");
    const std::string text = screen.plainText();
    CHECK(text.find("line 0\n") == text.npos);
    CHECK(text.find("line 4999\n") != text.npos);
    CHECK(text.size() < 2000 + 110 * 12); // what is kept as text, and the last hundred lines
}

TEST_CASE("colours, wide characters and what combines") {
    TerminalScreen screen(4, 20, 1000);
    screen.write("\x1b[1;31mred\x1b[0m \x1b[38;5;208morange\x1b[48;2;1;2;3mback\x1b[m\r\n");
    screen.write("\xe6\xbc\xa2\xe5\xad\x97 e\xcc\x81 \xf0\x9f\x98\x80|\r\n\x1b[7m inverse \x1b[27m\x1b[4munder");
    CHECK(lines(screen.plainText()) ==
          "red orangeback\n\xe6\xbc\xa2\xe5\xad\x97 e\xcc\x81 \xf0\x9f\x98\x80|\n inverse under\n");
    const auto text = screen.redraw();
    CHECK(text.find("\x1b[0;1;31mred") != text.npos);
    CHECK(text.find("\x1b[0;38;5;208morange") != text.npos);
    CHECK(text.find("\x1b[0;38;5;208;48;2;1;2;3mback") != text.npos);
    checkSame(screen);
    screen.write("\x1b[2;2Hx"); // over the right half of a wide one
    CHECK(screen.plainText().find(" x\xe5\xad\x97") != std::string::npos);
    checkSame(screen);
}

TEST_CASE("the alternate screen hides the usual one, and gives it back") {
    TerminalScreen screen(3, 10, 1000);
    screen.write("shell$ vi\r\n\x1b[?1049h\x1b[Hfile\r\n~");
    CHECK(lines(screen.plainText()) == "file\n~\n");
    const auto copy = copyOf(screen);
    CHECK(copy->redraw() == screen.redraw());
    copy->write("\x1b[?1049l");
    screen.write("\x1b[?1049l");
    CHECK(lines(copy->plainText()) == "shell$ vi\n");
    CHECK(copy->plainText() == screen.plainText());
}

TEST_CASE("modes, margins and the cursor come along") {
    TerminalScreen screen(5, 10, 1000);
    screen.write("\x1b[?2004h\x1b[?1h\x1b=\x1b[?1000h\x1b[?1006h\x1b[2;4r\x1b[3;5Habc\x1b[?25l\x1b[4 q\x1b[32m");
    const auto text = screen.redraw();
    for (const char* each : {"\x1b[?2004h", "\x1b[?1h", "\x1b=", "\x1b[?1000h", "\x1b[?1006h", "\x1b[2;4r", "\x1b[3;8H",
                             "\x1b[?25l", "\x1b[4 q", "\x1b[0;32m"})
        CHECK_MESSAGE(text.find(each) != text.npos, each);
    checkSame(screen);
    const auto copy = copyOf(screen);
    for (auto* each : {copy.get(), &screen}) each->write("\r\n\n\n\nmore"); // scrolls within the margins
    CHECK(copy->plainText() == screen.plainText());
    screen.write("\x1b"
                 "c");
    CHECK(screen.redraw().find("?2004h") == std::string::npos);
    checkSame(screen);
}

TEST_CASE("a line that is full waits for the next character") {
    TerminalScreen screen(3, 5, 1000);
    screen.write("abcde");
    const auto copy = copyOf(screen);
    for (auto* each : {copy.get(), &screen}) each->write("f");
    CHECK(lines(screen.plainText()) == "abcde\nf\n");
    CHECK(copy->plainText() == screen.plainText());
}

TEST_CASE("output that is cut within a sequence goes on after the redraw") {
    for (const std::string whole : {"\x1b[38;5;208mX", "\xf0\x9f\x98\x80", "\x1b]0;title\x07Y", "\x1b]0;title\x1b\\Y",
                                    "\x1bPdata\x1b\\Z", "\x1b(BQ"}) {
        for (std::size_t cut = 1; cut < whole.size(); ++cut) {
            TerminalScreen screen(3, 20, 1000);
            screen.write("before ");
            screen.write(whole.substr(0, cut));
            const auto copy = copyOf(screen);
            for (auto* each : {copy.get(), &screen}) each->write(whole.substr(cut));
            CHECK(copy->plainText() == screen.plainText());
            CHECK(copy->redraw() == screen.redraw());
        }
    }
}

TEST_CASE("another size") {
    TerminalScreen screen(4, 10, 1000);
    screen.write("1\r\n2\r\n3\r\n4\r\n5\r\n6");
    screen.resize(2, 10);
    CHECK(lines(screen.plainText()) == "1\n2\n3\n4\n5\n6\n");
    checkSame(screen);
    screen.resize(5, 12); // takes back what has scrolled off
    CHECK(lines(screen.plainText()) == "1\n2\n3\n4\n5\n6\n");
    checkSame(screen);
    screen.write("\r\nnext");
    CHECK(lines(screen.plainText()) == "1\n2\n3\n4\n5\n6\nnext\n");
    screen.resize(1, 2);
    screen.resize(200, 500);
    checkSame(screen);
}

TEST_CASE("questions are answered") {
    TerminalScreen screen(4, 10, 1000);
    std::string said;
    screen.onAnswer = [&](std::string_view text) { said += text; };
    screen.write("ab\x1b[6n");
    CHECK(said == "\x1b[1;3R");
}

TEST_CASE("whatever comes, the redraw draws it again") {
    std::mt19937 random(20);
    const std::string_view pieces[] = {"\x1b[",
                                       "\x1b]",
                                       "\x1bP",
                                       "?",
                                       ";",
                                       "1",
                                       "5",
                                       "49",
                                       "1049",
                                       "h",
                                       "l",
                                       "m",
                                       "H",
                                       "J",
                                       "K",
                                       "r",
                                       "A",
                                       "B",
                                       "C",
                                       "D",
                                       "L",
                                       "M",
                                       "P",
                                       "@",
                                       "X",
                                       "S",
                                       "T",
                                       "\r\n",
                                       "\n",
                                       "\t",
                                       "\b",
                                       "text",
                                       "e\xcc\x81",
                                       "\xff",
                                       "\x07",
                                       "\x1b\\",
                                       "\x1b"
                                       "7",
                                       "\x1b"
                                       "8",
                                       "\x1b"
                                       "M",
                                       "\x1b"
                                       "D",
                                       "\x1b"
                                       "c",
                                       "38;5;1",
                                       " ",
                                       "~",
                                       "4h",
                                       "4l",
                                       "\x18"};
    for (int round = 0; round < 300; ++round) {
        TerminalScreen screen(1 + static_cast<int>(random() % 20), 2 + static_cast<int>(random() % 30), 4000);
        for (int i = 0; i < 200; ++i) {
            screen.write(pieces[random() % std::size(pieces)]);
            if (random() % 50 == 0)
                screen.resize(1 + static_cast<int>(random() % 20), 2 + static_cast<int>(random() % 30));
        }
        screen.write("\x18\x1b[4l"); // out of any sequence
        const auto copy = copyOf(screen);
        // The screen: a line of scrollback that was wider once goes on in the next one, as in other terminals.
        CHECK(lastLines(copy->plainText(), screen.rows()) == lastLines(screen.plainText(), screen.rows()));
    }
}

TEST_CASE("a text that never ends takes no memory") {
    TerminalScreen screen(4, 10, 1000);
    screen.write("\x1b]0;");
    const std::string much(1 << 20, 'x');
    for (int i = 0; i < 64; ++i) screen.write(much);
    CHECK(screen.redraw().size() < 20000);
}
