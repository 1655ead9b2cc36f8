// What talomed tells talome-spawn to run, and what they say to each other while it runs. Both are built from this file
// and run on one machine; kProtocol tells a daemon from before an upgrade that the helper is another one now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talome::process {

inline constexpr std::uint32_t kProtocol = 1;
inline constexpr int kControlFd = 3; ///< of the helper: a SOCK_SEQPACKET socket

/// The first message has no data but the protocol: its descriptors are a file with this, and those of the program.
struct Order {
    std::vector<std::string> argv, env; ///< the latter NAME=value, complete
    std::vector<std::string> writable;
    std::string directory;
    std::vector<std::int32_t> numbers; ///< that the program sees its descriptors by; has 0, 1 and 2
    bool noNetwork = false, readOnly = false, idleIo = false;
    std::int32_t nice = 0;
    // 0: without end.
    std::uint64_t timeMs = 0, cpuMs = 0, memory = 0, fileBytes = 0, files = 0, processes = 0;
    std::uint64_t graceMs = 0;

    bool operator==(const Order&) const = default;
};

std::string encode(const Order&);
std::optional<Order> decode(std::string_view);

/// What could not be done, so that the program was not started.
enum class Stage : std::uint32_t {
    none,
    order,
    process,
    descriptors,
    settings,
    directory,
    writable,
    landlock,
    seccomp,
    exec
};

/// From the helper. After `refused` and `ended` it says nothing more, and nothing of the program is left.
struct Report {
    enum Kind : std::uint32_t { started, refused, ended } kind = started;
    Stage stage = Stage::none;
    std::int32_t error = 0;  ///< errno
    std::uint32_t index = 0; ///< of a writable path
    std::int32_t exitCode = -1, signal = 0;
    std::int32_t limit = 0; ///< TALOME_LIMIT_…
    std::int32_t reserved = 0;
    std::uint64_t timeMs = 0, cpuMs = 0, peakBytes = 0;
};

/// To the helper. That talomed's end of the socket closes means: kill everything, now.
struct Command {
    enum Kind : std::uint32_t { signal, end } kind = signal;
    std::int32_t number = 0;   ///< of the signal
    std::uint64_t graceMs = 0; ///< of end, at most
};

} // namespace talome::process
