// What time it is, for timers and on the wall. The server has the real one; a test gives it another, and moves it.
#pragma once

#include <chrono>
#include <cstdint>

namespace talome::tasks {

/// Any thread.
class TimeSource {
public:
    using Clock = std::chrono::steady_clock;

    TimeSource() = default;
    virtual ~TimeSource() = default;
    TimeSource(const TimeSource&) = delete;
    TimeSource& operator=(const TimeSource&) = delete;

    virtual Clock::time_point now() const { return Clock::now(); }
    virtual std::int64_t epochMs() const { ///< milliseconds since the epoch
        using namespace std::chrono;
        return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    }

    static const TimeSource& real() {
        static const TimeSource source;
        return source;
    }
};

/// Whether something works at this moment, and how much has been begun so far. Who has seen all at rest, twice, with
/// nothing begun in between, knows that nothing was handed from one to the other meanwhile.
struct Activity {
    bool idle = true;
    std::uint64_t begun = 0;
    bool operator==(const Activity&) const = default;
};

} // namespace talome::tasks
