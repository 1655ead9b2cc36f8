// What the tests of this folder share.
#pragma once

#include "host/audit/entry.hpp"

#include <cstdlib>
#include <filesystem>

namespace talome::audit {

inline const std::string kTestKey(32, 'k');

inline Entry entry(std::string action, std::string username = "ann") {
    Entry entry;
    entry.action = std::move(action);
    entry.tier = "modify";
    entry.outcome = "done";
    entry.userId = username.empty() ? "" : "id-" + username;
    entry.username = std::move(username);
    entry.origin = "rest";
    entry.peer = "192.0.2.7";
    return entry;
}

class TestFolder {
public:
    TestFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "talome-audit-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TestFolder() { std::filesystem::remove_all(path_); }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    std::filesystem::path operator/(const char* name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

} // namespace talome::audit
