// One thing that is looked at for the health of the server, and how it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <talome/json.hpp>

namespace talome::system {

enum class Level { ok, warning, critical };
BOOST_DESCRIBE_ENUM(Level, ok, warning, critical)

struct Limits {
    double warning = 0, critical = 0;
};

struct Check {
    std::string key = {};     ///< names it for good: "disk:/srv"
    std::string name = {};    ///< the kind: "disk"
    std::string subject = {}; ///< of that kind: "/srv"
    /// With limits the level is made of the value, by AlertBook; without, it is what is said here.
    Level level = Level::ok;
    std::optional<double> value = {};
    std::string unit = {}; ///< "%", "°C"
    std::optional<Limits> limits = {};
    double margin = 0; ///< a level is left when the value is so much below its limit
    int holdSeconds = 0; ///< a worse level must last so long before it counts
    std::string message = {}, evidence = {}, fix = {};
    bool known = true; ///< false: it could not be looked at, `message` says why; its level counts as ok
};

} // namespace talome::system
