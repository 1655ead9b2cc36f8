// Time zones by their names in the IANA database, as the system's tzdata has them.
#pragma once

#include "host/tasks/time_zone.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace talome::tasks {

/// Any thread. A file that was replaced (tzdata was upgraded, the server's zone was changed) is read again.
class TimeZones {
public:
    explicit TimeZones(std::filesystem::path folder = "/usr/share/zoneinfo",
                       std::filesystem::path local = "/etc/localtime")
        : folder_(std::move(folder)), local_(std::move(local)) {}

    /// "Europe/Berlin"; empty: the server's own, as TZ or else /etc/localtime says, UTC if nothing does. Throws
    /// talome::Invalid.
    std::shared_ptr<const TimeZone> get(std::string_view name);

private:
    struct Kept {
        std::filesystem::file_time_type written;
        std::uintmax_t size;
        std::shared_ptr<const TimeZone> zone;
    };
    std::shared_ptr<const TimeZone> read(const std::filesystem::path& file);
    std::shared_ptr<const TimeZone> own();

    const std::filesystem::path folder_, local_;
    std::mutex mutex_;
    std::map<std::filesystem::path, Kept> kept_;
};

} // namespace talome::tasks
