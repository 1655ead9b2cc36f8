// The other side of a WebSocket for tests: makes a client's frames, right and wrong ones, writes down what a reader
// says of them, and reads a server's frames.
#pragma once

#include "host/http/websocket_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace talome::http::testing {

constexpr int kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;

struct FrameShape {
    bool final = true;
    int reserved = 0; ///< the three bits: 4, 2, 1
    bool masked = true;
    int lengthBytes = -1; ///< 0, 2 or 8; -1: the shortest form
    std::uint32_t mask = 0x37fa213d;
};

inline std::string clientFrame(int opcode, std::string payload, FrameShape shape = {}) {
    std::string out;
    out += static_cast<char>((shape.final ? 0x80 : 0) | shape.reserved << 4 | opcode);
    const auto n = payload.size();
    int digits = shape.lengthBytes >= 0 ? shape.lengthBytes : n < 126 ? 0 : n < 65536 ? 2 : 8;
    const auto shortLength = digits == 0 ? n : digits == 2 ? 126u : 127u;
    out += static_cast<char>((shape.masked ? 0x80 : 0) | static_cast<int>(shortLength));
    while (digits-- > 0) out += static_cast<char>(static_cast<std::uint64_t>(n) >> (8 * digits) & 0xff);
    if (!shape.masked) return out + payload;
    std::string mask;
    for (int shift : {24, 16, 8, 0}) mask += static_cast<char>(shape.mask >> shift & 0xff);
    for (std::size_t i = 0; i < n; ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
    return out + mask + payload;
}

inline std::string closePayload(int code, const std::string& reason = {}) {
    return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} + reason;
}

/// One message in frames of at most `step` bytes, each in the same shape; reserved bits only in the first.
inline std::string fragmented(int opcode, const std::string& payload, std::size_t step, FrameShape shape = {}) {
    std::string out;
    for (std::size_t at = 0; at == 0 || at < payload.size(); at += step) {
        shape.final = at + step >= payload.size();
        out += clientFrame(at ? kContinuation : opcode, payload.substr(at, step), shape);
        shape.reserved = 0;
    }
    return out;
}

/// The events as lines: "text:…", "binary:…", "ping:…", "pong:…", "close 1000:…".
class Recorder : public WebSocketReader::Events {
public:
    void onMessage(Opcode kind, std::string&& payload) override {
        lines.push_back((kind == Opcode::text ? "text:" : "binary:") + payload);
    }
    void onPing(std::string_view payload) override { lines.push_back("ping:" + std::string(payload)); }
    void onPong(std::string_view payload) override { lines.push_back("pong:" + std::string(payload)); }
    void onClose(std::uint16_t code, std::string_view reason) override {
        lines.push_back("close " + std::to_string(code) + ":" + std::string(reason));
    }

    std::vector<std::string> lines;
};

struct Outcome {
    std::vector<std::string> events;
    int code = 0; ///< of the refusal; 0: none
    bool operator==(const Outcome&) const = default;
};

inline Outcome feedInSteps(WebSocketReader& reader, std::string_view bytes, std::size_t step) {
    Recorder recorder;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size())))
        if (auto refusal = reader.feed(bytes.substr(0, step), recorder)) return {recorder.lines, refusal.code};
    return {recorder.lines, 0};
}

/// How many bytes are taken before the refusal, fed one by one; all of them without one.
inline std::size_t bytesUntilRefusal(WebSocketReader& reader, std::string_view bytes) {
    Recorder recorder;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        if (reader.feed(bytes.substr(i, 1), recorder)) return i + 1;
    return bytes.size() + 1;
}

struct ServerFrame {
    int first = 0;       ///< flags and opcode
    std::string payload; ///< as sent
};

/// Takes the next frame of a server from the begin of `bytes`; `first` is -1 if it is cut off or masked.
inline ServerFrame takeServerFrame(std::string& bytes) {
    auto at = [&](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(bytes.at(i))); };
    if (bytes.size() < 2 || at(1) > 127) return {-1, {}};
    const std::size_t digits = at(1) == 126 ? 2 : at(1) == 127 ? 8 : 0;
    if (bytes.size() < 2 + digits) return {-1, {}};
    std::uint64_t length = digits ? 0 : at(1);
    for (std::size_t i = 0; i < digits; ++i) length = length << 8 | at(2 + i);
    if (bytes.size() - 2 - digits < length) return {-1, {}};
    ServerFrame frame{static_cast<int>(at(0)), bytes.substr(2 + digits, length)};
    bytes.erase(0, 2 + digits + length);
    return frame;
}

} // namespace talome::http::testing
