#include "containers/mount_table.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace talome::docker {

namespace {

std::vector<std::string_view> words(std::string_view line) {
    std::vector<std::string_view> list;
    while (!line.empty()) {
        const auto end = std::min(line.find(' '), line.size());
        if (end > 0) list.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return list;
}

// Blanks, tabs, line ends and backslashes are written as \040 and so on.
std::string unescaped(std::string_view text) {
    std::string result;
    const auto digit = [](char c) { return c >= '0' && c <= '7'; };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && digit(text[i + 1]) && digit(text[i + 2]) && digit(text[i + 3])) {
            result += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
            i += 3;
        } else {
            result += text[i];
        }
    }
    return result;
}

bool isWithin(std::string_view path, std::string_view folder) {
    if (folder == "/") return path.starts_with('/');
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

} // namespace

std::string fileSystemOf(std::string_view mountInfo, std::string_view path) {
    std::string found;
    std::size_t longest = 0;
    while (!mountInfo.empty()) {
        const auto end = std::min(mountInfo.find('\n'), mountInfo.size());
        const auto fields = words(mountInfo.substr(0, end));
        mountInfo.remove_prefix(std::min(end + 1, mountInfo.size()));
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.size() < 5 || fields.end() - dash < 2) continue;
        const std::string point = unescaped(fields[4]);
        if (!isWithin(path, point) || point.size() < longest) continue; // of equal ones, the later lies above
        longest = point.size();
        found = std::string(dash[1]);
    }
    return found;
}

bool isLocalDisk(std::string_view fileSystem) {
    constexpr std::array<std::string_view, 10> kDisks{"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "overlay", "vfat"};
    return std::find(kDisks.begin(), kDisks.end(), fileSystem) != kDisks.end();
}

} // namespace talome::docker
