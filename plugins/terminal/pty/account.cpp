#include "pty/account.hpp"

#include <grp.h>
#include <pwd.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace talome::terminal {

namespace {

bool isProgram(const std::string& path) {
    struct stat is {};
    return path.starts_with('/') && ::stat(path.c_str(), &is) == 0 && S_ISREG(is.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
}
bool isFolder(const std::string& path) {
    struct stat is {};
    return path.starts_with('/') && ::stat(path.c_str(), &is) == 0 && S_ISDIR(is.st_mode);
}

} // namespace

Account ownAccount() {
    const passwd* entry = ::getpwuid(::geteuid());
    if (!entry) throw std::runtime_error("uid " + std::to_string(::geteuid()) + " has no account");
    Account own{entry->pw_name, entry->pw_dir, entry->pw_shell, entry->pw_uid};
    if (!isFolder(own.home)) own.home = "/";
    const bool refuses = own.shell.ends_with("/nologin") || own.shell.ends_with("/false");
    if (refuses || !isProgram(own.shell)) own.shell = isProgram("/bin/bash") ? "/bin/bash" : "/bin/sh";
    return own;
}

void becomeUser(const std::string& name) {
    const passwd* entry = ::getpwnam(name.c_str());
    if (!entry) throw std::runtime_error("there is no user " + name);
    if (entry->pw_uid == 0) throw std::runtime_error("shells do not run as root: name another user");
    const uid_t uid = entry->pw_uid;
    const gid_t gid = entry->pw_gid;
    if (::geteuid() == uid) return;
    if (::geteuid() != 0) throw std::runtime_error("only root can become " + name);
    if (::initgroups(name.c_str(), gid) != 0 || ::setresgid(gid, gid, gid) != 0 || ::setresuid(uid, uid, uid) != 0)
        throw std::runtime_error("cannot become " + name);
    if (::setuid(0) == 0) throw std::runtime_error("root could be had back");
}

} // namespace talome::terminal
