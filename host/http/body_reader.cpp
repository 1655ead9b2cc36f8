#include "host/http/body_reader.hpp"

#include "host/http/error.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace talome::http {

namespace {
constexpr std::size_t kBufferBytes = 4096;
constexpr std::size_t kMaxSizeLine = 256;  // a chunk size and its extensions
constexpr std::size_t kMaxTrailer = 8192;  // read, checked for its form, and thrown away
constexpr std::size_t kMaxSizeDigits = 15; // fits 64 bits

bool holdsControl(const std::string& line) {
    return std::any_of(line.begin(), line.end(), [](unsigned char c) { return (c < ' ' && c != '\t') || c == 127; });
}
} // namespace

BodyReader::BodyReader(ByteSource& source, Framing framing, std::uint64_t length)
    : source_(source), framing_(framing), left_(framing == Framing::length ? length : 0) {
    state_ = framing == Framing::chunked ? State::size : left_ ? State::data : State::end;
}

void BodyReader::refuse(int status, const char* text) {
    state_ = State::broken;
    throw HttpError(status, text);
}

void BodyReader::limit(std::uint64_t bytes) {
    limit_ = bytes;
    const auto declared = state_ == State::data ? left_ : 0; // of the body, or of the chunk that is being read
    if (received_ > limit_ || declared > limit_ - received_) refuse(413, "the body is larger than allowed");
}

std::optional<std::size_t> BodyReader::read(void* to, std::size_t n, Wait wait) {
    if (n == 0) return 0;
    while (state_ != State::data) {
        if (state_ == State::end) return 0;
        if (state_ == State::broken) throw ClientGone();
        if (!readLine(wait)) return std::nullopt;
        if (state_ == State::trailer)
            onTrailer();
        else
            onSize();
    }
    auto got = take(to, static_cast<std::size_t>(std::min<std::uint64_t>(n, left_)), wait);
    if (!got) return got;
    left_ -= *got;
    received_ += *got;
    if (left_ == 0) state_ = framing_ == Framing::length ? State::end : State::afterData;
    return got;
}

std::optional<std::size_t> BodyReader::take(void* to, std::size_t n, Wait wait) {
    if (at_ == buffer_.size()) return receive(to, n, wait);
    n = std::min(n, buffer_.size() - at_);
    std::memcpy(to, buffer_.data() + at_, n);
    at_ += n;
    return n;
}

std::optional<std::size_t> BodyReader::receive(void* to, std::size_t n, Wait wait) {
    auto before = std::exchange(state_, State::broken); // stays so if this throws
    auto got = source_.receive(to, n, wait);
    if (got && *got == 0) throw ClientGone();
    state_ = before;
    return got;
}

// True when line_ is whole, without its CR LF.
bool BodyReader::readLine(Wait wait) {
    for (;;) {
        if (at_ == buffer_.size()) {
            buffer_.resize(kBufferBytes);
            auto got = receive(buffer_.data(), kBufferBytes, wait);
            at_ = 0;
            buffer_.resize(got.value_or(0));
            if (!got) return false;
        }
        char c = buffer_[at_++];
        if (c == '\n') break;
        line_ += c;
        if (line_.size() > kMaxSizeLine) refuse(400, "a line of the chunked body is too long");
    }
    if (line_.empty() || line_.back() != '\r') refuse(400, "a line of the chunked body does not end with CR LF");
    line_.pop_back();
    if (holdsControl(line_)) refuse(400, "a line of the chunked body holds a control character");
    return true;
}

// A line with the size of the next chunk, or the empty one behind the data of the last.
void BodyReader::onSize() {
    auto line = std::exchange(line_, {});
    if (state_ == State::afterData) {
        if (!line.empty()) refuse(400, "a chunk is longer than its size");
        state_ = State::size;
        return;
    }
    std::uint64_t size = 0;
    std::size_t digits = 0;
    for (; digits < line.size(); ++digits) {
        char c = line[digits];
        int value = c >= '0' && c <= '9'                     ? c - '0'
                    : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                             : -1;
        if (value < 0) break;
        size = size * 16 + static_cast<std::uint64_t>(value);
        if (digits == kMaxSizeDigits) refuse(413, "a chunk is larger than allowed");
    }
    // Blanks before an extension are known from the wild (RFC 9112, 7.1.1); nothing else may follow the digits.
    auto rest = line.find_first_not_of(" \t", digits);
    if (digits == 0 || (rest != line.npos ? line[rest] != ';' : digits != line.size()))
        refuse(400, "a chunk size is malformed");
    if (size > limit_ - received_) refuse(413, "the body is larger than allowed");
    left_ = size;
    state_ = size ? State::data : State::trailer;
}

void BodyReader::onTrailer() {
    auto line = std::exchange(line_, {});
    if (!line.empty()) {
        trailerBytes_ += line.size() + 2;
        if (trailerBytes_ > kMaxTrailer) refuse(400, "the trailer of the chunked body is too long");
        if (line.find(':') == line.npos || line.front() == ' ' || line.front() == '\t' || line.front() == ':')
            refuse(400, "the trailer of the chunked body is malformed");
        return;
    }
    state_ = State::end;
    source_.giveBack({buffer_.data() + at_, buffer_.size() - at_});
    at_ = buffer_.size();
}

} // namespace talome::http
