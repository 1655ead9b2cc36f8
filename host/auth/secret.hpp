// The server's secret, from which every key is derived: HKDF-SHA256 (RFC 5869), one label a purpose.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace talome::auth {

/// Immutable; any thread.
class Secret {
public:
    /// 64 hexadecimal digits if given, else read from `file`, else made anew and written there with mode 0600.
    /// Throws std::runtime_error: a server without its secret must not start.
    Secret(const std::optional<std::string>& given, const std::filesystem::path& file);

    /// 32 bytes for one purpose: "talome jwt", "talome settings", …
    std::string key(std::string_view purpose) const;

private:
    std::string bytes_;
};

/// From the kernel. Throws std::runtime_error.
std::string randomBytes(std::size_t n);
/// HMAC-SHA-256 (RFC 2104): 32 bytes.
std::string hmac(std::string_view key, std::string_view data);
/// Two lower-case digits a byte.
std::string toHex(std::string_view bytes);
/// RFC 4648 section 5, without padding.
std::string base64Url(std::string_view bytes);
/// The bytes for which base64Url() gives this text; none if there are none.
std::optional<std::string> fromBase64Url(std::string_view text);
/// Version 4, RFC 9562.
std::string uuid();
/// Takes the same time wherever they differ.
bool equalConstantTime(std::string_view a, std::string_view b) noexcept;

} // namespace talome::auth
