// What is done when the program crashes. From the signal on, only what is safe in a signal handler is called: see
// signal-safety(7); and everything that is needed was made ready by install().
#include "host/crash/handler.hpp"

#include "host/crash/line.hpp"
#include "host/crash/mapped.hpp"
#include "host/crash/module_at.hpp"
#include "host/crash/scope.hpp"
#include "host/crash/signal_stack.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <system_error>
#include <ucontext.h>
#include <unistd.h>

namespace talome::crash {

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
constexpr off_t kReserve = 64 * 1024; // for the records of some hundred crashes between two starts

int file = -1, maps = -1;
pid_t process = 0;
std::atomic<pid_t> crashing{0}; ///< the thread that is being told of

const char* nameOf(int signal) noexcept {
    switch (signal) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGILL:
        return "SIGILL";
    case SIGFPE:
        return "SIGFPE";
    case SIGABRT:
        return "SIGABRT";
    default:
        return "SIGTRAP";
    }
}

struct Place {
    std::uintptr_t instruction = 0, stack = 0;
};

Place placeOf(const void* context) noexcept {
    const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    return {static_cast<std::uintptr_t>(machine.gregs[REG_RIP]), static_cast<std::uintptr_t>(machine.gregs[REG_RSP])};
#elif defined(__aarch64__)
    return {machine.pc, machine.sp};
#else
    static_cast<void>(machine);
    return {};
#endif
}

/// For a thread that the host never ran a plugin's code on: it is a plugin's own if one of the addresses to which its
/// functions return is. abort() is called in libc, by the plugin. Read through the kernel, which knows what is mapped.
const char* pluginOnStack(std::uintptr_t stack) noexcept {
    std::uintptr_t words[512];
    for (int i = 0; i < 8; ++i, stack += sizeof words) {
        iovec here{words, sizeof words}, there{reinterpret_cast<void*>(stack), sizeof words};
        const auto n = ::process_vm_readv(process, &here, 1, &there, 1, 0);
        for (std::ptrdiff_t k = 0; k < n / static_cast<std::ptrdiff_t>(sizeof *words); ++k)
            if (const auto* plugin = pluginAt(words[k])) return plugin;
        if (n < static_cast<std::ptrdiff_t>(sizeof words)) break;
    }
    return nullptr;
}

struct Culprit {
    const char* plugin = "";
    const char* operation = "";
};

/// Where the instruction lies counts first, then what the thread runs for whom.
Culprit culpritOf(const Place& place) noexcept {
    const auto* scope = Scope::current();
    const auto* owner = pluginAt(place.instruction);
    if (!owner && !scope && !Scope::hasRunHere()) owner = pluginOnStack(place.stack);
    if (!owner) return scope ? Culprit{scope->plugin(), scope->what()} : Culprit{};
    for (; scope; scope = scope->outer())
        if (std::strcmp(scope->plugin(), owner) == 0) return {owner, scope->what()};
    return {owner, ""};
}

void write(int descriptor, const Line& line) noexcept {
    std::size_t done = 0;
    while (done < line.size()) {
        const auto n = ::write(descriptor, line.data() + done, line.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return; // a full disk: the space was taken before, but perhaps not on this file system
        done += static_cast<std::size_t>(n);
    }
}

void record(int signal, const siginfo_t& info, const void* context, pid_t thread) noexcept {
    const auto place = placeOf(context);
    const auto culprit = culpritOf(place);
    const auto module = moduleAt(place.instruction, maps);
    const auto* scope = Scope::current();
    const auto* caller = scope && scope->outer() ? scope->outer()->what() : "";
    const bool hasAddress = info.si_code > 0 && signal != SIGABRT && signal != SIGTRAP;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    Line line;
    line.text("{\"at\":").number(now.tv_sec * std::int64_t{1000} + now.tv_nsec / 1'000'000);
    line.text(",\"signal\":").quoted(nameOf(signal)).text(",\"code\":").number(info.si_code);
    line.text(",\"address\":").hex(hasAddress ? reinterpret_cast<std::uintptr_t>(info.si_addr) : 0);
    line.text(",\"plugin\":").quoted(culprit.plugin).text(",\"operation\":").quoted(culprit.operation);
    line.text(",\"caller\":").quoted(caller);
    line.text(",\"module\":").quoted(module.name).text(",\"offset\":").hex(module.offset);
    line.text(",\"pid\":").number(process).text(",\"thread\":").number(thread);
    line.text(",\"version\":").quoted(TALOME_VERSION).text("}\n");
    write(file, line);

    Line words;
    words.text("talomed: crashed by ").text(nameOf(signal)).text(" in ");
    words.text(*culprit.plugin ? culprit.plugin : "the host").text(*culprit.operation ? ", " : "");
    write(STDERR_FILENO, words.text(culprit.operation).text("\n"));
}

void onSignal(int signal, siginfo_t* info, void* context) {
    const int error = errno;
    const auto thread = static_cast<pid_t>(::syscall(SYS_gettid));
    pid_t nobody = 0;
    if (::getpid() == process) { // not in a child before its exec
        if (crashing.compare_exchange_strong(nobody, thread))
            record(signal, *info, context, thread);
        else if (nobody != thread)
            for (;;) ::pause(); // the other one ends the process
    }
    // As if nothing had been here: a fault happens again when this returns, at the same instruction, so that the core
    // shows it; what was sent is sent again.
    ::signal(signal, SIG_DFL);
    const bool again = info->si_code > 0 && signal != SIGABRT && signal != SIGTRAP;
    if (!again) ::syscall(SYS_tgkill, process, thread, signal);
    errno = error;
}

/// So that a full disk loses no record. A file system that cannot do it is used as it is.
void reserve() noexcept { static_cast<void>(::fallocate(file, FALLOC_FL_KEEP_SIZE, 0, kReserve)); }

[[noreturn]] void failed(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

} // namespace

void install(const std::filesystem::path& path) {
    file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) failed(path.c_str());
    maps = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    reserve();
    process = ::getpid();
    giveSignalStack();
    // In the place of what Poco does with them by itself: it makes exceptions of them, of which no core shows the
    // place.
    for (const int signal : kSignals) {
        struct sigaction action {};
        action.sa_sigaction = onSignal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigemptyset(&action.sa_mask);
        if (::sigaction(signal, &action, nullptr) < 0) failed("sigaction");
    }
}

void emptyFile() {
    if (file < 0) return;
    if (::ftruncate(file, 0) < 0) failed("the file of crashes");
    reserve();
}

} // namespace talome::crash
