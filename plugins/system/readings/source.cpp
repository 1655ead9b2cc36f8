#include "readings/source.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace talome::system {

Source Source::fromEnvironment(const std::function<std::optional<std::string>(const char*)>& variable) {
    Source source;
    if (auto path = variable("HOST_PROC"); path && !path->empty()) {
        source.proc = std::move(*path);
        source.own = false;
    }
    if (auto path = variable("HOST_SYS"); path && !path->empty()) {
        source.sys = std::move(*path);
        source.own = false;
    }
    if (auto path = variable("HOST_ROOT"); path && *path != "/") source.root = std::move(*path);
    return source;
}

std::optional<std::string> readFile(const std::string& path, std::size_t limit) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return std::nullopt;
    std::string text;
    ssize_t n = 0;
    do {
        const std::size_t at = text.size();
        text.resize(std::min(limit, at + 4096));
        n = ::read(fd, text.data() + at, text.size() - at);
        text.resize(at + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    } while (n > 0 && text.size() < limit);
    ::close(fd);
    if (n < 0) return std::nullopt;
    return text;
}

std::optional<std::string> readLine(const std::string& path) {
    auto text = readFile(path, 4096);
    if (!text) return std::nullopt;
    text->resize(std::min(text->size(), text->find('\n')));
    const auto first = text->find_first_not_of(" \t"), last = text->find_last_not_of(" \t\r");
    return first == std::string::npos ? std::string() : text->substr(first, last - first + 1);
}

std::optional<std::int64_t> readInteger(const std::string& path) {
    const auto line = readLine(path);
    if (!line || line->empty()) return std::nullopt;
    std::string_view digits = *line;
    const bool hexadecimal = digits.starts_with("0x");
    if (hexadecimal) digits.remove_prefix(2);
    std::int64_t number = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number, hexadecimal ? 16 : 10);
    if (end.ec != std::errc()) return std::nullopt;
    return number;
}

std::vector<std::string> namesIn(const std::string& directory) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
    if (!open) return names;
    while (const dirent* entry = ::readdir(open.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

KeptFile::~KeptFile() {
    if (fd_ >= 0) ::close(fd_);
}

std::string_view KeptFile::read(std::string& buffer, std::size_t least) {
    if (fd_ < 0) fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) return {};
    if (buffer.size() < 4096) buffer.resize(4096);
    std::size_t have = 0;
    for (;;) {
        const ssize_t n = ::pread(fd_, buffer.data() + have, buffer.size() - have, static_cast<off_t>(have));
        if (n < 0) { // as when a device went: looked for again next time
            ::close(fd_);
            fd_ = -1;
            return {};
        }
        have += static_cast<std::size_t>(n);
        if (n == 0 || have >= least || have > (4u << 20)) return std::string_view(buffer).substr(0, have);
        if (have == buffer.size()) buffer.resize(buffer.size() * 2);
    }
}

std::string_view Words::next() {
    const auto first = rest_.find_first_not_of(" \t");
    if (first == std::string_view::npos) return rest_ = {};
    rest_.remove_prefix(first);
    const auto word = rest_.substr(0, rest_.find_first_of(" \t"));
    rest_.remove_prefix(word.size());
    return word;
}

std::uint64_t Words::number() {
    const auto word = next();
    std::uint64_t value = 0;
    const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
    return end.ec == std::errc() ? value : 0;
}

} // namespace talome::system
