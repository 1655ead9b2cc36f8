// Secrets at rest: AES-256-GCM under a key derived from the server's secret, bound to the name of the setting.
#pragma once

#include <string>
#include <string_view>

namespace talome::settings {

/// Immutable; any thread. Envelope: "v1." and base64url of nonce (12 bytes), tag (16 bytes), ciphertext.
class Seal {
public:
    static constexpr std::string_view kVersion = "v1."; ///< what an envelope begins with

    explicit Seal(std::string key) : key_(std::move(key)) {} ///< 32 bytes

    std::string close(std::string_view name, std::string_view plain) const;
    /// Throws std::runtime_error, never a wrong value, if the envelope was changed, or belongs to another name or
    /// server.
    std::string open(std::string_view name, std::string_view envelope) const;

private:
    std::string key_;
};

} // namespace talome::settings
