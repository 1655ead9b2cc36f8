#include "exec/exec_ender.hpp"

#include "creation/container_maker.hpp"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <sys/random.h>
#include <system_error>

namespace talome::docker {

namespace {

using namespace std::chrono_literals;

constexpr const char* kImage = "talome-exec-ender";
constexpr auto kLimit = 20s;

struct Waited {
    int StatusCode = 0;
};
BOOST_DESCRIBE_STRUCT(Waited, (), (StatusCode))

std::string imageName() { return std::string(kImage) + ":" + kEnderTag; }

void bringImage(const EngineClient& client) {
    try {
        client.send({.path = {"images", imageName(), "json"}, .limit = kLimit});
    } catch (const NotFound&) {
        client.send({.method = "POST",
                     .path = {"images", "create"},
                     .query = {{"fromSrc", "-"}, {"repo", kImage}, {"tag", kEnderTag}},
                     .limit = kLimit,
                     .body = std::string(enderArchive()),
                     .type = "application/x-tar"});
    }
}

struct ExecPid {
    bool Running = false;
    std::int64_t Pid = 0;
};
BOOST_DESCRIBE_STRUCT(ExecPid, (), (Running, Pid))

std::string readFile(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The exec's first process as its container numbers it: the last number of "NSpid: 4711 12". Empty if it cannot be seen.
std::string firstProcess(const EngineClient& client, const std::string& containerId, const std::string& execId) {
    const auto state = client.get<ExecPid>({.path = {"exec", execId, "json"}});
    if (!state.Running || state.Pid <= 0) return {};
    const std::string folder = "/proc/" + std::to_string(state.Pid);
    if (readFile(folder + "/cgroup").find(containerId) == std::string::npos) return {};
    const std::string status = readFile(folder + "/status");
    const auto begin = status.find("\nNSpid:");
    if (begin == std::string::npos) return {};
    const std::string line = status.substr(begin + 1, status.find('\n', begin + 1) - begin - 1);
    return line.substr(line.find_last_of(" \t") + 1);
}

} // namespace

std::string execMark() {
    unsigned char bytes[16];
    if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        throw std::system_error(errno, std::generic_category(), "getrandom");
    std::string mark = "TALOME_EXEC=";
    for (const unsigned char byte : bytes) {
        mark += "0123456789abcdef"[byte >> 4];
        mark += "0123456789abcdef"[byte & 15];
    }
    return mark;
}

void endExec(const EngineClient& client, const std::string& containerId, const std::string& execId,
             const std::string& mark) {
    bringImage(client);
    std::vector<std::string> command{"/end", mark};
    if (std::string first = firstProcess(client, containerId, execId); !first.empty())
        command.push_back(std::move(first));
    engine::CreateBody config;
    config.Image = imageName();
    config.Cmd = std::move(command);
    config.Labels = {{"talome.role", "exec-ender"}, {"talome.passing", "true"}};
    config.HostConfig.NetworkMode = "none";
    config.HostConfig.PidMode = "container:" + containerId;
    config.HostConfig.CapDrop = {"ALL"};
    config.HostConfig.CapAdd = {"KILL", "SYS_PTRACE"};
    config.HostConfig.SecurityOpt = {"no-new-privileges"};
    config.HostConfig.ReadonlyRootfs = true;
    const std::string id = makeContainer(client, config, {Grant::containerNamespaces, Grant::capabilities});
    const auto remove = [&] {
        client.send({.method = "DELETE", .path = {"containers", id}, .query = {{"force", "1"}}, .limit = kLimit});
    };
    int status = 0;
    try {
        client.send({.method = "POST", .path = {"containers", id, "start"}, .limit = kLimit});
        status = client.get<Waited>({.method = "POST", .path = {"containers", id, "wait"}, .limit = kLimit}).StatusCode;
    } catch (...) {
        remove();
        throw;
    }
    remove();
    if (status != 0) throw BadUpstream("the processes could not be killed (" + std::to_string(status) + ")");
}

} // namespace talome::docker
