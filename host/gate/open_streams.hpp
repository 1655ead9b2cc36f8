// Every event stream and WebSocket that is open, and for whom: so that one can be ended when its user may no longer have
// it, or its plugin goes.
#pragma once

#include "host/gate/principal.hpp"
#include "host/http/stream.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace talome::gate {

/// Any thread.
class OpenStreams {
public:
    /// The principal of the same session as it is now; null if that is over.
    using Refresh = std::function<std::shared_ptr<const Principal>(const Principal&)>;

    std::uint64_t add(std::string plugin, std::string permission, std::shared_ptr<const Principal>,
                      std::shared_ptr<http::StreamHandle>);
    void remove(std::uint64_t number);
    std::size_t count() const;

    /// Dismisses those whose session is over or whose user lacks the permission by now. Quick: nothing is waited for.
    void review(const Refresh&, const Flags&);
    void dismiss(const std::string& plugin, const std::string& reason);

private:
    struct Entry {
        std::string plugin, permission;
        std::shared_ptr<const Principal> principal;
        std::shared_ptr<http::StreamHandle> handle;
    };

    mutable std::mutex mutex_;
    std::unordered_map<std::uint64_t, Entry> entries_;
    std::uint64_t next_ = 1;
};

} // namespace talome::gate
