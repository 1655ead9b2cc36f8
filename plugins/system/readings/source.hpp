// Where the kernel's files are: /proc and /sys, or other trees of the same shape, so that a server in a container can be
// shown those of its host, and tests can make their own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talome::system {

struct Source {
    std::string proc = "/proc", sys = "/sys";
    std::string root; ///< put before paths of mounts and of files to measure; empty: they are as they are
    bool own = true;  ///< the kernel's own trees, and not another's or made ones

    /// HOST_PROC, HOST_SYS and HOST_ROOT, where they are set.
    static Source fromEnvironment(const std::function<std::optional<std::string>(const char*)>& variable);

    /// The mount table of those whose files these are.
    std::string mountTable() const { return proc + (own ? "/self/mountinfo" : "/1/mountinfo"); }
};

/// At most `limit` bytes; nothing if the file cannot be read.
std::optional<std::string> readFile(const std::string& path, std::size_t limit = 1 << 20);
/// The first line, without blanks around it.
std::optional<std::string> readLine(const std::string& path);
std::optional<std::int64_t> readInteger(const std::string& path); ///< decimal, or hexadecimal with 0x
std::vector<std::string> namesIn(const std::string& directory);   ///< sorted, without . and ..

/// A file of /proc that is read again and again: it stays open, for opening costs as much as reading. One thread.
class KeptFile {
public:
    explicit KeptFile(std::string path) : path_(std::move(path)) {}
    KeptFile(KeptFile&& other) noexcept : path_(std::move(other.path_)), fd_(other.fd_) { other.fd_ = -1; }
    KeptFile& operator=(KeptFile&&) = delete;
    ~KeptFile();
    /// The whole text, valid until the next read; empty if it cannot be read. `least`: read no more than needed for so
    /// many bytes.
    std::string_view read(std::string& buffer, std::size_t least = SIZE_MAX);
    int descriptor() const { return fd_; } ///< below 0: it has not been opened, or cannot be

private:
    std::string path_;
    int fd_ = -1;
};

/// Words of a line, one after the other.
class Words {
public:
    explicit Words(std::string_view text) : rest_(text) {}
    std::string_view next();
    std::uint64_t number(); ///< 0 if it is none
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

/// Calls `body(line)` for each line.
template <class F> void eachLine(std::string_view text, F&& body) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        body(text.substr(0, end));
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

} // namespace talome::system
