// Reads anything as the body of a request, cut in several ways, beside a second reader that is as simple as can be.
//
// The input is a line "chunked [LIMIT]", "length LENGTH [LIMIT]" or "none", and then what the client sends.
#include "host/http/body_reader.hpp"
#include "host/http/error.hpp"
#include "tests/fuzz/input.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace talome::http;
using talome::fuzz::Numbers;
using talome::fuzz::require;

constexpr auto kUnlimited = std::numeric_limits<std::uint64_t>::max();

struct Setup {
    Framing framing = Framing::none;
    std::uint64_t length = 0, limit = kUnlimited;
};

std::uint64_t takeNumber(std::string_view& line, std::uint64_t otherwise) {
    if (!line.empty()) line.remove_prefix(1); // the blank
    std::uint64_t number = otherwise;
    const auto end = std::from_chars(line.data(), line.data() + line.size(), number).ptr;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    return number;
}

Setup readSetup(std::string_view line) {
    Setup setup;
    const auto word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    if (word == "length") setup = {Framing::length, takeNumber(line, 0), kUnlimited};
    if (word == "chunked") setup.framing = Framing::chunked;
    setup.limit = takeNumber(line, kUnlimited);
    return setup;
}

// Gives a text in pieces of at most `most` bytes; asked not to wait, now and then nothing.
class TextSource : public ByteSource {
public:
    TextSource(std::string_view text, std::size_t most) : all_(text), text_(text), most_(most), numbers_(text) {}

    std::optional<std::size_t> receive(void* to, std::size_t n, Wait wait) override {
        require(n > 0);
        if (wait == Wait::no && numbers_.next(3) == 0) return std::nullopt;
        n = std::min({n, text_.size(), most_ == text_.npos ? most_ : 1 + numbers_.next(most_)});
        if (n) std::memcpy(to, text_.data(), n);
        text_.remove_prefix(n);
        return n;
    }
    void giveBack(std::string_view bytes) override {
        require(!gaveBack_ && bytes.size() <= all_.size() - text_.size());
        gaveBack_ = true;
        // It lies just before what is left: nothing was lost and nothing made up.
        text_ = all_.substr(all_.size() - text_.size() - bytes.size());
        require(text_.starts_with(bytes));
    }
    std::string_view rest() const { return text_; }

private:
    const std::string_view all_;
    std::string_view text_; ///< what is left of it
    const std::size_t most_;
    Numbers numbers_;
    bool gaveBack_ = false;
};

struct Outcome {
    std::string bytes;
    int status = 200; ///< 0: the client has left
    std::string words;
    std::string_view rest; ///< of the input, if the body is whole
    bool operator==(const Outcome&) const = default;
};

void checkState(const BodyReader& reader, const Setup& setup, std::uint64_t got, std::uint64_t limit) {
    require(reader.received() == got && got <= limit);
    require(!(reader.atEnd() && reader.broken()));
    if (setup.framing != Framing::length) return require(reader.remaining() == 0);
    require(reader.broken() || reader.remaining() == setup.length - got);
    require(!reader.atEnd() || got == setup.length);
}

// What failed fails again, without another word from the source.
void checkBroken(BodyReader& reader) {
    require(reader.broken() && !reader.atEnd());
    char one;
    try {
        reader.read(&one, 1, Wait::yes);
    } catch (const ClientGone&) {
        return;
    }
    require(false);
}

