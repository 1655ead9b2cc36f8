// The process that the host is in: starts the other one, speaks with it, and sees it end.
#include "sdk/check/near.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

extern char** environ;

namespace talome::check {

namespace {

std::string signalName(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name ? std::string("SIG") + name : std::to_string(signal);
}

struct Pair {
    int ours, theirs;
    Pair() {
        int both[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) < 0)
            throw std::system_error(errno, std::generic_category(), "socketpair");
        ours = both[0];
        theirs = both[1];
    }
};

} // namespace

Near::Near(const std::filesystem::path& runner, const std::filesystem::path& plugin, std::chrono::milliseconds limit)
    : plugin_(plugin), limit_(limit) {
    spawn(runner);
    try {
        auto reply = question(Life::load, plugin_.string());
        loaded_ = reply.get<std::uint8_t>();
        (loaded_ ? id_ : why_) = reply.text();
        if (!loaded_) return;
        version_ = reply.text();
        summary_ = reply.text();
        flags_ = reply.get<std::uint32_t>();
        steps_ = reply.get<std::uint8_t>();
    } catch (const Gone& gone) {
        why_ = gone.what();
    }
}

Near::~Near() {
    lane_->shutDown();
    own_->shutDown();
    ownThreads_.join();
    die("");
    for (const auto& [number, fd] : watched_) ::close(fd);
    ::close(report_);
}

void Near::spawn(const std::filesystem::path& runner) {
    const Pair lane, own;
    int report[2];
    if (::pipe2(report, O_CLOEXEC | O_NONBLOCK) < 0) throw std::system_error(errno, std::generic_category(), "pipe");
    // Descriptors of the same numbers in each run, above the standard ones.
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    constexpr int base = 100; // above what this process has open, so that none is overwritten before it is copied
    const int theirs[] = {lane.theirs, own.theirs, report[1]};
    for (int i = 0; i < 3; ++i) ::posix_spawn_file_actions_adddup2(&actions, theirs[i], base + i);
    for (int i = 0; i < 3; ++i) ::posix_spawn_file_actions_adddup2(&actions, base + i, 3 + i);
    for (int i = 0; i < 3; ++i) ::posix_spawn_file_actions_addclose(&actions, base + i);
    const std::string program = runner.string();
    char* const arguments[] = {const_cast<char*>("talome-check-runner"), const_cast<char*>("3"), const_cast<char*>("4"),
                               const_cast<char*>("5"), nullptr};
    const int error = ::posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    for (const int each : theirs) ::close(each);
    lane_ = std::make_unique<Socket>(lane.ours);
    own_ = std::make_unique<Socket>(own.ours);
    report_ = report[0];
    if (error) throw std::system_error(error, std::generic_category(), program);
    ownThreads_ = std::thread([this] { serveOwnThreads(); });
}

/// Whatever it was doing: it is gone afterwards, and the words say how.
void Near::die(const std::string& how) {
    const std::lock_guard lock(mutex_);
    if (process_ < 0) return;
    if (!how.empty()) ::kill(process_, SIGKILL);
    int status = 0;
    // After the sockets were shut, or it closed its own, it ends at once; but not if it hangs in the plugin's code.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(how.empty() ? 2 : 30);
    while (::waitpid(process_, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > end) ::kill(process_, SIGKILL);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    process_ = -1;
    const std::string where = running_.empty() ? "" : " in " + running_.back();
    if (!how.empty())
        death_ = how + where;
    else if (WIFSIGNALED(status))
        death_ = "dies of " + signalName(WTERMSIG(status)) + where;
    else
        death_ = "ends its process (" + std::to_string(WEXITSTATUS(status)) + ")" + where;
}

std::optional<std::string> Near::death() {
    const std::lock_guard lock(mutex_);
    return death_;
}

std::vector<Finding> Near::takeFindings() {
    char buffer[4096];
    for (;;) {
        const auto n = ::read(report_, buffer, sizeof buffer);
        if (n <= 0) break;
        unread_.append(buffer, static_cast<std::size_t>(n));
    }
    std::vector<Finding> all;
    for (std::size_t end; (end = unread_.find('\n')) != unread_.npos; unread_.erase(0, end + 1)) {
        const auto line = unread_.substr(0, end);
        const auto tab = line.find('\t');
        all.push_back({line.substr(0, tab), tab == line.npos ? "" : line.substr(tab + 1)});
    }
    return all;
}

/// Under laneMutex_.
Reader Near::exchange(const Writer& writer) {
    {
        const std::lock_guard lock(mutex_);
        if (process_ < 0) throw Gone("its process has ended");
    }
    try {
        lane_->send(writer);
        for (;;) {
            auto message = lane_->receive(static_cast<int>(limit_.count()));
            const auto kind = message.get<std::uint8_t>();
            if (kind == kReply) return message;
            Writer answer;
            answer.put(static_cast<std::uint8_t>(kReply));
            serve(kind, message, answer);
            lane_->send(answer);
        }
    } catch (const Late&) {
        die("does not return within " + std::to_string(limit_.count()) + " ms");
        throw;
    } catch (const Gone&) {
        die("");
        throw;
    }
}

Reader Near::question(Life step, std::string_view text) {
    const std::lock_guard lock(laneMutex_);
    running_.emplace_back(step == Life::load ? "static initialisers" : step == Life::describe ? "create()" : "its end");
    Writer writer;
    writer.put(static_cast<std::uint8_t>(kLife));
    writer.put(static_cast<std::uint8_t>(step));
    writer.text(text);
    auto reply = exchange(writer);
    running_.pop_back();
    return reply;
}

std::string Near::describe(const std::string& name) {
    auto reply = question(Life::describe, name);
    const bool fine = reply.get<std::uint8_t>();
    std::string text(reply.text());
    if (!fine) throw std::runtime_error(text);
    return text;
}

std::vector<std::string> Near::threads() {
    auto reply = question(Life::threads);
    std::vector<std::string> all(reply.get<std::uint32_t>());
    for (auto& each : all) each = reply.text();
    return all;
}

std::vector<std::string> Near::descriptors() {
    auto reply = question(Life::descriptors);
    std::vector<std::string> all(reply.get<std::uint32_t>());
    for (auto& each : all) each = reply.text();
    return all;
}

std::string Near::unload(bool& fine) {
    auto reply = question(Life::unload);
    fine = reply.get<std::uint8_t>();
    return std::string(reply.text());
}

Reader Near::callBack(const std::string& what, const Writer& writer) {
    running_.push_back(what);
    auto reply = exchange(writer);
    running_.pop_back();
    return reply;
}

} // namespace talome::check
