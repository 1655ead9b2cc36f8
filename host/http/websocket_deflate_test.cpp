// Compressed messages in both directions, over the ground of the Autobahn suite's groups 12 and 13.
#include "host/http/websocket_deflate.hpp"
#include "host/http/websocket_test_client.hpp"
#include "host/http/websocket_writer.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace talome::http;
using namespace talome::http::testing;
using namespace std::string_literals;

namespace {

// A client's compressor, free in what it does: zlib itself.
class ClientDeflater {
public:
    explicit ClientDeflater(int bits, int level = 6) {
        REQUIRE(deflateInit2(&stream_, level, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    }
    ~ClientDeflater() { deflateEnd(&stream_); }
    ClientDeflater(const ClientDeflater&) = delete;
    ClientDeflater& operator=(const ClientDeflater&) = delete;

    std::string raw(const std::string& text, int flush) {
        std::string out(text.size() + text.size() / 8 + 256, '\0');
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        stream_.avail_in = static_cast<uInt>(text.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        deflate(&stream_, flush);
        out.resize(out.size() - stream_.avail_out);
        return out;
    }
    std::string message(const std::string& text) {
        if (text.empty()) return "\0"s; // RFC 7692, 7.2.3.6
        auto out = raw(text, Z_SYNC_FLUSH);
        REQUIRE(out.substr(out.size() - 4) == "\0\0\xff\xff"s);
        return out.substr(0, out.size() - 4);
    }
    void reset() { deflateReset(&stream_); }

private:
    z_stream stream_{};
};

constexpr FrameShape kCompressedShape{.reserved = 4};

std::string compressedFrame(int opcode, const std::string& data) { return clientFrame(opcode, data, kCompressedShape); }

// Alike enough to be compressed, and different each time.
std::string sentence(std::mt19937& random, std::size_t n) {
    static const char* const words[] = {"container ", "image ", "volume ", "{\"state\":\"running\"}, ", "42 ", "ä€😀 "};
    std::string out;
    while (out.size() < n) out += words[random() % 6];
    return out;
}

std::string noise(std::mt19937& random, std::size_t n) {
    std::string out(n, '\0');
    for (auto& c : out) c = static_cast<char>(random());
    return out;
}

Outcome outcomeOf(const std::string& bytes, DeflateParameters deflate = {}, WebSocketLimits limits = {}) {
    WebSocketReader whole(limits, deflate);
    auto outcome = feedInSteps(whole, bytes, std::string::npos);
    for (std::size_t step : {1, 2, 3, 7, 4097}) {
        WebSocketReader reader(limits, deflate);
        CHECK(feedInSteps(reader, bytes, step) == outcome);
    }
    return outcome;
}

} // namespace

TEST_CASE("websocket 12: the examples of RFC 7692") {
    struct Case {
        const char* what;
        std::string bytes;
    };
    const auto hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"s;
    for (const auto& example :
         {Case{"one frame", compressedFrame(kText, hello)},
          Case{"two fragments", fragmented(kText, hello, 3, kCompressedShape)},
          Case{"a block without compression", compressedFrame(kText, "\x00\x05\x00\xfa\xffHello\x00"s)},
          Case{"a last block", compressedFrame(kText, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s)},
          Case{"two blocks", compressedFrame(kText, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s)}})
        CHECK_MESSAGE((outcomeOf(example.bytes) == Outcome{{"text:Hello"}, 0}), example.what);
    // The second message refers to the first.
    CHECK(outcomeOf(compressedFrame(kText, hello) + compressedFrame(kText, "\xf2\x00\x11\x00\x00"s)) ==
          Outcome{{"text:Hello", "text:Hello"}, 0});
}

TEST_CASE("websocket 12: empty messages, messages as they are, and control frames between") {
    CHECK(outcomeOf(compressedFrame(kText, "\0"s) + compressedFrame(kBinary, "") +
                    compressedFrame(kText, "\x02\x00"s)) == Outcome{{"text:", "binary:", "text:"}, 0});
    ClientDeflater client(12);
    const auto data = client.message("hello hello hello");
    CHECK(outcomeOf(clientFrame(kText, "plain") +
                    clientFrame(kText, data.substr(0, 4), {.final = false, .reserved = 4}) + clientFrame(kPing, "p") +
                    clientFrame(kContinuation, data.substr(4)) + clientFrame(kBinary, "\xff")) ==
          Outcome{{"text:plain", "ping:p", "text:hello hello hello", "binary:\xff"}, 0});
}

TEST_CASE("websocket 12: the reserved bit belongs to the first frame of a message") {
    for (int opcode : {kPing, kPong, kClose}) CHECK(outcomeOf(compressedFrame(opcode, "")).code == 1002);
    CHECK(outcomeOf(clientFrame(kText, "a", {.final = false}) + compressedFrame(kContinuation, "b")).code == 1002);
    CHECK(outcomeOf(compressedFrame(kContinuation, "b")).code == 1002);
    for (int bits : {1, 2, 3, 5, 6, 7}) CHECK(outcomeOf(clientFrame(kText, "", {.reserved = bits})).code == 1002);
    WebSocketReader without({});
    Recorder recorder;
    CHECK(without.feed(compressedFrame(kText, "\0"s), recorder).code == 1002);
}

TEST_CASE("websocket 12: malformed data, text that is not UTF-8, and messages that are cut off") {
    ClientDeflater client(15, 9);
    for (const auto& data : {"\x07"s, "\xff\xff\xff\xff"s, "\x00\x05\x00\x00\x00Hello"s}) {
        CAPTURE(data);
        CHECK(outcomeOf(compressedFrame(kBinary, data)) == Outcome{{}, 1007});
    }
    const auto whole = client.message("a text that is long enough to be cut, text that is long enough");
    for (std::size_t cut = 1; cut < whole.size(); ++cut)
        CHECK(outcomeOf(compressedFrame(kBinary, whole.substr(0, cut))).code == 1007);
    CHECK(outcomeOf(compressedFrame(kText, ClientDeflater(12).message("abc\xff"))) == Outcome{{}, 1007});
    CHECK(outcomeOf(compressedFrame(kText, ClientDeflater(12).message("abc\xc3"))) == Outcome{{}, 1007});
    // Refers to what was never sent.
    CHECK(outcomeOf(compressedFrame(kText, "\xf2\x00\x11\x00\x00"s)) == Outcome{{}, 1007});
}

TEST_CASE("websocket 12: a fault in expanded text is seen in the frame that holds it, not at the end") {
    ClientDeflater client(12);
    auto data = client.raw("abc\xff"s, Z_SYNC_FLUSH);
    WebSocketReader reader({}, DeflateParameters{});
    Recorder recorder;
    CHECK(reader.feed(clientFrame(kText, data, {.final = false, .reserved = 4}), recorder).code == 1007);
}

TEST_CASE("websocket 12: a message is refused as soon as it expands beyond its limit") {
    ClientDeflater client(15, 9);
    const auto bomb = client.message(std::string(8 << 20, '\0'));
    CHECK(bomb.size() < 10000);
    WebSocketReader reader({.message = 100000}, DeflateParameters{.clientWindowBits = 15});
    const auto bytes = compressedFrame(kBinary, bomb);
    CHECK(bytesUntilRefusal(reader, bytes) < 400);
    for (std::size_t n : {999, 1000, 1001}) {
        const auto message = ClientDeflater(12).message(std::string(n, 'a'));
        const auto outcome = outcomeOf(compressedFrame(kText, message), {}, {.message = 1000});
        CHECK(outcome == (n > 1000 ? Outcome{{}, 1009} : Outcome{{"text:" + std::string(n, 'a')}, 0}));
    }
    // What is declared counts too: compressed data is hardly longer than what it expands to.
    WebSocketReader second({.message = 1000}, DeflateParameters{});
    CHECK(bytesUntilRefusal(second, compressedFrame(kBinary, std::string(2000, '\0'))) == 4);
    std::mt19937 random(1);
    const auto incompressible = noise(random, 1000);
    CHECK(outcomeOf(compressedFrame(kBinary, ClientDeflater(12).message(incompressible)), {}, {.message = 1000}) ==
          Outcome{{"binary:" + incompressible}, 0});
}

TEST_CASE("websocket 12: last blocks, with the window kept over them") {
    // Level 0 writes the last block as it is; then a block refers to what came before it, in this message or the next.
    std::mt19937 random(2);
    const auto text = sentence(random, 600);
    ClientDeflater teacher(15, 9);
    teacher.raw(text, Z_SYNC_FLUSH);
    const auto reference = teacher.message(text); // the same again: little more than a distance
    REQUIRE(reference.size() < 40);
    const auto last = ClientDeflater(15, 0).raw(text, Z_FINISH);
    const DeflateParameters wide{.clientWindowBits = 15};
    CHECK(outcomeOf(compressedFrame(kText, last + reference), wide) == Outcome{{"text:" + text + text}, 0});
    for (const auto& end : {"\0"s, ""s})
        CHECK(outcomeOf(compressedFrame(kText, last + end) + compressedFrame(kText, reference), wide) ==
              Outcome{{"text:" + text, "text:" + text}, 0});
    // Many of them cost no more than their bytes.
    std::string many;
    for (int i = 0; i < 20000; ++i) many += "\x03\x00"s;
    CHECK(outcomeOf(compressedFrame(kText, many + "\0"s)) == Outcome{{"text:"}, 0});
}

TEST_CASE("websocket 13: every window, with and without context takeover, both ways") {
    std::mt19937 random(3);
    for (int bits = 9; bits <= 15; ++bits) {
        for (bool alone : {false, true}) {
            CAPTURE(bits);
            CAPTURE(alone);
            const auto width = static_cast<std::uint8_t>(bits);
            const DeflateParameters parameters{width, width, alone, alone};
            WebSocketReader reader({.message = 200000}, parameters);
            WebSocketWriter writer(parameters);
            ClientDeflater client(bits);
            MessageInflater inflater(bits);
            for (std::size_t n : {0, 1, 127, 128, 1000, 3000, 16384, 70000, 131072}) {
                const auto text = sentence(random, n);
                if (alone) client.reset();
                const auto sent = fragmented(kText, client.message(text), 1 + n / 3, kCompressedShape);
                CHECK(feedInSteps(reader, sent, 1300) == Outcome{{"text:" + text}, 0});

                auto bytes = writer.frame(Opcode::text, text);
                const auto frame = takeServerFrame(bytes);
                CHECK(bytes.empty());
                REQUIRE(frame.first == (text.size() >= 128 ? 0xc1 : 0x81));
                std::string expanded = frame.payload;
                if (frame.first == 0xc1) {
                    CHECK(frame.payload.size() < text.size());
                    if (alone) inflater.reset();
                    expanded.clear();
                    REQUIRE(inflater.write(frame.payload, expanded, 200000) == MessageInflater::Result::ok);
                    REQUIRE(inflater.finish(expanded, 200000) == MessageInflater::Result::ok);
                }
                CHECK(expanded == text);
            }
        }
    }
}

TEST_CASE("websocket 13: a client's window of 256 bytes") {
    // zlib makes no such window, but with one of 512 bytes it happens to reach back no more than 250.
    const DeflateParameters parameters{.clientWindowBits = 8};
    const std::string text = "a" + std::string(250, 'b');
    ClientDeflater client(9);
    const auto first = client.message(text), second = client.message(text);
    CHECK(outcomeOf(compressedFrame(kText, first) + compressedFrame(kText, second), parameters) ==
          Outcome{{"text:" + text, "text:" + text}, 0});
}

TEST_CASE("websocket writer: the context is used, forgotten, and never ahead of the client's") {
    std::mt19937 random(4);
    WebSocketWriter writer(DeflateParameters{});
    MessageInflater inflater(12);
    auto read = [&](std::string bytes) {
        const auto frame = takeServerFrame(bytes);
        if (!(frame.first & 0x40)) return frame.payload;
        std::string out;
        CHECK(inflater.write(frame.payload, out, 1 << 20) == MessageInflater::Result::ok);
        CHECK(inflater.finish(out, 1 << 20) == MessageInflater::Result::ok);
        return out;
    };
    const auto text = sentence(random, 500);
    const auto first = writer.frame(Opcode::text, text), second = writer.frame(Opcode::text, text);
    CHECK(second.size() < first.size() / 4);
    CHECK(read(first) == text);
    CHECK(read(second) == text);
    // Noise goes as it is, and the compressor must not refer to it afterwards.
    const auto bytes = noise(random, 800);
    const auto plain = writer.frame(Opcode::binary, bytes);
    CHECK(plain.size() == bytes.size() + 4);
    CHECK(read(plain) == bytes);
    CHECK(read(writer.frame(Opcode::binary, bytes.substr(0, 400) + std::string(400, 'x'))) ==
          bytes.substr(0, 400) + std::string(400, 'x'));
    CHECK(read(writer.frame(Opcode::text, text)) == text);
    writer.releaseMemory();
    CHECK(read(*WebSocketWriter::sharedFrame(Opcode::text, text)) == text);
    CHECK(read(writer.frame(Opcode::text, text)) == text);
    CHECK(read(writer.plainFrame(Opcode::text, text)) == text);
    CHECK(read(writer.frame(Opcode::text, text)) == text);
}

TEST_CASE("websocket writer: messages that stand alone leave no compressor behind") {
    std::mt19937 random(5);
    const auto text = sentence(random, 500);
    const DeflateParameters alone{.serverNoContextTakeover = true};
    WebSocketWriter one(alone), other(alone);
    const auto first = one.frame(Opcode::text, text);
    CHECK(other.frame(Opcode::text, text) == first);
    CHECK(one.frame(Opcode::text, text) == first);
    WebSocketWriter wide(DeflateParameters{.serverWindowBits = 15, .serverNoContextTakeover = true});
    CHECK(wide.frame(Opcode::text, text).size() <= first.size());
}

TEST_CASE("websocket: a thousand random compressed messages, cut at random places") {
    std::mt19937 random(6);
    auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
    for (bool alone : {false, true}) {
        ClientDeflater client(12);
        std::string bytes;
        std::vector<std::string> events;
        for (int i = 0; i < 500; ++i) {
            const auto n = below(below(10) ? 400 : 20000);
            const bool text = below(4);
            const auto payload = text ? sentence(random, n) : noise(random, n);
            if (alone) client.reset();
            FrameShape shape{.reserved = below(5) ? 4 : 0, .mask = static_cast<std::uint32_t>(random())};
            const auto data = shape.reserved ? client.message(payload) : payload;
            bytes += fragmented(text ? kText : kBinary, data, 1 + below(data.size() + 1), shape);
            events.push_back((text ? "text:" : "binary:") + payload);
        }
        WebSocketReader reader({}, DeflateParameters{.clientNoContextTakeover = alone});
        Recorder recorder;
        for (std::string_view rest = bytes; !rest.empty();) {
            const auto n = std::min(rest.size(), 1 + below(below(2) ? 20 : 9000));
            REQUIRE_FALSE(reader.feed(rest.substr(0, n), recorder));
            rest.remove_prefix(n);
        }
        CHECK(recorder.lines == events);
    }
}
