// What talome-smart can be asked, and nothing else is: one line of at most 100 bytes,
//
//     scan                       which disks there are
//     read NAME                  all that one of them says; one that stands still is not woken
//     test NAME short|long       begins a self-test of one
//
// NAME is that of a device below /dev, letters and digits, as the scan has it. The answer is a line, "ok CODE" with
// smartctl's exit code or "no REASON", and after "ok" smartctl's JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talome::smart {

inline constexpr std::size_t kLongestLine = 100;

enum class Kind { scan, read, test };

struct Request {
    Kind kind = Kind::scan;
    std::string name; ///< without /dev/; empty: of a scan
    std::string test; ///< short or long
};
/// Of a line without its end; nothing if it is none of these.
std::optional<Request> parseRequest(std::string_view line);

struct Device {
    std::string name, type; ///< "/dev/sda", and what smartctl's -d says
};
/// Of the output of smartctl --scan: "/dev/sda -d sat # …".
std::vector<Device> parseScan(std::string_view text);

/// The arguments of smartctl(8) that ask one disk.
std::vector<std::string> arguments(const Request&, const Device&);

} // namespace talome::smart
