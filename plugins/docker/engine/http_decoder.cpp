// A state machine by lines and counted bytes: status line, header fields, then a body that is chunked, counted, or ends
// with the connection. Informational answers (1xx) are passed over.
#include "engine/http_decoder.hpp"

#include <algorithm>
#include <charconv>

namespace talome::docker {

namespace {

constexpr std::size_t kMaxHead = 64 * 1024;
constexpr std::size_t kMaxChunk = std::size_t{1} << 30;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

std::size_t number(std::string_view text, int base, const char* what) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        throw HttpSyntaxError(std::string(what) + " is not a number");
    }
    return value;
}

} // namespace

std::string_view HttpDecoder::header(std::string_view name) const {
    const auto found = headers_.find(name);
    return found == headers_.end() ? std::string_view{} : std::string_view{found->second};
}

void HttpDecoder::feed(std::string_view bytes, const Body& body) {
    while (!bytes.empty()) {
        switch (state_) {
        case State::finished:
            throw HttpSyntaxError("bytes after the end of the answer");
        case State::untilClose:
            body(bytes);
            return;
        case State::counted:
        case State::chunkData: {
            const auto piece = bytes.substr(0, std::min(remaining_, bytes.size()));
            bytes.remove_prefix(piece.size());
            remaining_ -= piece.size();
            if (remaining_ == 0) state_ = state_ == State::counted ? State::finished : State::chunkEnd;
            body(piece);
            break;
        }
        default:
            if (takeLine(bytes)) onLine();
        }
    }
}

// True when line_ holds a whole line, without its ending.
bool HttpDecoder::takeLine(std::string_view& bytes) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, end);
    headBytes_ += piece.size() + 1;
    if (headBytes_ > kMaxHead) throw HttpSyntaxError("the head of the answer is too long");
    line_.append(piece);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (end == std::string_view::npos) return false;
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    return true;
}

void HttpDecoder::onLine() {
    switch (state_) {
    case State::statusLine:
        onStatusLine();
        break;
    case State::header:
        line_.empty() ? onHeadEnd() : onHeader();
        break;
    case State::chunkSize:
        onChunkSize();
        break;
    case State::chunkEnd:
        if (!line_.empty()) throw HttpSyntaxError("a chunk is longer than it says");
        state_ = State::chunkSize;
        break;
    default: // trailer
        if (line_.empty()) state_ = State::finished;
    }
    line_.clear();
}

void HttpDecoder::onStatusLine() {
    const std::string_view line = line_;
    if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') {
        throw HttpSyntaxError("the answer does not begin with an HTTP/1 status line");
    }
    status_ = static_cast<int>(number(line.substr(9, 3), 10, "the status"));
    state_ = State::header;
}

void HttpDecoder::onHeader() {
    const auto colon = line_.find(':');
    if (colon == std::string::npos || colon == 0) throw HttpSyntaxError("a header line has no name");
    const std::string_view line = line_;
    headers_[lower(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
}

void HttpDecoder::onHeadEnd() {
    if (status_ >= 100 && status_ < 200 && status_ != 101) {
        headers_.clear();
        state_ = State::statusLine;
    } else if (status_ == 101) {
        state_ = State::untilClose;
    } else if (status_ == 204 || status_ == 304) {
        state_ = State::finished;
    } else if (lower(header("transfer-encoding")).ends_with("chunked")) {
        state_ = State::chunkSize;
    } else if (const auto length = header("content-length"); !length.empty()) {
        remaining_ = number(length, 10, "Content-Length");
        state_ = remaining_ == 0 ? State::finished : State::counted;
    } else {
        state_ = State::untilClose;
    }
    headBytes_ = 0;
}

void HttpDecoder::onChunkSize() {
    remaining_ = number(trimmed(std::string_view(line_).substr(0, line_.find(';'))), 16, "the size of a chunk");
    if (remaining_ > kMaxChunk) throw HttpSyntaxError("a chunk is too long");
    state_ = remaining_ == 0 ? State::trailer : State::chunkData;
    headBytes_ = 0;
}

} // namespace talome::docker
