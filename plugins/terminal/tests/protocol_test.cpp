// Frames, fields, UTF-8 in pieces, and the ring that output is kept in.
#include "protocol/messages.hpp"
#include "protocol/utf8_pieces.hpp"
#include "pty/output_ring.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace talome::terminal;

TEST_CASE("a struct comes back as it went") {
    Create wanted;
    wanted.key = {"owner", "sess_x"};
    wanted.command = {"a", "", "c d"};
    wanted.environment = {{"A", "1"}, {"B", ""}};
    wanted.cols = 132;
    wanted.ephemeral = true;
    wanted.limits.scrollback = 7;
    const auto back = decode<Create>(encode(wanted));
    CHECK(back.key == wanted.key);
    CHECK(back.command == wanted.command);
    CHECK(back.environment == wanted.environment);
    CHECK(back.cols == 132);
    CHECK(back.ephemeral);
    CHECK(back.limits.scrollback == 7);
    Sessions many;
    many.sessions.resize(3);
    many.sessions[1].name = "middle";
    CHECK(decode<Sessions>(encode(many)).sessions[1].name == "middle");
}

TEST_CASE("an older or a newer side is understood") {
    const auto text = encode(Failed{-4, "words"});
    CHECK(decode<Failed>(text + "more").words == "words");
    CHECK(decode<Failed>(text.substr(0, 8)).status == -4);
    CHECK(decode<Failed>("").status == 0);
}

TEST_CASE("what is cut or lies about its length is refused") {
    const auto text = encode(Create{.key = {"o", "i"},
                                    .ownerName = {},
                                    .name = "n",
                                    .displayName = {},
                                    .container = {},
                                    .execId = {},
                                    .command = {"a", "b"},
                                    .directory = {},
                                    .environment = {{"A", "B"}},
                                    .limits = {}});
    for (std::size_t n = 1; n < text.size(); ++n) {
        try {
            decode<Create>(std::string_view(text).substr(0, n));
        } catch (const ProtocolError&) {
        }
    }
    std::string huge(16, '\xff');
    CHECK_THROWS_AS(decode<Text>(huge), ProtocolError);
    CHECK_THROWS_AS(decode<Sessions>(huge), ProtocolError);
    std::mt19937 random(1);
    for (int i = 0; i < 20000; ++i) {
        std::string bytes(random() % 80, '\0');
        for (char& c : bytes) c = static_cast<char>(random() % 3 ? random() % 4 : random());
        try {
            decode<Create>(bytes);
            decode<Sessions>(bytes);
        } catch (const ProtocolError&) {
        }
    }
}

TEST_CASE("frames come out of any pieces") {
    const std::string bytes = frame(Kind::input, Text{"one"}) + frame(Kind::list, Text{}) +
                              frame(Kind::input, Text{std::string(100000, 'x')});
    for (const std::size_t step : {1u, 7u, 4096u, 1u << 20}) {
        FrameReader reader(kMostFrame);
        std::vector<std::size_t> sizes;
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            reader.add(std::string_view(bytes).substr(at, step));
            Kind kind;
            std::string_view payload;
            while (reader.next(kind, payload)) sizes.push_back(decode<Text>(payload).text.size());
        }
        CHECK(sizes == std::vector<std::size_t>{3, 0, 100000});
    }
    FrameReader reader(100);
    reader.add(frame(Kind::input, Text{std::string(200, 'x')}));
    Kind kind;
    std::string_view payload;
    CHECK_THROWS_AS(reader.next(kind, payload), ProtocolError);
}

TEST_CASE("UTF-8 in pieces") {
    const std::string text = "a\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80z";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        Utf8Pieces pieces;
        std::string joined = pieces.add(text.substr(0, cut));
        joined += pieces.add(text.substr(cut));
        CHECK(joined == text);
        CHECK(pieces.held() == 0);
    }
    const auto all = [](const std::string& bytes) {
        Utf8Pieces pieces;
        std::string out;
        for (const char c : bytes) out += pieces.add({&c, 1});
        return out;
    };
    const std::string wrong = "\xef\xbf\xbd";
    CHECK(all("\xff") == wrong);
    CHECK(all("\xc0\xaf") == wrong + wrong);
    CHECK(all("\xe6\xbcx") == wrong + "x");              // one for what could have been a character
    CHECK(all("\xed\xa0\x80") == wrong + wrong + wrong); // a surrogate is none
    CHECK(all("\xf4\x90\x80\x80").size() == 12);
    CHECK(all("\x80") == wrong);
    CHECK(cutCharacter("ab\xf0\x9f\x98") == 3);
    CHECK(cutCharacter("ab\xe0\x80") == 0);
}

TEST_CASE("the ring keeps the newest bytes, and another process finds them") {
    OutputRing ring(1000);
    std::string all;
    std::mt19937 random(3);
    for (int i = 0; i < 500; ++i) {
        std::string piece(random() % 300, static_cast<char>('a' + i % 26));
        if (i == 250) piece.assign(2500, 'Z');
        ring.append(piece);
        all += piece;
        CHECK(ring.end() == all.size());
        CHECK(ring.end() - ring.begin() == std::min<std::size_t>(1000, all.size()));
        const auto from = ring.begin() + random() % (ring.end() - ring.begin() + 1);
        std::string got;
        for (const auto part : ring.read(from, 400)) got += part;
        CHECK(got == all.substr(from, 400));
    }
    ring.note("what it is");
    OutputRing other{Descriptor(::dup(ring.descriptor()))};
    CHECK(other.note() == "what it is");
    CHECK(other.end() == ring.end());
    std::string got;
    for (const auto part : other.read(other.begin(), 1000)) got += part;
    CHECK(got == all.substr(all.size() - 1000));
}
