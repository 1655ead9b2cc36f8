// Every event stream and WebSocket that is open, and for whom: so that one can be ended when its user may no longer
// have it, or its plugin goes.
#pragma once

#include "host/gate/principal.hpp"

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

    /// `onFirst` is called when there is one after there was none.
    explicit OpenStreams(std::function<void()> onFirst) : onFirst_(std::move(onFirst)) {}

    /// Ends one, with the reason for its client; `mayReturn`: it is welcome to connect again.
    using Dismiss = std::function<void(const std::string& reason, bool mayReturn)>;

    /// `owner`: whose stream it is, one generation of a plugin; only compared.
    std::uint64_t add(const void* owner, std::string permission, std::shared_ptr<const Principal>, Dismiss);
    void remove(std::uint64_t number);
    std::size_t count() const;
    std::size_t count(const void* owner) const;

    /// Dismisses those whose session is over or whose user lacks the permission by now, and those whose user's rights
    /// have changed at all: they connect again with the new ones. Nothing is waited for.
    void review(const Refresh&, const Flags&);
    /// Those of an owner that ends.
    void dismiss(const void* owner, const std::string& reason);

private:
    struct Entry {
        const void* owner;
        std::string permission;
        std::shared_ptr<const Principal> principal;
        Dismiss dismiss;
    };

    const std::function<void()> onFirst_;
    mutable std::mutex mutex_;
    std::unordered_map<std::uint64_t, Entry> entries_;
    std::uint64_t next_ = 1;
};

} // namespace talome::gate
