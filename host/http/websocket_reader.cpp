#include "host/http/websocket_reader.hpp"

#include "host/http/websocket_deflate.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace talome::http {

namespace {

constexpr WebSocketRefusal kReservedBits{kCloseProtocol, "a reserved bit is set"};
constexpr WebSocketRefusal kBadOpcode{kCloseProtocol, "the opcode is reserved"};
constexpr WebSocketRefusal kControlInParts{kCloseProtocol, "a control frame is fragmented"};
constexpr WebSocketRefusal kControlTooLong{kCloseProtocol, "a control frame is longer than 125 bytes"};
constexpr WebSocketRefusal kNothingToContinue{kCloseProtocol, "there is no message to continue"};
constexpr WebSocketRefusal kNotContinued{kCloseProtocol, "a message begins inside another"};
constexpr WebSocketRefusal kNotMasked{kCloseProtocol, "a frame of a client must be masked"};
constexpr WebSocketRefusal kBadLength{kCloseProtocol, "a length is not in its shortest form"};
constexpr WebSocketRefusal kBadClose{kCloseProtocol, "the close frame is malformed"};
constexpr WebSocketRefusal kBadCloseCode{kCloseProtocol, "the close code is not valid"};
constexpr WebSocketRefusal kBadText{kCloseBadData, "the text is not UTF-8"};
constexpr WebSocketRefusal kBadDeflate{kCloseBadData, "the compressed data is malformed"};
constexpr WebSocketRefusal kFrameTooLarge{kCloseTooLarge, "the frame is larger than allowed"};
constexpr WebSocketRefusal kMessageTooLarge{kCloseTooLarge, "the message is larger than allowed"};
constexpr WebSocketRefusal kHandlerFailed{kCloseInternal, "the message could not be handled"};

constexpr std::uint8_t kFinal = 0x80, kReserved = 0x70, kCompressed = 0x40; // of the first byte
constexpr std::uint8_t kMasked = 0x80, kLength = 0x7f;                      // of the second
constexpr std::uint8_t kLength16 = 126, kLength64 = 127;
constexpr std::size_t kMaskBytes = 4;

constexpr std::size_t kKeptCapacity = 1024; // of the message buffer, so that small messages need no allocation
constexpr std::size_t kBlock = 4096;        // unmasked at a time before it is expanded

// Data that cannot be compressed grows a little.
constexpr std::uint64_t withOverhead(std::uint64_t bytes) {
    return bytes > UINT64_MAX / 2 ? bytes : bytes + bytes / 8 + 128;
}

const WebSocketRefusal* checkFirst(std::uint8_t byte, bool inMessage, bool deflate) {
    const auto opcode = Opcode(byte & 0x0f);
    switch (opcode) {
    case Opcode::continuation:
    case Opcode::text:
    case Opcode::binary:
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
        break;
    default:
        return &kBadOpcode;
    }
    const bool begins = opcode == Opcode::text || opcode == Opcode::binary;
    const std::uint8_t allowed = deflate && begins ? kCompressed : 0;
    if (byte & kReserved & ~allowed) return &kReservedBits;
    if (isControl(opcode)) return byte & kFinal ? nullptr : &kControlInParts;
    if (begins && inMessage) return &kNotContinued;
    if (!begins && !inMessage) return &kNothingToContinue;
    return nullptr;
}

std::size_t lengthBytes(std::uint8_t second) {
    const auto length = second & kLength;
    return length == kLength64 ? 8 : length == kLength16 ? 2 : 0;
}

void release(std::string& text) { std::string().swap(text); } // clear() would keep the memory

} // namespace

WebSocketReader::WebSocketReader(WebSocketLimits limits, std::optional<DeflateParameters> deflate)
    : limits_(limits), deflate_(deflate) {}

WebSocketReader::~WebSocketReader() = default;

WebSocketRefusal WebSocketReader::feed(std::string_view bytes, Events& events) {
    try {
        while (!bytes.empty() && (state_ == State::head || state_ == State::payload)) {
            if (state_ == State::head) takeHead(bytes);
            if (state_ == State::payload)
                takePayload(bytes, events); // also where no byte is left: a frame may be empty
        }
    } catch (...) {
        refuse(kHandlerFailed); // a part of these bytes was read, nobody knows which
        throw;
    }
    return refusal_ ? *refusal_ : WebSocketRefusal{};
}

void WebSocketReader::refuse(const WebSocketRefusal& refusal) {
    state_ = State::refused;
    refusal_ = &refusal;
    release(message_);
    release(control_);
    inflater_.reset();
}

// Byte by byte, so that a fault is seen as early as it can be.
void WebSocketReader::takeHead(std::string_view& bytes) {
    while (!bytes.empty() && state_ == State::head) {
        head_[headSize_++] = static_cast<std::uint8_t>(bytes.front());
        bytes.remove_prefix(1);
        if (headSize_ == 1) {
            if (auto fault = checkFirst(head_[0], inMessage(), deflate_.has_value())) return refuse(*fault);
            continue;
        }
        if (headSize_ == 2) {
            if (!(head_[1] & kMasked)) return refuse(kNotMasked);
            if (isControl(opcode()) && (head_[1] & kLength) > kMaxControlPayload) return refuse(kControlTooLong);
        }
        const auto end = 2 + lengthBytes(head_[1]);
        if (headSize_ == end) readLength();
        if (headSize_ == end + kMaskBytes) {
            maskAt_ = 0;
            state_ = State::payload;
        }
    }
}

