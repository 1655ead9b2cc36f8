// Password hashes: Argon2id (RFC 9106) with a unique salt, in the PHC text form.
#pragma once

#include <string>
#include <string_view>

namespace talome::auth {

/// Takes some 20 ms of CPU and 19 MiB; at most two run at once in the whole server; eight more
/// wait, and beyond that talome::Limited is thrown, so that somebody who guesses does not hold every worker.
std::string hashPassword(std::string_view password);
bool verifyPassword(std::string_view password, const std::string& hash);
/// What verifying takes, for an account that does not exist: whoever asks must not see the difference.
void verifyNothing(std::string_view password);

} // namespace talome::auth
