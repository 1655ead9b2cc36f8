// The user whose shells run here, who is also the user of this process.
#pragma once

#include <string>

namespace talome::terminal {

struct Account {
    std::string name, home, shell; ///< home: "/" if theirs is not there; shell: one that can be used
    unsigned uid = 0;
};

/// Of this process's uid, and with its environment left aside. Throws std::runtime_error for a uid that has no account.
Account ownAccount();

/// Becomes that user for good; for root only. Throws std::runtime_error, also for root itself.
void becomeUser(const std::string& name);

} // namespace talome::terminal