// In buffers and pieces of at most `most` bytes. With `later`, that limit is set when some of the body has been read.
Outcome read(const Setup& setup, std::string_view input, std::size_t most, Wait wait,
             std::optional<std::uint64_t> later = {}) {
    TextSource source(input, most);
    BodyReader reader(source, setup.framing, setup.length);
    Outcome outcome;
    auto limit = setup.limit;
    std::string buffer(std::min<std::size_t>(most, 8192), '\0');
    Numbers numbers(input);
    try {
        reader.limit(limit);
        for (;;) {
            checkState(reader, setup, outcome.bytes.size(), limit);
            const auto n = reader.read(buffer.data(), 1 + numbers.next(buffer.size()), wait);
            require(n || wait == Wait::no);
            if (n && *n == 0) break;
            outcome.bytes.append(buffer, 0, n.value_or(0));
            if (!later || outcome.bytes.empty()) continue;
            limit = *later;
            later.reset();
            reader.limit(limit);
        }
        require(reader.atEnd() && reader.read(buffer.data(), 1, wait) == 0u);
        outcome.rest = source.rest();
    } catch (const HttpError& error) {
        require((error.status == 400 || error.status == 413) && !error.text.empty());
        outcome.status = error.status;
        outcome.words = error.text;
        checkBroken(reader);
    } catch (const ClientGone&) {
        outcome.status = 0;
        checkBroken(reader);
    }
    return outcome;
}

// A reader that believes all it sees: lines end with '\n', a number ends where its digits do, a trailer is a line.
std::optional<Outcome> readTrusting(const Setup& setup, std::string_view input) {
    Outcome outcome;
    if (setup.framing != Framing::chunked) {
        if (input.size() < setup.length) return std::nullopt;
        outcome.bytes = input.substr(0, setup.length);
        outcome.rest = input.substr(setup.length);
        return outcome;
    }
    for (;;) {
        if (input.find('\n') == input.npos) return std::nullopt;
        const auto line = talome::fuzz::takeLine(input);
        std::uint64_t size = 0;
        std::from_chars(line.data(), line.data() + line.size(), size, 16);
        if (size == 0) break;
        if (size > input.size()) return std::nullopt;
        outcome.bytes += input.substr(0, size);
        input.remove_prefix(size);
        if (talome::fuzz::takeLine(input) != "\r") return std::nullopt;
    }
    for (;;) {
        if (input.find('\n') == input.npos) return std::nullopt;
        if (talome::fuzz::takeLine(input) == "\r") break;
    }
    outcome.rest = input;
    return outcome;
}

// The same bytes, sent by a client that says things in another way.
void checkAgain(const Outcome& outcome) {
    constexpr std::string_view kRest = "GET / HTTP/1.1\r\n";
    Numbers numbers(outcome.bytes);
    std::string text;
    for (std::string_view left = outcome.bytes; !left.empty();) {
        const auto piece = left.substr(0, 1 + numbers.next(200));
        char size[16];
        text.append(size, std::to_chars(size, size + sizeof size, piece.size(), 16).ptr);
        (text += numbers.next(2) ? "\r\n" : " ; a=\"b\"\r\n").append(piece) += "\r\n";
        left.remove_prefix(piece.size());
    }
    (text += numbers.next(2) ? "0\r\n\r\n" : "000\r\nX: y\r\n\r\n") += kRest;
    const auto again = read({Framing::chunked, 0, outcome.bytes.size()}, text, 50, Wait::no);
    require(again.status == 200 && again.bytes == outcome.bytes && again.rest == kRest);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = talome::fuzz::textOf(data, size);
    const auto setup = readSetup(talome::fuzz::takeLine(input));

    const auto whole = read(setup, input, input.npos, Wait::yes);
    for (const std::size_t most : {1, 40, 5000}) require(whole == read(setup, input, most, Wait::no));
    require(whole == read(setup, input, 3, Wait::yes));
    if (whole.status == 200) {
        require(whole == readTrusting(setup, input));
        checkAgain(whole);
    }
    if (whole.status == 0) require(!readTrusting(setup, input));

    // A limit that comes late refuses more, and never lets more through.
    const auto later = std::min<std::uint64_t>(setup.limit, Numbers(input).next(whole.bytes.size() + 10));
    for (const std::size_t most : {1, 5000}) {
        const auto limited = read(setup, input, most, Wait::no, later);
        require(whole.bytes.starts_with(limited.bytes));
        if (limited.status != 413) require(limited.status == whole.status && limited.bytes == whole.bytes);
        if (limited.status == 200) require(limited.bytes.empty() || limited.bytes.size() <= later);
    }
    return 0;
}
