// A line of text put together in a signal handler: no allocation, no locale, and what does not fit is left out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace talome::crash {

class Line {
public:
    Line& text(const char* plain) noexcept {
        while (*plain) put(*plain++);
        return *this;
    }
    /// For a JSON string: what would end it, or could not be read, becomes '?'.
    Line& quoted(const char* value) noexcept {
        put('"');
        for (std::size_t n = 0; value && *value && n < kMostOfValue; ++value, ++n)
            put(*value < 0x20 || *value > 0x7e || *value == '"' || *value == '\\' ? '?' : *value);
        put('"');
        return *this;
    }
    Line& number(std::int64_t value) noexcept {
        if (value < 0) put('-');
        return digits(value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value), 10);
    }
    Line& hex(std::uint64_t value) noexcept { return text("\"0x").digits(value, 16).text("\""); }

    const char* data() const noexcept { return bytes_; }
    std::size_t size() const noexcept { return size_; }

private:
    static constexpr std::size_t kMost = 2048, kMostOfValue = 200;

    void put(char byte) noexcept {
        if (size_ < kMost) bytes_[size_++] = byte;
    }
    Line& digits(std::uint64_t value, unsigned base) noexcept {
        char reversed[20];
        int n = 0;
        do reversed[n++] = "0123456789abcdef"[value % base];
        while (value /= base);
        while (n > 0) put(reversed[--n]);
        return *this;
    }

    char bytes_[kMost];
    std::size_t size_ = 0;
};

} // namespace talome::crash
