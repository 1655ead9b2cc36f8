// The loop, and what ends a program.
#include "host/process/spawn/supervisor.hpp"

#include "host/process/spawn/landlock.hpp"
#include "host/process/spawn/program.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <ctime>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <talome/process.h>
#include <unistd.h>

namespace talome::process {

namespace {

constexpr std::int64_t kSoonest = 10, kLatest = 1000; // ms between two looks at memory and CPU time
constexpr int kKillAgain = 10;                        // ms: an orphan may have become a child without a signal

std::int64_t nowMs() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::uint64_t cpuMsOf(const rusage& usage) {
    const auto ms = [](const timeval& time) {
        return std::uint64_t(time.tv_sec) * 1000 + std::uint64_t(time.tv_usec) / 1000;
    };
    return ms(usage.ru_utime) + ms(usage.ru_stime);
}

} // namespace

Supervisor::Supervisor(Order order, std::vector<http::Descriptor> descriptors)
    : order_(std::move(order)), descriptors_(std::move(descriptors)) {}

void Supervisor::report(const Report& what) {
    // It fails only if talomed is gone, which the loop sees.
    [[maybe_unused]] const auto sent = ::send(kControlFd, &what, sizeof what, MSG_NOSIGNAL);
}

void Supervisor::start() {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    signals_ = http::Descriptor(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
    int pair[2];
    if (!signals_ || ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        throw Unconfined{Stage::process, errno};
    starting_ = http::Descriptor(pair[0]);
    const http::Descriptor told(pair[1]);
    const Filter filter(order_, ::getpid(), ::getppid(), landlockAbi());
    const auto self = ::getpid();
    startedAt_ = nowMs();
    main_ = ::fork();
    if (main_ < 0) throw Unconfined{Stage::process, errno};
    if (main_ == 0) {
        std::vector<int> raw;
        for (const auto& each : descriptors_) raw.push_back(each.get());
        becomeProgram(order_, filter, raw, told.get(), self);
    }
    descriptors_.clear();
}

void Supervisor::run() {
    try {
        start();
    } catch (const Unconfined& why) {
        report({.kind = Report::refused, .stage = why.stage, .error = why.error});
        return;
    } catch (const std::system_error& why) {
        report({.kind = Report::refused, .stage = Stage::seccomp, .error = why.code().value()});
        return;
    }
    while (childrenLeft_) {
        pollfd on[] = {{hostIsThere_ ? kControlFd : -1, POLLIN, 0},
                       {signals_.get(), POLLIN, 0},
                       {starting_.get(), POLLIN, 0},
                       {asked_.get(), POLLIN, 0}};
        if (::poll(on, 4, timeout()) < 0 && errno != EINTR) break; // never; then all ends with this process
        while (onProgramSays()) {
        } // before its end is seen
        if (on[0].revents) onCommand();
        if (on[1].revents || killing_) reap();
        if (on[3].revents && asked_) onAsked();
        onTime();
        if (killing_) Family::killChildren();
    }
    if (!refused_) report(result());
}

int Supervisor::timeout() const {
    if (killing_) return kKillAgain;
    Ms next = INT64_MAX;
    if (order_.timeMs && started_ && !killAt_) next = startedAt_ + static_cast<Ms>(order_.timeMs);
    if (killAt_) next = std::min(next, killAt_);
    if (lookAt_) next = std::min(next, lookAt_);
    if (next == INT64_MAX) return -1;
    return static_cast<int>(std::clamp<Ms>(next - nowMs(), 0, INT_MAX));
}

/// First comes what seccomp asks on, then either a refusal or, when exec() has closed the other end, nothing.
bool Supervisor::onProgramSays() {
    if (!starting_) return false;
    Report said;
    iovec data{&said, sizeof said};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const auto n = ::recvmsg(starting_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n == sizeof said && said.kind == Report::started) {
        const cmsghdr* head = CMSG_FIRSTHDR(&message);
        int asked = -1;
        if (head && head->cmsg_type == SCM_RIGHTS) std::memcpy(&asked, CMSG_DATA(head), sizeof asked);
        asked_ = http::Descriptor(asked);
        return true;
    }
    starting_ = {};
    if (n == sizeof said) {
        refused_ = true;
        report(said);
        killAll();
        return false;
    }
    if (!asked_) return false; // killed before it came so far: its end says the rest
    started_ = true;
    startedAt_ = nowMs();
    report({.kind = Report::started});
    if (order_.memory || order_.cpuMs) {
        step_ = kSoonest;
        lookAt_ = nowMs() + step_;
    }
    return false;
}

void Supervisor::onCommand() {
    Command command;
    const auto n = ::recv(kControlFd, &command, sizeof command, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n != sizeof command) { // talomed has gone, however
        hostIsThere_ = false;
        killAll();
    } else if (command.kind == Command::end) {
        beginEnd(TALOME_LIMIT_ASKED, std::min(command.graceMs, order_.graceMs));
    } else if (!status_) {
        ::kill(-main_, command.number);
    }
}

/// A process wants to start another one.
void Supervisor::onAsked() {
    alignas(8) char space[512] = {}; // a newer kernel's may be longer
    auto& question = *reinterpret_cast<seccomp_notif*>(space);
    if (::ioctl(asked_.get(), SECCOMP_IOCTL_NOTIF_RECV, &question) < 0) {
        if (errno == ENOENT || errno == EINTR || errno == EAGAIN) return; // it does not want it any more
        asked_ = {};                                                      // nobody is left who could ask
        return;
    }
    seccomp_notif_resp answer{};
    answer.id = question.id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ++estimate_;
    if (question.data.nr == SYS_clone && wantsNamespaces(question.data.args[0])) {
        answer.error = -EPERM;
    } else if (order_.processes && estimate_ > order_.processes) {
        family_.refresh();
        estimate_ = family_.size() + 1;
        if (estimate_ > order_.processes) answer.error = -EAGAIN;
    }
    if (answer.error) {
        answer.flags = 0;
        --estimate_;
    }
    grown_ = true;
    [[maybe_unused]] const auto sent = ::ioctl(asked_.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer); // fails if it is gone
}

void Supervisor::reap() {
    signalfd_siginfo signal{};
    while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal)
        if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT || signal.ssi_signo == SIGHUP)
            beginEnd(TALOME_LIMIT_ASKED, order_.graceMs); // the whole service is being stopped
    for (;;) {
        int status = 0;
        rusage usage{};
        const auto pid = ::wait4(-1, &status, WNOHANG, &usage);
        if (pid < 0 && errno == ECHILD) childrenLeft_ = false;
        if (pid <= 0) break;
        reapedCpuMs_ += cpuMsOf(usage);
        peakBytes_ = std::max(peakBytes_, static_cast<std::uint64_t>(usage.ru_maxrss) * 1024);
        grown_ = true;
        if (pid != main_) continue;
        status_ = status;
        endedAt_ = nowMs();
        killAll(); // what it leaves behind
    }
}

void Supervisor::onTime() {
    const auto now = nowMs();
    if (killing_) return;
    if (killAt_ && now >= killAt_) return killAll();
    if (order_.timeMs && started_ && !killAt_ && now - startedAt_ >= static_cast<Ms>(order_.timeMs))
        beginEnd(TALOME_LIMIT_TIME, order_.graceMs);
    if (lookAt_ && now >= lookAt_) look();
}

/// At memory and CPU time of all; the next time when a limit could be reached, or memory could have grown.
void Supervisor::look() {
    if (std::exchange(grown_, false)) family_.refresh(); // a process that was allowed may not be there yet: estimate_ stays
    const auto now = nowMs();
    const auto used = family_.usage();
    const auto cpu = used.cpuMs + reapedCpuMs_;
    if (order_.memory && used.memory > order_.memory) return beginEnd(TALOME_LIMIT_MEMORY, 0);
    if (order_.cpuMs && cpu >= order_.cpuMs) return beginEnd(TALOME_LIMIT_CPU, order_.graceMs);
    step_ = std::min(step_ * 2, kLatest);
    if (order_.memory && used.memory > lastMemory_) {
        const auto left = order_.memory - used.memory, grew = used.memory - lastMemory_;
        const auto passed = static_cast<std::uint64_t>(std::max<Ms>(1, now - lookedAt_));
        const auto until = static_cast<double>(left) / static_cast<double>(grew) * static_cast<double>(passed);
        step_ = static_cast<Ms>(std::min<double>(static_cast<double>(step_), until / 2));
    }
    if (order_.cpuMs) {
        static const auto cores = static_cast<Ms>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
        step_ = std::min(step_, static_cast<Ms>(order_.cpuMs - cpu) / cores + 1);
    }
    step_ = std::clamp(step_, kSoonest, kLatest);
    lastMemory_ = used.memory;
    lookedAt_ = now;
    lookAt_ = now + step_;
}

void Supervisor::beginEnd(std::int32_t limit, std::uint64_t graceMs) {
    if (killing_) return;
    if (!limit_) limit_ = limit;
    const auto killAt = nowMs() + static_cast<Ms>(graceMs);
    const bool first = killAt_ == 0;
    killAt_ = first ? killAt : std::min(killAt_, killAt);
    lookAt_ = 0;
    if (graceMs == 0 || !started_) return killAll();
    if (first) ::kill(-main_, SIGTERM);
}

void Supervisor::killAll() {
    killing_ = true;
    lookAt_ = 0;
    asked_ = {}; // whoever asks for a process, or waits for the answer, gets none
    if (!status_) ::kill(main_, SIGKILL);
}

Report Supervisor::result() const {
    Report report;
    report.kind = Report::ended;
    const int status = status_.value_or(0);
    if (WIFEXITED(status)) report.exitCode = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) report.signal = WTERMSIG(status);
    report.limit = limit_;
    if (!limit_ && report.signal == SIGXCPU && order_.cpuMs) report.limit = TALOME_LIMIT_CPU;
    if (!limit_ && report.signal == SIGXFSZ && order_.fileBytes) report.limit = TALOME_LIMIT_FILE;
    // It went past between two looks, and did not survive what the kernel then denied it.
    if (!limit_ && report.exitCode != 0 && order_.memory && peakBytes_ > order_.memory)
        report.limit = TALOME_LIMIT_MEMORY;
    report.timeMs = static_cast<std::uint64_t>(endedAt_ - startedAt_);
    report.cpuMs = reapedCpuMs_;
    report.peakBytes = peakBytes_;
    return report;
}

} // namespace talome::process
