// Publish and subscribe inside the server: at most once, in order for each subscriber, from a bounded queue.
#pragma once

#include "host/tasks/pool.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace talome::events {

/// Any thread.
class Bus {
public:
    using OnEvent = std::function<void(std::string_view topic, std::string_view json)>;

    /// `pattern` is a topic, or a prefix and `*`. Deliveries run on the strand.
    std::uint64_t subscribe(std::string owner, std::string pattern, std::shared_ptr<tasks::Strand>, OnEvent);
    void unsubscribe(std::uint64_t number); ///< what is queued on the strand is dropped
    void publish(std::string_view topic, std::string_view json);

    static bool matches(std::string_view pattern, std::string_view topic);

private:
    struct Subscriber {
        std::uint64_t number;
        std::string owner, pattern;
        std::shared_ptr<tasks::Strand> strand;
        OnEvent call;
        std::atomic<std::size_t> queued{0};
        std::atomic<bool> gone{false};
    };
    static constexpr std::size_t kQueue = 1024;

    std::mutex mutex_;
    std::vector<std::shared_ptr<Subscriber>> subscribers_;
    std::uint64_t next_ = 1;
};

} // namespace talome::events
