// What the engine tells while it pulls an image: a line of JSON for each change of each layer. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace talome::docker {

class PullProgress {
public:
    // Throws what the engine says the pull failed with: NotFound, Denied, Limited or BadUpstream.
    void line(std::string_view json);

    std::int64_t done() const;  // bytes that have come, of the layers that are known
    std::int64_t total() const; // bytes of these layers
    // "prepare", "download", "extract" or "done".
    std::string_view phase() const;
    const std::string& message() const { return message_; } // "3 of 5 layers"
    bool upToDate() const { return upToDate_; }             // nothing new had to come

private:
    struct Layer {
        std::int64_t done = 0, total = 0;
        bool downloaded = false, extracted = false;
    };
    void count();

    std::map<std::string, Layer, std::less<>> layers_;
    std::string message_;
    bool upToDate_ = false;
};

} // namespace talome::docker
