#include "mounts/mount_table.hpp"

#include "readings/source.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace talome::system {

namespace {

constexpr std::array<std::string_view, 40> kNoData = {
    "proc",      "sysfs",     "devtmpfs",   "devpts",    "tmpfs",    "ramfs",     "cgroup",         "cgroup2",
    "pstore",    "bpf",       "tracefs",    "debugfs",   "configfs", "hugetlbfs", "mqueue",         "fusectl",
    "autofs",    "nsfs",      "efivarfs",   "selinuxfs", "squashfs", "overlay",   "aufs",           "rpc_pipefs",
    "nfsd",      "sunrpc",    "securityfs", "rootfs",    "erofs",    "smackfs",   "binfmt_misc",    "resctrl",
    "iso9660",   "ecryptfs",  "fuse.lxcfs", "fuse.portal", "fuse.snapfuse", "fuse.gvfsd-fuse", "fuse.rofiles-fuse", "fuse.fuse-overlayfs"};

constexpr std::array<std::string_view, 17> kNetwork = {
    "nfs",  "nfs4", "cifs",   "smb3",       "smbfs",       "afs",        "ceph",      "9p",          "glusterfs",
    "ncpfs", "afp", "davfs",  "fuse.sshfs", "fuse.rclone", "fuse.s3fs",  "fuse.ceph", "fuse.glusterfs"};

template <std::size_t N> bool among(const std::array<std::string_view, N>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

/// The kernel writes blanks and the like as \040.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '7'; };
        if (text[i] == '\\' && i + 3 < text.size() && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
            out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
            i += 3;
        } else
            out += text[i];
    }
    return out;
}

bool has(std::string_view options, std::string_view wanted) {
    while (!options.empty()) {
        const auto comma = options.find(',');
        if (options.substr(0, comma) == wanted) return true;
        if (comma == std::string_view::npos) return false;
        options.remove_prefix(comma + 1);
    }
    return false;
}

struct Line {
    Mount mount;
    bool whole = true; ///< its root is the root of the file system, and not a folder in it
};

/// id parent major:minor root path options [tags…] - fstype source superOptions
std::optional<Line> parse(std::string_view line) {
    Words words(line);
    Line parsed;
    parsed.mount.id = words.number();
    words.next();
    parsed.mount.device = words.next();
    parsed.whole = words.next() == "/";
    parsed.mount.path = unescaped(words.next());
    parsed.mount.options = words.next();
    for (std::string_view tag = words.next(); tag != "-"; tag = words.next())
        if (tag.empty()) return std::nullopt;
    parsed.mount.fstype = words.next();
    parsed.mount.source = unescaped(words.next());
    parsed.mount.readOnly = has(words.next(), "ro"); // of the file system: the mount's own "ro" may be of this process alone
    if (parsed.mount.path.empty() || parsed.mount.fstype.empty()) return std::nullopt;
    return parsed;
}

bool under(std::string_view path, std::string_view folder) {
    return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

MountKind kindOf(const Mount& mount) {
    if (among(kNetwork, mount.fstype) || mount.source.find(":/") != std::string::npos || mount.source.starts_with("//"))
        return MountKind::network;
    for (const std::string_view folder : {"/media", "/run/media", "/Volumes"})
        if (under(mount.path, folder)) return MountKind::external;
    return MountKind::internal;
}

bool isSuspect(const Mount& mount) { return mount.kind == MountKind::network || mount.fstype.starts_with("fuse"); }

bool holdsData(const Mount& mount) {
    if (mount.fstype == "overlay") return mount.path == "/"; // the root of a container
    if (among(kNoData, mount.fstype)) return false;
    return !(mount.source.starts_with("/dev/loop") && mount.path.starts_with("/snap/"));
}

} // namespace

std::string_view nameOf(MountKind kind) {
    constexpr std::string_view names[] = {"internal", "external", "network"};
    return names[static_cast<int>(kind)];
}

std::vector<Mount> dataMounts(std::string_view mountinfo, const std::vector<std::string>& ignored) {
    struct Best {
        Line line;
        std::size_t at;
    };
    std::map<std::string, Best> byDevice;
    std::map<std::string, std::uint64_t> visible; // by path: what was mounted there last hides the others
    std::vector<Line> lines;
    eachLine(mountinfo, [&](std::string_view text) {
        auto line = parse(text);
        if (!line) return;
        visible[line->mount.path] = line->mount.id;
        lines.push_back(std::move(*line));
    });
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const Line& line = lines[i];
        if (!holdsData(line.mount) || visible[line.mount.path] != line.mount.id) continue;
        const auto& path = line.mount.path;
        if (std::any_of(ignored.begin(), ignored.end(), [&](const auto& each) { return under(path, each); })) continue;
        const auto key = line.mount.device + " " + line.mount.fstype;
        const auto it = byDevice.find(key);
        const auto rank = [](const Line& each) { return std::pair(!each.whole && each.mount.path != "/", each.mount.path.size()); };
        if (it == byDevice.end())
            byDevice.emplace(key, Best{line, i});
        else if (rank(line) < rank(it->second.line))
            it->second = {line, i};
    }
    std::vector<Mount> mounts;
    for (auto& [key, best] : byDevice) {
        Mount mount = std::move(best.line.mount);
        mount.kind = kindOf(mount);
        mount.suspect = isSuspect(mount);
        mounts.push_back(std::move(mount));
    }
    std::sort(mounts.begin(), mounts.end(), [](const Mount& a, const Mount& b) { return a.path < b.path; });
    return mounts;
}

std::vector<Mount> mountsOver(std::string_view mountinfo, std::string_view path) {
    std::vector<Mount> mounts;
    eachLine(mountinfo, [&](std::string_view text) {
        auto line = parse(text);
        if (!line || (line->mount.path != "/" && !under(path, line->mount.path))) return;
        line->mount.kind = kindOf(line->mount);
        line->mount.suspect = line->mount.path != "/" && (isSuspect(line->mount) || line->mount.fstype == "autofs");
        mounts.push_back(std::move(line->mount));
    });
    return mounts;
}

} // namespace talome::system
