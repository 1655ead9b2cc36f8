// A plugin that runs: its code in a process of its own, and for it a whole server in this one.
#pragma once

#include "sdk/check/near.hpp"
#include "sdk/testing/house.hpp"

#include <memory>

namespace talome::check {

struct Places {
    std::filesystem::path runner; ///< the program talome-check-runner
    std::filesystem::path shim;   ///< the file that a host loads in the plugin's place
};
/// As they are installed beside this program, or built. Throws std::runtime_error.
Places findPlaces();

/// The checker's thread only.
class Session {
public:
    /// `manifest`: text of the plugin's. `with`: files of plugins that it needs. `hidden`: an area that its host does
    /// not have; empty: none. It does not start yet.
    Session(const Places&, const std::filesystem::path& plugin, const std::string& manifest,
            const std::vector<std::filesystem::path>& with, const std::string& hidden, std::chrono::milliseconds limit);

    /// Throws std::runtime_error with the reason if it does not become active.
    void start();
    /// The server ends. What its ending calls can be seen afterwards.
    void end() { house_.reset(); }

    void disable();
    void enable();
    void replace(); ///< by a second generation, beside the first until that is over

    Near& near() { return near_; }
    testing::House& house() { return *house_; }
    bool runs() const { return house_ != nullptr; }

private:
    void request(const char* operation, std::size_t instancesAfterwards);

    const std::vector<std::filesystem::path> with_;
    testing::Folder folder_;
    Near near_;
    std::unique_ptr<testing::House> house_;
};

} // namespace talome::check
