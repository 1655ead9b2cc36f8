// Leave that a person gives for one call: bound to who calls, to the operation and to its exact input, good once, for
// fifteen minutes. The words of a model never count; only this record does.
#pragma once

#include "host/gate/principal.hpp"
#include "host/storage/database.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace talome::gate {

struct Approval {
    std::string id, operation, tier, origin;
    std::string userId;                        ///< in whose name the call is made
    std::string input;                         ///< canonical JSON, without secrets
    std::int64_t createdAt = 0, expiresAt = 0; ///< milliseconds since the epoch
    std::int64_t decidedAt = 0, usedAt = 0;    ///< 0: not yet
    bool approved = false;
    std::string decidedBy, reason;
};
/// "pending", "approved", "denied", "used" or "expired".
std::string statusOf(const Approval&, std::int64_t now);

/// Any thread.
class Approvals {
public:
    static constexpr std::int64_t kLifetimeMs = 15 * 60'000;
    static constexpr int kMostPending = 100; ///< of one user

    using Now = std::function<std::int64_t()>; ///< milliseconds since the epoch
    /// Called, on the asking or deciding thread, after each change.
    using OnChange = std::function<void(const Approval&)>;

    /// `key`: 32 bytes, for the digests of inputs, which may hold secrets.
    Approvals(storage::Database&, std::string key, Now);

    /// What a call wants leave for.
    struct Wanted {
        const Principal& caller;
        std::string_view plugin; ///< that makes the call for the caller; empty: the caller itself
        const std::string &operation, &tier;
        const std::string& input;    ///< canonical JSON
        const std::string& redacted; ///< the same without secrets
    };
    /// The one that waits already for this very call, or a new one. Throws Failure (limited) if too many wait.
    Approval ask(const Wanted&);
    /// Takes the leave, once. Throws Failure (conflict) that says why it is none for this call.
    void use(const std::string& id, const Wanted&);

    /// The newest first; of one user, or of all if `userId` is empty; of one status, or of any if that is empty.
    std::vector<Approval> list(const std::string& userId, const std::string& status, std::size_t most) const;
    std::optional<Approval> find(const std::string& id) const;
    /// Throws Failure: not found; conflict, if it is decided or expired.
    Approval decide(const std::string& id, bool approved, const std::string& by, const std::string& reason);

    /// Set before the first call.
    void onChange(OnChange call) { changed_ = std::move(call); }

private:
    std::string digest(const Wanted&) const;
    void tell(const Approval&) const;

    storage::Database& database_;
    const std::string key_;
    const Now now_;
    OnChange changed_;
};

} // namespace talome::gate
