// The delimiter holds one CR, its first byte. So where a beginning of it turns out to be data, the next one can begin
// only at the byte that differs, and what was held back need not be stored: it is a piece of the delimiter itself.
#include "host/http/multipart.hpp"

#include "host/http/error.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace talome::http {

namespace {

[[noreturn]] void refuse(const char* text) { throw HttpError(400, text); }

bool isPadding(std::string_view text) { return text.find_first_not_of(" \t") == text.npos; }

} // namespace

MultipartParser::MultipartParser(const std::string& boundary, MultipartLimits limits, Events& events)
    : delimiter_("\r\n--" + boundary), limits_(limits), events_(events) {}

void MultipartParser::feed(std::string_view bytes) {
    if (std::exchange(failed_, true)) refuse("the body was refused before");
    while (!bytes.empty()) step(bytes);
    failed_ = false;
}

void MultipartParser::finish() {
    if (std::exchange(failed_, true)) refuse("the body was refused before");
    // The line end after the last boundary may be left out.
    if (state_ != State::epilogue && !(state_ == State::boundaryLine && isLast()))
        refuse("the body ends before its last boundary");
    failed_ = false;
}

void MultipartParser::step(std::string_view& bytes) {
    switch (state_) {
    case State::preamble:
    case State::data:
        if (matched_ == 0 || resume(bytes)) search(bytes);
        return;
    case State::boundaryLine:
        if (readLine(bytes)) endBoundaryLine();
        return;
    case State::head:
        if (!readLine(bytes)) return;
        if (line_.empty()) return beginPart();
        head_.push_back(
            std::exchange(line_, {})); // how many is bounded by their bytes, and looked at when they are read
        return;
    case State::epilogue:
        bytes = {};
        return;
    }
}

// Goes on with a delimiter that has begun. True if it was none, and bytes are left.
bool MultipartParser::resume(std::string_view& bytes) {
    const auto rest = std::string_view(delimiter_).substr(matched_);
    const auto n = std::min(rest.size(), bytes.size());
    const auto same = static_cast<std::size_t>(
        std::mismatch(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(n), bytes.begin()).first - rest.begin());
    matched_ += same;
    bytes.remove_prefix(same);
    if (same == rest.size()) {
        delimiterFound();
        return false;
    }
    if (bytes.empty()) return false;
    give(std::string_view(delimiter_).substr(owed_, matched_ - owed_));
    matched_ = owed_ = 0;
    return true;
}

void MultipartParser::search(std::string_view& bytes) {
    const std::string_view delimiter = delimiter_;
    const auto* whole = memmem(bytes.data(), bytes.size(), delimiter.data(), delimiter.size());
    auto at = whole ? static_cast<std::size_t>(static_cast<const char*>(whole) - bytes.data()) : bytes.npos;
    if (!whole) { // its last bytes, from their last CR on, may be the beginning of one
        const auto tail = bytes.substr(bytes.size() - std::min(bytes.size(), delimiter.size() - 1));
        const auto cr = tail.rfind('\r');
        if (cr != tail.npos && delimiter.starts_with(tail.substr(cr))) at = bytes.size() - tail.size() + cr;
    }
    const auto data = bytes.substr(0, at), begun = bytes.substr(data.size(), delimiter.size());
    bytes.remove_prefix(data.size() + begun.size());
    matched_ = begun.size(); // held back until more has come, if it is not all of it
    give(data);
    if (begun.size() == delimiter.size()) delimiterFound();
}

void MultipartParser::give(std::string_view data) {
    if (data.empty()) return;
    if (state_ == State::preamble) {
        preambleBytes_ += data.size();
        if (preambleBytes_ > kMaxPreambleBytes) refuse("the first boundary does not come");
        return;
    }
    if (!isFile_) {
        const auto ofField = limits_.fieldBytes - fieldBytes_, ofAll = limits_.allFieldBytes - allFieldBytes_;
        if (data.size() > std::min(ofField, ofAll))
            throw HttpError(413, ofField <= ofAll ? "a field of the form is larger than allowed"
                                                  : "the fields of the form together are larger than allowed");
        fieldBytes_ += data.size();
        allFieldBytes_ += data.size();
    }
    events_.onData(data);
}

void MultipartParser::delimiterFound() {
    if (state_ == State::data) events_.onPartEnd();
    state_ = State::boundaryLine;
    line_.clear();
    headBytes_ = 0;
}

// A line without its CR LF is in line_ when this is true.
bool MultipartParser::readLine(std::string_view& bytes) {
    const auto end = bytes.find('\n');
    const auto n = end == bytes.npos ? bytes.size() : end + 1;
    headBytes_ += n;
    if (headBytes_ > kMaxPartHeadBytes) refuse("the head of a part is larger than 8 KiB");
    line_ += bytes.substr(0, n);
    bytes.remove_prefix(n);
    if (end == bytes.npos) return false;
    if (line_.size() < 2 || line_[line_.size() - 2] != '\r') refuse("a line of a part's head does not end with CR LF");
    line_.resize(line_.size() - 2);
    return true;
}

bool MultipartParser::isLast() const {
    const std::string_view line = line_;
    return line.substr(0, 2) == "--" && isPadding(line.substr(2));
}

void MultipartParser::endBoundaryLine() {
    if (isLast()) {
        state_ = State::epilogue;
        return;
    }
    if (!isPadding(line_)) refuse("a line begins as the boundary does, and is none");
    if (parts_ == limits_.parts)
        throw HttpError(413, "the form has more than " + std::to_string(limits_.parts) + " parts");
    ++parts_;
    state_ = State::head;
    line_.clear();
    head_.clear();
}

void MultipartParser::beginPart() {
    const auto part = readPartHead(head_);
    isFile_ = part.filename.has_value();
    fieldBytes_ = 0;
    state_ = State::data;
    matched_ = owed_ = 2; // the head's own last line end may be the delimiter's: an empty part
    events_.onPart(part);
}

} // namespace talome::http
