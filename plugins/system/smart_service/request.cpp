#include "smart_service/request.hpp"

#include <algorithm>

namespace talome::smart {

namespace {

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const auto end = text.find(' ');
        words.push_back(text.substr(0, end));
        if (end == text.npos) break;
        text.remove_prefix(end + 1);
        if (text.empty()) words.emplace_back();
    }
    return words;
}

bool isName(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
}

} // namespace

std::optional<Request> parseRequest(std::string_view line) {
    const auto words = split(line);
    if (words.size() == 1 && words[0] == "scan") return Request{};
    if (words.size() == 2 && words[0] == "read" && isName(words[1])) return Request{Kind::read, std::string(words[1]), {}};
    if (words.size() == 3 && words[0] == "test" && isName(words[1]) && (words[2] == "short" || words[2] == "long"))
        return Request{Kind::test, std::string(words[1]), std::string(words[2])};
    return std::nullopt;
}

std::vector<Device> parseScan(std::string_view text) {
    std::vector<Device> devices;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto words = split(text.substr(0, end));
        if (words.size() >= 3 && words[0].starts_with("/dev/") && words[1] == "-d" && !words[2].empty())
            devices.push_back({std::string(words[0]), std::string(words[2])});
        if (end == text.npos) break;
        text.remove_prefix(end + 1);
    }
    return devices;
}

// A scan opens no disk, and calls all that looks like SCSI "scsi", SATA and USB disks included: those are left to
// smartctl to find out. -n is of ATA and SCSI disks only: an NVMe disk does not stand still.
std::vector<std::string> arguments(const Request& request, const Device& device) {
    std::vector<std::string> list = {"--json=c", "-d", device.type == "scsi" ? "auto" : device.type};
    if (request.kind == Kind::test) {
        list.insert(list.end(), {"-t", request.test});
    } else {
        list.push_back("-a");
        if (device.type != "nvme") list.insert(list.end(), {"-n", "standby"});
    }
    list.push_back(device.name);
    return list;
}

} // namespace talome::smart
