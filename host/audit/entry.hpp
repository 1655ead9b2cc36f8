// One row of the audit log: who did what, by which way, and how it ended.
#pragma once

#include <cstdint>
#include <string>

namespace talome::audit {

/// Texts are UTF-8; what is not known is empty.
struct Entry {
    std::int64_t at = 0; ///< milliseconds since the epoch; 0: now
    std::string action;  ///< operation id
    std::string tier;    ///< read, modify, destructive
    std::string outcome; ///< intent, done, failed, denied, blocked (by the security mode)
    std::string userId, username, origin, credential, credentialId, peer, userAgent, requestId, plugin;
    std::string targetKind, target, approvalId;
    std::int64_t durationMs = 0;
    std::string input; ///< canonical JSON, secrets replaced
    std::string words; ///< of a failure
};

} // namespace talome::audit
