#include "pty/handover.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <systemd/sd-daemon.h>

namespace talome::terminal {

namespace {

void keepOverExec(std::int64_t fd, bool keep) {
    if (fd >= 0) ::fcntl(static_cast<int>(fd), F_SETFD, keep ? 0 : FD_CLOEXEC);
}

void markAll(const Handover& handover, bool keep) {
    keepOverExec(handover.listener, keep);
    for (const auto& session : handover.sessions)
        for (const auto fd : {session.terminal, session.ring, session.recording}) keepOverExec(fd, keep);
}

/// FDNAME takes no colon and 255 bytes at most; an owner's id and a session's have none, and fit.
std::string storeName(const Key& key, const char* what) { return std::string(what) + "." + key.id + "." + key.owner; }

void store(int fd, const std::string& name) {
    ::sd_pid_notify_with_fds(0, 0, ("FDSTORE=1\nFDPOLL=0\nFDNAME=" + name).c_str(), &fd, 1);
}

} // namespace

void execInPlace(const std::string& program, const std::vector<std::string>& arguments, const Handover& handover) {
    const std::string text = encode(handover);
    Descriptor memory(::memfd_create("talome-pty-state", 0));
    if (!memory) return;
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t n = ::write(memory.get(), text.data() + at, text.size() - at);
        if (n <= 0) return;
        at += static_cast<std::size_t>(n);
    }
    auto all = arguments;
    all.insert(all.begin(), program);
    all.insert(all.end(), {"--resume", std::to_string(memory.get())});
    std::vector<char*> argv;
    for (auto& each : all) argv.push_back(each.data());
    argv.push_back(nullptr);
    markAll(handover, true);
    ::execv(program.c_str(), argv.data());
    const int why = errno;
    markAll(handover, false);
    errno = why;
}

Handover readHandover(int fd) {
    const Descriptor memory(fd);
    struct stat is {};
    if (::fstat(fd, &is) != 0) throw std::system_error(errno, std::generic_category(), "--resume");
    std::string text(static_cast<std::size_t>(is.st_size), '\0');
    if (::pread(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
        throw ProtocolError("the state is cut");
    auto handover = decode<Handover>(text);
    markAll(handover, false);
    return handover;
}

void keepDescriptors(const Session& session) {
    store(session.terminal(), storeName(session.key(), "terminal"));
    store(session.ring().descriptor(), storeName(session.key(), "output"));
}

void forgetDescriptors(const Key& key) {
    for (const char* what : {"terminal", "output"})
        ::sd_notify(0, ("FDSTOREREMOVE=1\nFDNAME=" + storeName(key, what)).c_str());
}

Inherited inheritFromManager() {
    Inherited inherited;
    char** names = nullptr;
    const int count = ::sd_listen_fds_with_names(1, &names);
    std::map<std::string, std::pair<Descriptor, Descriptor>> found;
    for (int i = 0; i < count; ++i) {
        Descriptor fd(SD_LISTEN_FDS_START + i);
        const std::string name = names && names[i] ? names[i] : "";
        ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
        if (name.starts_with("terminal."))
            found[name.substr(9)].first = std::move(fd);
        else if (name.starts_with("output."))
            found[name.substr(7)].second = std::move(fd);
        else if (!inherited.listener && ::sd_is_socket_unix(fd.get(), SOCK_STREAM, 1, nullptr, 0) > 0)
            inherited.listener = std::move(fd);
        if (names) std::free(names[i]);
    }
    std::free(names);
    for (auto& [name, both] : found) {
        if (!both.first || !both.second) continue;
        try {
            inherited.sessions.push_back(std::make_unique<Session>(std::move(both.first), std::move(both.second)));
        } catch (const std::exception&) { // what is no session is let go
        }
    }
    return inherited;
}

} // namespace talome::terminal
