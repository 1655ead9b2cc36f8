#include "creation/create_policy.hpp"

#include <talome/errors.hpp>

#include <algorithm>
#include <array>

namespace talome::docker {

namespace {

using Breaches = std::vector<Breach>;

constexpr std::array<std::string_view, 14> kUsualCapabilities{
    "AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE", "FOWNER",  "FSETID", "KILL",       "MKNOD",
    "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"};
constexpr std::array<std::string_view, 16> kSystemFolders{"/bin", "/boot", "/dev",  "/etc", "/lib",  "/lib32",   "/lib64",         "/proc",
                                                          "/root", "/run", "/sbin", "/sys", "/usr", "/var/run", "/var/lib/docker", "/var/spool/cron"};
// To be read only, these tell nothing.
constexpr std::array<std::string_view, 2> kHarmless{"/etc/localtime", "/etc/timezone"};
constexpr std::array<std::string_view, 4> kSockets{"docker.sock", "containerd.sock", "podman.sock", "crio.sock"};

std::string capital(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return text;
}

// Without doubled slashes, single dots, and one at the end. Throws Invalid for ".." and for what is not absolute.
std::string plainPath(const std::string& path, const std::string& field) {
    if (!path.starts_with('/')) throw Invalid(field, "expected an absolute path");
    if (path.find('\0') != std::string::npos) throw Invalid(field, "a path cannot hold a zero byte");
    std::string plain;
    for (std::size_t at = 0; at < path.size();) {
        const auto begin = path.find_first_not_of('/', at);
        if (begin == std::string::npos) break;
        at = std::min(path.find('/', begin), path.size());
        const auto part = path.substr(begin, at - begin);
        if (part == "..") throw Invalid(field, "a path cannot go up (..)");
        if (part != ".") plain.append("/").append(part);
    }
    return plain.empty() ? "/" : plain;
}

bool isWithin(std::string_view path, std::string_view folder) {
    return path.starts_with(folder) && (path.size() == folder.size() || folder == "/" || path[folder.size()] == '/');
}

// In it, or above it, so that it is in what is mounted.
bool touches(std::string_view path, std::string_view folder) { return isWithin(path, folder) || isWithin(folder, path); }

void judgePath(const std::string& path, bool readOnly, const std::string& what, const Machine& machine, Breaches& found) {
    const auto name = std::string_view(path).substr(path.rfind('/') + 1);
    const bool socket = std::find(kSockets.begin(), kSockets.end(), name) != kSockets.end() ||
                        std::any_of(machine.engineSockets.begin(), machine.engineSockets.end(), [&](const std::string& each) { return isWithin(each, path); });
    if (socket) found.push_back({Grant::engineSocket, what + path});
    if (readOnly && std::find(kHarmless.begin(), kHarmless.end(), path) != kHarmless.end()) return;
    const auto touched = [&](std::string_view folder) { return touches(path, folder); };
    if (std::any_of(kSystemFolders.begin(), kSystemFolders.end(), touched) || std::any_of(machine.ownFolders.begin(), machine.ownFolders.end(), touched))
        found.push_back({Grant::systemPaths, what + path});
}

void judgeMounts(const engine::NewHostConfig& host, const Machine& machine, Breaches& found) {
    for (std::size_t i = 0; i < host.Mounts.size(); ++i) {
        const engine::NewMount& mount = host.Mounts[i];
        const std::string field = "HostConfig.Mounts[" + std::to_string(i) + "]";
        plainPath(mount.Target, field + ".Target");
        if (mount.Type == "bind")
            judgePath(plainPath(mount.Source, field + ".Source"), mount.ReadOnly, field + " is ", machine, found);
        else if (mount.Type == "volume" && mount.Source.find('/') != std::string::npos)
            throw Invalid(field + ".Source", "the name of a volume cannot hold a slash");
        else if (mount.Type != "volume" && mount.Type != "tmpfs")
            throw Invalid(field + ".Type", "expected bind, volume or tmpfs");
    }
}

void judgeNamespaces(const engine::NewHostConfig& host, Breaches& found) {
    const struct {
        const std::string& mode;
        Grant grant;
        const char* name;
    } modes[] = {{host.NetworkMode, Grant::hostNetwork, "NetworkMode"},
                 {host.PidMode, Grant::hostProcesses, "PidMode"},
                 {host.IpcMode, Grant::hostMemory, "IpcMode"},
                 {host.UsernsMode, Grant::hostUsers, "UsernsMode"}};
    for (const auto& each : modes) {
        if (each.mode == "host") found.push_back({each.grant, std::string("HostConfig.") + each.name + " is host"});
        if (each.mode.starts_with("container:"))
            found.push_back({Grant::containerNamespaces, std::string("HostConfig.") + each.name + " is another container's"});
    }
}

void judgeSecurity(const engine::NewHostConfig& host, Breaches& found) {
    if (host.Privileged) found.push_back({Grant::privileged, "HostConfig.Privileged is true"});
    for (const std::string& each : host.CapAdd) {
        std::string name = capital(each);
        if (name.starts_with("CAP_")) name.erase(0, 4);
        if (std::find(kUsualCapabilities.begin(), kUsualCapabilities.end(), name) == kUsualCapabilities.end())
            found.push_back({Grant::capabilities, "HostConfig.CapAdd has " + each});
    }
    for (const std::string& each : host.SecurityOpt)
        if (each != "no-new-privileges" && each != "no-new-privileges:true" && each != "no-new-privileges=true")
            found.push_back({Grant::unconfined, "HostConfig.SecurityOpt has " + each});
    for (const engine::NewDevice& each : host.Devices) found.push_back({Grant::devices, "HostConfig.Devices has " + each.PathOnHost});
    for (const auto& [name, value] : host.Sysctls)
        if (!name.starts_with("net.") && !name.starts_with("fs.mqueue.") && !name.starts_with("kernel.shm") && !name.starts_with("kernel.msg") && name != "kernel.sem")
            found.push_back({Grant::sysctls, "HostConfig.Sysctls has " + name});
}

} // namespace

std::vector<Breach> breaches(const engine::CreateBody& body, const Machine& machine) {
    Breaches found;
    judgeSecurity(body.HostConfig, found);
    judgeNamespaces(body.HostConfig, found);
    judgeMounts(body.HostConfig, machine, found);
    return found;
}

void requireGranted(const engine::CreateBody& body, const std::set<Grant>& granted, const Machine& machine) {
    std::string refused;
    for (const Breach& each : breaches(body, machine)) {
        if (granted.contains(each.grant)) continue;
        refused += (refused.empty() ? "" : "; ") + each.what + " (needs the grant " + boost::describe::enum_to_string(each.grant, "") + ")";
    }
    if (!refused.empty()) throw Denied("such a container is not made: " + refused);
}

} // namespace talome::docker
