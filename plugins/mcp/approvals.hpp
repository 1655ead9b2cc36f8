// Calls of models that wait for a person. A model cannot say which leave its call has: the server remembers which one
// each call has asked for, so that the same call, made once more, is the one that was allowed.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>

namespace talome::mcp {

/// Any thread.
class Approvals {
public:
    static constexpr std::int64_t kLifetimeMs = 15 * 60'000;
    static constexpr std::size_t kMost = 1000;

    /// `call`: who calls what with which arguments. Empty: it has asked for none.
    std::string of(const std::string& call, std::int64_t nowMs) const;
    void remember(const std::string& call, const std::string& approval, std::int64_t nowMs);
    void forget(const std::string& call);

private:
    struct Asked {
        std::string approval;
        std::int64_t until;
    };
    mutable std::mutex mutex_;
    std::map<std::string, Asked> asked_; ///< by the digest of the call, which may be long
    std::deque<std::string> order_;      ///< the oldest first; may name what is forgotten
};

} // namespace talome::mcp