void WebSocketReader::readLength() {
    const auto digits = lengthBytes(head_[1]);
    left_ = head_[1] & kLength;
    if (digits) {
        left_ = 0;
        for (std::size_t i = 0; i < digits; ++i) left_ = left_ << 8 | head_[2 + i];
        if (left_ < (digits == 2 ? kLength16 : 0x10000u) || left_ >> 63) return refuse(kBadLength);
    }
    if (isControl(opcode())) return;
    if (opcode() != Opcode::continuation) {
        kind_ = opcode();
        compressed_ = head_[0] & kCompressed;
        sent_ = 0;
    }
    const auto limit = compressed_ ? withOverhead(limits_.message) : limits_.message;
    if (left_ > limits_.frame) return refuse(kFrameTooLarge);
    if (left_ > limit || sent_ > limit - left_) return refuse(kMessageTooLarge);
    sent_ += left_;
}

void WebSocketReader::takePayload(std::string_view& bytes, Events& events) {
    const auto part = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
    bytes.remove_prefix(part.size());
    left_ -= part.size();
    const bool data = !isControl(opcode());
    if (data && compressed_) {
        inflate(part);
    } else {
        auto& to = data ? message_ : control_;
        const auto from = to.size();
        to.append(part);
        unmask(to.data() + from, part.size());
        if (data) checkText(from);
    }
    if (left_ == 0 && state_ != State::refused) endFrame(events);
}

void WebSocketReader::inflate(std::string_view masked) {
    std::array<char, kBlock> block;
    while (!masked.empty() && state_ != State::refused) {
        const auto n = std::min(masked.size(), block.size());
        std::memcpy(block.data(), masked.data(), n);
        masked.remove_prefix(n);
        unmask(block.data(), n);
        if (!inflater_) inflater_ = SpareStream<MessageInflater>::take(deflate_->clientWindowBits);
        const auto from = message_.size();
        const auto result = inflater_->write({block.data(), n}, message_, limits_.message);
        // What came out before the fault is looked at first, as it would be if the bytes had come one by one.
        checkText(from);
        if (state_ != State::refused && result != MessageInflater::Result::ok)
            refuse(result == MessageInflater::Result::tooLarge ? kMessageTooLarge : kBadDeflate);
    }
}

void WebSocketReader::checkText(std::size_t from) {
    if (kind_ == Opcode::text && !utf8_.take(std::string_view(message_).substr(from))) refuse(kBadText);
}

// Eight bytes at a time, with the mask turned to where the frame stands.
void WebSocketReader::unmask(char* bytes, std::size_t n) {
    std::array<std::uint8_t, 8> turned;
    const auto* mask = head_.data() + headSize_ - kMaskBytes;
    for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = mask[(maskAt_ + i) % kMaskBytes];
    std::uint64_t key, word;
    std::memcpy(&key, turned.data(), sizeof key);
    std::size_t i = 0;
    for (; i + sizeof word <= n; i += sizeof word) {
        std::memcpy(&word, bytes + i, sizeof word);
        word ^= key;
        std::memcpy(bytes + i, &word, sizeof word);
    }
    for (std::size_t k = 0; i < n; ++i, ++k) bytes[i] = static_cast<char>(bytes[i] ^ turned[k]);
    maskAt_ = static_cast<std::uint8_t>((maskAt_ + n) % kMaskBytes);
}

void WebSocketReader::endFrame(Events& events) {
    state_ = State::head;
    headSize_ = 0;
    switch (opcode()) {
    case Opcode::close:
        return readClose(events);
    case Opcode::ping:
        events.onPing(control_);
        break;
    case Opcode::pong:
        events.onPong(control_);
        break;
    default:
        if (head_[0] & kFinal) endMessage(events);
        return;
    }
    control_.clear();
}

void WebSocketReader::endMessage(Events& events) {
    if (compressed_ && inflater_) {
        const auto from = message_.size();
        const auto result = inflater_->finish(message_, limits_.message);
        checkText(from);
        if (state_ == State::refused) return;
        if (result != MessageInflater::Result::ok)
            return refuse(result == MessageInflater::Result::tooLarge ? kMessageTooLarge : kBadDeflate);
        if (deflate_->clientNoContextTakeover) SpareStream<MessageInflater>::giveBack(std::move(inflater_));
    }
    const auto kind = std::exchange(kind_, Opcode::continuation);
    if (kind == Opcode::text && !utf8_.complete()) return refuse(kBadText);
    events.onMessage(kind, std::move(message_));
    if (message_.capacity() > kKeptCapacity)
        release(message_);
    else
        message_.clear();
}

void WebSocketReader::readClose(Events& events) {
    const std::string_view payload = control_;
    if (payload.size() == 1) return refuse(kBadClose);
    unsigned code = kCloseNoCode;
    if (!payload.empty()) {
        code = static_cast<std::uint8_t>(payload[0]) << 8 | static_cast<std::uint8_t>(payload[1]);
        if (!isCloseCode(code)) return refuse(kBadCloseCode);
    }
    const auto reason = payload.substr(std::min<std::size_t>(2, payload.size()));
    Utf8Checker utf8;
    if (!utf8.take(reason) || !utf8.complete()) return refuse(kBadText);
    state_ = State::closed;
    release(message_);
    inflater_.reset();
    events.onClose(static_cast<std::uint16_t>(code), reason);
    release(control_);
}

} // namespace talome::http
