// Password hashes: Argon2id (RFC 9106) with a unique salt, in the PHC text form; those of bcrypt are still understood.
#pragma once

#include <string>
#include <string_view>

namespace talome::auth {

/// The work itself: takes some 20 ms of CPU and 19 MiB. Requests go through auth::Passwords, which bounds that.
std::string hashPassword(std::string_view password);
/// `hash`: of Argon2id, or an imported one of bcrypt ("$2a$", "$2b$", "$2y$"). Throws std::runtime_error for any other.
bool verifyPassword(std::string_view password, const std::string& hash);
/// Whether a hash should be made anew when its password is known: it is not what hashPassword() makes.
bool isOutdated(const std::string& hash);
/// A hash of nothing: verifying against it takes what verifying a real one takes, and fails.
const std::string& hashOfNobody();

/// 24 characters that a person keeps on paper, good for one new password; stored as its hash, like a password.
std::string newRecoveryCode();

} // namespace talome::auth
