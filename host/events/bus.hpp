// Publish and subscribe inside the server: at most once, in order for each subscriber, from a bounded queue.
#pragma once

#include "host/tasks/pool.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace talome::events {

struct Event {
    std::string_view topic, json;
    std::string_view permission = "admin"; ///< that a user needs to see it: the topic's
    std::string_view to{};                 ///< fewer than those: "user:ID", or a permission; empty: all of them
};

/// Any thread.
class Bus {
public:
    using OnEvent = std::function<void(std::string_view topic, std::string_view json)>;
    using OnAudience = std::function<void(const std::string& topic, bool present)>;

    /// `pattern` is a topic, or a prefix and `*`. Deliveries run on the strand.
    std::uint64_t subscribe(std::string owner, std::string pattern, std::shared_ptr<tasks::Strand>, OnEvent);
    /// Called by the publisher's thread, in the order of the events: it must be short, and not publish itself.
    std::uint64_t listen(std::string pattern, std::function<void(const Event&)>);
    void unsubscribe(std::uint64_t number); ///< of both kinds; what is queued on the strand is dropped
    void publish(const Event&);

    /// Tells, on the strand, when the first looks at the topic and when the last has gone.
    std::uint64_t watchAudience(std::string topic, std::shared_ptr<tasks::Strand>, OnAudience);
    void unwatchAudience(std::uint64_t number);
    /// Somebody begins (1) or ends (-1) to look at these topics: patterns, as of listen().
    void look(const std::vector<std::string>& patterns, int change);

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
    struct Listener {
        std::uint64_t number;
        std::string pattern;
        std::function<void(const Event&)> call;
    };
    struct AudienceWatch {
        std::uint64_t number;
        std::string topic;
        std::shared_ptr<tasks::Strand> strand;
        OnAudience call;
        bool present;
    };
    static constexpr std::size_t kQueue = 1024;

    bool isLookedAt(const std::string& topic) const;
    static void tell(AudienceWatch&);

    std::mutex mutex_;
    std::vector<std::shared_ptr<Subscriber>> subscribers_;
    std::vector<Listener> listeners_;
    std::vector<AudienceWatch> audiences_;
    std::map<std::string, int> looks_; ///< how many look at each pattern
    std::uint64_t next_ = 1;
};

} // namespace talome::events
