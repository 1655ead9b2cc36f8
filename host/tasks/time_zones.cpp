// Time zones by their names.
#include "host/tasks/time_zones.hpp"

#include "sdk/manifest/names.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <talome/errors.hpp>

namespace talome::tasks {

namespace {

constexpr std::uintmax_t kMostFile = 1u << 20;
constexpr std::size_t kMostKept = 64;

} // namespace

std::shared_ptr<const TimeZone> TimeZones::read(const std::filesystem::path& file) {
    std::error_code error;
    const auto written = std::filesystem::last_write_time(file, error);
    if (error || !std::filesystem::is_regular_file(file, error)) return nullptr;
    const auto size = std::filesystem::file_size(file, error);
    if (error || size > kMostFile) return nullptr;
    const std::lock_guard lock(mutex_);
    if (const auto it = kept_.find(file); it != kept_.end() && it->second.written == written && it->second.size == size)
        return it->second.zone;
    std::ostringstream bytes;
    if (!(bytes << std::ifstream(file, std::ios::binary).rdbuf())) return nullptr;
    auto zone = std::make_shared<const TimeZone>(TimeZone::fromFile(bytes.view()));
    if (kept_.size() >= kMostKept) kept_.clear();
    kept_[file] = {written, size, zone};
    return zone;
}

std::shared_ptr<const TimeZone> TimeZones::own() {
    const char* set = std::getenv("TZ");
    if (!set || !*set) {
        auto zone = read(local_);
        return zone ? zone : std::make_shared<const TimeZone>();
    }
    const std::string text = *set == ':' ? set + 1 : set;
    if (text.starts_with('/'))
        if (auto zone = read(text)) return zone;
    if (manifest::isTimeZone(text))
        if (auto zone = read(folder_ / text)) return zone;
    return std::make_shared<const TimeZone>(TimeZone::fromRule(text));
}

std::shared_ptr<const TimeZone> TimeZones::get(std::string_view name) {
    try {
        if (name.empty()) return own();
        if (manifest::isTimeZone(name)) {
            if (auto zone = read(folder_ / name)) return zone;
            if (name == "UTC" || name == "Etc/UTC") return std::make_shared<const TimeZone>();
        }
    } catch (const std::runtime_error& error) {
        throw Invalid("time zone", name.empty() ? "the server's own: " + std::string(error.what()) : error.what());
    }
    throw Invalid("time zone", "this server knows no '" + std::string(name.substr(0, 64)) +
                                   "'; expected a name of the IANA database, such as Europe/Berlin");
}

} // namespace talome::tasks
