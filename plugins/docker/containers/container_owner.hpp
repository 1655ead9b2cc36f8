// Containers that go with what they belong to, and not by themselves. Pure.
#pragma once

#include <map>
#include <string>

namespace talome::docker {

// Why a container with these labels should not be removed by itself; empty: nothing speaks against it.
inline std::string whoseIsIt(const std::map<std::string, std::string>& labels) {
    const auto label = [&](const char* name) {
        const auto found = labels.find(name);
        return found == labels.end() ? std::string() : found->second;
    };
    if (const std::string role = label("talome.role"); !role.empty()) return "it is Talome's " + role;
    if (const std::string app = label("talome.app"); !app.empty()) return "it belongs to the app " + app;
    if (label("talome.managed") == "true") return "Talome manages it";
    return {};
}

} // namespace talome::docker
