// Feeds anything to the reader of WebSocket frames, cut in several ways, and sends back what it takes.
//
// The first four bytes choose: compression (1 on, 2 each message alone, 4 a window of the next three bits instead of
// 15), the limit of a message, the limit of a frame, and where the input is cut. The rest is what the client sends.
#include "host/http/websocket_deflate.hpp"
#include "host/http/websocket_reader.hpp"
#include "host/http/websocket_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace talome::http;

void require(bool condition) {
    if (!condition) std::abort();
}

struct Setup {
    WebSocketLimits limits;
    std::optional<DeflateParameters> deflate;
};

Setup readSetup(const std::uint8_t* bytes) {
    Setup setup;
    if (bytes[0] & 1) {
        const bool alone = bytes[0] & 2;
        const auto bits = static_cast<std::uint8_t>(bytes[0] & 4 ? 8 + (bytes[0] >> 3 & 7) : 15);
        setup.deflate = DeflateParameters{std::max<std::uint8_t>(bits, 9), bits, alone, alone};
    }
    setup.limits.message = std::uint64_t{bytes[1]} * bytes[1];
    if (bytes[2]) setup.limits.frame = bytes[2] * 16u;
    return setup;
}

struct Message {
    Opcode kind;
    std::string payload;
    bool operator==(const Message&) const = default;
};

// Keeps what has come, and checks what must hold of each event by itself.
class Recorder : public WebSocketReader::Events {
public:
    explicit Recorder(const Setup& setup) : setup_(setup) {}

    void onMessage(Opcode kind, std::string&& payload) override {
        require(kind == Opcode::text || kind == Opcode::binary);
        require(payload.size() <= setup_.limits.message);
        add(kind, std::move(payload));
    }
    void onPing(std::string_view payload) override { addControl(Opcode::ping, std::string(payload)); }
    void onPong(std::string_view payload) override { addControl(Opcode::pong, std::string(payload)); }
    void onClose(std::uint16_t code, std::string_view reason) override {
        require(code == kCloseNoCode ? reason.empty() : isCloseCode(code));
        addControl(Opcode::close, std::string(reason) + ' ' + std::to_string(code));
        ended = true;
    }

    std::vector<Message> messages;
    bool ended = false;

private:
    void addControl(Opcode kind, std::string payload) {
        require(payload.size() <= kMaxControlPayload + 8);
        add(kind, std::move(payload));
    }
    void add(Opcode kind, std::string payload) {
        require(!ended);
        messages.push_back({kind, std::move(payload)});
    }

    const Setup& setup_;
};

struct Outcome {
    std::vector<Message> messages;
    unsigned code = 0;
    std::string_view words;
    bool operator==(const Outcome&) const = default;
};

// `cut` 0: the input as a whole; else in pieces of which it chooses the lengths.
Outcome run(const Setup& setup, std::string_view input, std::uint32_t cut) {
    WebSocketReader reader(setup.limits, setup.deflate);
    Recorder recorder(setup);
    WebSocketRefusal refusal;
    while (!input.empty()) {
        auto n = input.size();
        if (cut) {
            n = std::min<std::size_t>(n, 1 + (cut >> 16) % (cut & 31 ? 9 : 300));
            cut = cut * 1664525u + 1013904223u;
        }
        const auto next = reader.feed(input.substr(0, n), recorder);
        require(!refusal || (next.code == refusal.code && next.words == refusal.words)); // final
        if (next) recorder.ended = true;                                                 // no event after it
        refusal = next;
        require(reader.refused() == static_cast<bool>(refusal));
        input.remove_prefix(n);
    }
    require(!refusal || isCloseCode(refusal.code));
    return {std::move(recorder.messages), refusal.code, refusal.words};
}

// What the server would send back is what a client reads.
void echo(const Setup& setup, const std::vector<Message>& messages) {
    WebSocketWriter writer(setup.deflate);
    std::unique_ptr<MessageInflater> inflater;
    for (const auto& [kind, payload] : messages) {
        if (isControl(kind)) continue;
        const auto frame = writer.frame(kind, payload);
        const auto length = static_cast<unsigned char>(frame[1]);
        const auto data = std::string_view(frame).substr(length < 126 ? 2 : length == 126 ? 4 : 10);
        if (!(frame[0] & 0x40)) {
            require(data == payload);
            continue;
        }
        if (!inflater || setup.deflate->serverNoContextTakeover)
            inflater = std::make_unique<MessageInflater>(setup.deflate->serverWindowBits);
        std::string out;
        require(inflater->write(data, out, payload.size()) == MessageInflater::Result::ok);
        require(inflater->finish(out, payload.size()) == MessageInflater::Result::ok);
        require(out == payload);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) return 0;
    const auto setup = readSetup(data);
    const std::string_view input(reinterpret_cast<const char*>(data) + 4, size - 4);
    const auto whole = run(setup, input, 0);
    const auto cut = run(setup, input, data[3] * 0x01010101u | 1);
    // zlib refuses to reach back behind a window smaller than 32 KiB only at the end of a piece.
    if (!setup.deflate || setup.deflate->clientWindowBits == 15) require(whole == cut);
    echo(setup, whole.messages);
    return 0;
}
