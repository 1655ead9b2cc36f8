// Reads /proc/self/maps as it comes, byte by byte: "begin-end perms offset device inode   path".
#include "host/crash/module_at.hpp"

#include <cstddef>
#include <string_view>
#include <unistd.h>

namespace talome::crash {

namespace {

class Reader {
public:
    Reader(std::uintptr_t address, Module& found) : address_(address), found_(found) {}

    /// True when it is found.
    bool take(char byte) noexcept {
        if (byte == '\n') return endLine();
        if (field_ == kPath || (field_ == kSpaces && byte != ' ')) {
            field_ = kPath;
            takePath(byte);
        } else if (byte == ' ') {
            if (field_ < kSpaces) ++field_;
        } else if (byte == '-' && field_ == kBegin) {
            field_ = kEnd;
        } else if (field_ == kBegin || field_ == kEnd || field_ == kOffset) {
            auto& value = field_ == kBegin ? begin_ : field_ == kEnd ? end_ : offset_;
            value = value * 16 + static_cast<std::uint64_t>(byte <= '9' ? byte - '0' : byte - 'a' + 10);
        }
        return false;
    }

private:
    enum Field { kBegin, kEnd, kPermissions, kOffset, kDevice, kInode, kSpaces, kPath };

    void takePath(char byte) noexcept {
        if (byte == '/') {
            size_ = 0;
            return;
        }
        if (size_ + 1 < sizeof found_.name) name_[size_++] = byte;
    }

    bool endLine() noexcept {
        if (offset_ == 0) base_ = begin_; // where a file begins
        const bool here = address_ >= begin_ && address_ < end_;
        if (here) {
            constexpr std::string_view deleted = " (deleted)"; // replaced, or in memory only
            if (std::string_view(name_, size_).ends_with(deleted)) size_ -= deleted.size();
            for (std::size_t i = 0; i < size_; ++i) found_.name[i] = name_[i];
            found_.name[size_] = '\0';
            found_.offset = address_ - (size_ ? base_ : begin_);
        }
        begin_ = end_ = offset_ = 0;
        size_ = 0;
        field_ = kBegin;
        return here;
    }

    const std::uintptr_t address_;
    Module& found_;
    int field_ = kBegin;
    std::uint64_t begin_ = 0, end_ = 0, offset_ = 0, base_ = 0;
    char name_[sizeof Module::name];
    std::size_t size_ = 0;
};

} // namespace

Module moduleAt(std::uintptr_t address, int maps) noexcept {
    Module found;
    Reader reader(address, found);
    if (::lseek(maps, 0, SEEK_SET) < 0) return found;
    char bytes[1024];
    for (;;) {
        const auto n = ::read(maps, bytes, sizeof bytes);
        if (n <= 0) return found;
        for (std::ptrdiff_t i = 0; i < n; ++i)
            if (reader.take(bytes[i])) return found;
    }
}

} // namespace talome::crash
