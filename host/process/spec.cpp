// Limits and defaults are those that process.h names.
#include "host/process/spec.hpp"

#include "host/gate/failure.hpp"
#include "sdk/manifest/fit.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace talome::process {

namespace {

constexpr std::size_t kMostArguments = 4096, kLongestText = 128 * 1024 - 1, kMostText = 1 << 20;
constexpr std::uint32_t kMostFds = 32, kMostPaths = 64;
constexpr std::uint64_t kMinute = 60'000, kMiB = std::uint64_t{1} << 20;
constexpr const char* kPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// `given`, or what 0 means; without end is 0 in an order.
std::uint64_t orDefault(std::uint64_t given, std::uint64_t otherwise) {
    if (given == TALOME_UNLIMITED) return 0;
    return given ? given : otherwise;
}

class Texts {
public:
    std::string take(talome_str from, const char* what) {
        if (from.n && !from.p) throw Invalid(what, "is null");
        std::string_view text(from.n ? from.p : "", from.n);
        if (text.find('\0') != text.npos) throw Invalid(what, "holds a zero byte");
        total_ += text.size() + 1;
        if (text.size() > kLongestText || total_ > kMostText)
            throw gate::Failure(TALOME_E_TOO_LARGE, std::string(what) + ": is too long for a program's arguments");
        return std::string(text);
    }

private:
    std::size_t total_ = 0;
};

template <class T> void requireList(const T* list, std::uint32_t n, std::size_t most, const char* what) {
    if (n && !list) throw Invalid(what, "is null");
    if (n > most)
        throw gate::Failure(TALOME_E_TOO_LARGE, std::string(what) + ": has more than " + std::to_string(most));
}

std::string absolute(std::string path, const char* what) {
    if (!path.starts_with('/')) throw Invalid(what, "expected an absolute path");
    return path;
}

std::vector<std::string> environmentOf(const talome_process_spec& from, Texts& texts) {
    requireList(from.env, from.n_env, kMostArguments, "env");
    const char* home = std::getenv("HOME");
    std::map<std::string, std::string> all{
        {"PATH", kPath}, {"LANG", "C.UTF-8"}, {"HOME", home && *home == '/' ? home : "/nonexistent"}};
    for (std::uint32_t i = 0; i < from.n_env; ++i) {
        auto name = texts.take(from.env[i].name, "env");
        if (name.empty() || name.find('=') != name.npos) throw Invalid("env", "has a name that is none");
        all[std::move(name)] = texts.take(from.env[i].value, "env");
    }
    std::vector<std::string> list;
    for (const auto& [name, value] : all) list.push_back(name + "=" + value);
    return list;
}

void readDescriptors(const talome_process_spec& from, Spec& to) {
    requireList(from.fds, from.n_fds, kMostFds, "fds");
    requireList(from.fd_numbers, from.n_fds, kMostFds, "fd_numbers");
    for (std::uint32_t i = 0; i < from.n_fds; ++i) {
        const int number = from.fd_numbers[i];
        if (from.fds[i] < 0 || number < 0 || number > 255) throw Invalid("fds", "expected numbers from 0 to 255");
        if (to.has(number)) throw Invalid("fds", "gives the number " + std::to_string(number) + " twice");
        to.fds.push_back(from.fds[i]);
        to.order.numbers.push_back(number);
    }
}

} // namespace

bool Spec::has(int number) const { return std::ranges::find(order.numbers, number) != order.numbers.end(); }

Spec readSpec(const talome_process_spec* given, Kind kind) {
    const auto from = manifest::fit(given, "spec");
    constexpr std::uint32_t kFlags =
        TALOME_PROCESS_NO_NETWORK | TALOME_PROCESS_READ_ONLY | TALOME_PROCESS_CUT_OUTPUT | TALOME_PROCESS_IDLE_IO;
    if (from.flags & ~kFlags)
        throw gate::Failure(TALOME_E_UNSUPPORTED, "spec: has a flag that this host does not know");
    const bool oneShot = kind == Kind::oneShot;
    Texts texts;
    Spec to;
    Order& order = to.order;
    requireList(from.argv, from.n_argv, kMostArguments, "argv");
    for (std::uint32_t i = 0; i < from.n_argv; ++i) order.argv.push_back(texts.take(from.argv[i], "argv"));
    if (order.argv.empty() || order.argv[0].empty()) throw Invalid("argv", "names no program");
    order.env = environmentOf(from, texts);
    requireList(from.writable, from.n_writable, kMostPaths, "writable");
    order.readOnly = from.flags & TALOME_PROCESS_READ_ONLY;
    if (from.n_writable && !order.readOnly) throw Invalid("writable", "means something with READ_ONLY only");
    for (std::uint32_t i = 0; i < from.n_writable; ++i)
        order.writable.push_back(absolute(texts.take(from.writable[i], "writable"), "writable"));
    order.directory = from.directory.n ? absolute(texts.take(from.directory, "directory"), "directory") : "/";
    readDescriptors(from, to);
    if (from.input.n && !from.input.p) throw Invalid("input", "is null");
    if (from.input.n && to.has(0)) throw Invalid("input", "there is a descriptor 0 already");
    to.input = {static_cast<const char*>(from.input.n ? from.input.p : ""), from.input.n};
    if (from.nice < 0 || from.nice > 19) throw Invalid("nice", "expected 0 to 19");
    order.nice = from.nice;
    order.noNetwork = from.flags & TALOME_PROCESS_NO_NETWORK;
    order.idleIo = from.flags & TALOME_PROCESS_IDLE_IO;
    constexpr std::uint64_t kLongest = 366ull * 86'400'000; // so that sums of times stay small
    order.timeMs = std::min(orDefault(from.time_ms, oneShot ? kMinute : 0), kLongest);
    order.cpuMs = std::min(orDefault(from.cpu_ms, 0), kLongest);
    order.memory = orDefault(from.memory_bytes, 1024 * kMiB);
    order.fileBytes = orDefault(from.file_bytes, 0);
    order.files = from.files ? from.files : 1024;
    order.processes = from.processes ? from.processes : 64;
    order.graceMs = std::min<std::uint64_t>(from.grace_ms ? from.grace_ms : kStopGraceMs, kMinute);
    const auto output = orDefault(from.output_bytes, oneShot ? kMiB : 0);
    to.output = output ? output : TALOME_UNLIMITED;
    const auto queue = orDefault(from.queue_bytes, kMiB);
    to.queue = queue ? queue : TALOME_UNLIMITED;
    to.cutOutput = from.flags & TALOME_PROCESS_CUT_OUTPUT;
    return to;
}

} // namespace talome::process
