#include "host/http/websocket_writer.hpp"

#include "host/http/query.hpp"
#include "host/http/websocket_deflate.hpp"

#include <stdexcept>
#include <utility>

namespace talome::http {

namespace {

constexpr std::uint8_t kFinal = 0x80, kCompressed = 0x40;
constexpr std::size_t kMaxHead = 10;
constexpr std::size_t kMaxReason = kMaxControlPayload - 2;
constexpr std::size_t kWorthCompressing = 128;
constexpr std::size_t kMaxCompressed = 16u << 20; // more would hold up the other connections of the thread
constexpr std::size_t kTail = 4;                  // room that the compressor needs beyond what it gives

void appendHead(std::string& out, Opcode opcode, std::uint8_t flags, std::uint64_t length) {
    out += static_cast<char>(flags | static_cast<std::uint8_t>(opcode));
    int digits = length < 126 ? 0 : length < 0x10000 ? 2 : 8;
    out += static_cast<char>(digits == 0 ? length : digits == 2 ? 126 : 127);
    while (digits-- > 0) out += static_cast<char>(length >> (8 * digits) & 0xff);
}

void appendPlain(std::string& out, Opcode opcode, std::string_view payload) {
    if (opcode == Opcode::continuation) throw std::invalid_argument("a WebSocket message is not sent in parts");
    if (isControl(opcode) && payload.size() > kMaxControlPayload)
        throw std::invalid_argument("a WebSocket control frame is longer than 125 bytes");
    appendHead(out, opcode, kFinal, payload.size());
    out.append(payload);
}

// At most n bytes, without a part of a character at its end. The text is UTF-8.
std::string_view cut(std::string_view text, std::size_t n) {
    if (text.size() <= n) return text;
    while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) --n;
    return text.substr(0, n);
}

} // namespace

WebSocketWriter::WebSocketWriter(std::optional<DeflateParameters> deflate) : deflate_(deflate) {}

WebSocketWriter::~WebSocketWriter() = default;

std::string WebSocketWriter::frame(Opcode opcode, std::string_view payload) {
    std::string out;
    append(out, opcode, payload);
    return out;
}

void WebSocketWriter::append(std::string& out, Opcode opcode, std::string_view payload) {
    const bool message = opcode == Opcode::text || opcode == Opcode::binary;
    const bool worth = payload.size() >= kWorthCompressing && payload.size() <= kMaxCompressed;
    if (deflate_ && message && worth && appendCompressed(out, opcode, payload)) return;
    if (out.empty()) out.reserve(kMaxHead + payload.size());
    appendPlain(out, opcode, payload);
}

bool WebSocketWriter::appendCompressed(std::string& out, Opcode opcode, std::string_view payload) {
    if (!deflater_) deflater_ = SpareStream<MessageDeflater>::take(deflate_->serverWindowBits);
    const auto room = payload.size() + kTail;
    const auto buffer = std::make_unique_for_overwrite<char[]>(room);
    const auto size = deflater_->compress(payload, buffer.get(), room);
    // A compressor that gave nothing has forgotten the message too, as it must: the client's window will not have it.
    if (deflate_->serverNoContextTakeover) SpareStream<MessageDeflater>::giveBack(std::move(deflater_));
    if (size == 0) return false;
    if (out.empty()) out.reserve(kMaxHead + size);
    appendHead(out, opcode, kFinal | kCompressed, size);
    out.append(buffer.get(), size);
    return true;
}

void WebSocketWriter::releaseMemory() { deflater_.reset(); }

std::string WebSocketWriter::plainFrame(Opcode opcode, std::string_view payload) {
    std::string out;
    out.reserve(kMaxHead + payload.size());
    appendPlain(out, opcode, payload);
    return out;
}

std::shared_ptr<const std::string> WebSocketWriter::sharedFrame(Opcode opcode, std::string_view payload) {
    return std::make_shared<const std::string>(plainFrame(opcode, payload));
}

std::string WebSocketWriter::closeFrame(std::uint16_t code, std::string_view reason) {
    std::string payload;
    if (code != kCloseNoCode) {
        if (!isCloseCode(code)) throw std::invalid_argument("a WebSocket close code that may not be sent");
        payload.append({static_cast<char>(code >> 8), static_cast<char>(code & 0xff)});
        if (isUtf8(reason)) payload.append(cut(reason, kMaxReason));
    }
    return plainFrame(Opcode::close, payload);
}

} // namespace talome::http
