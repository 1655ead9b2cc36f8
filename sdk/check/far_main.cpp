// talome-check-runner: the process in which talome-check has a plugin. Started by talome-check only.
#include "sdk/check/far.hpp"

#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>

namespace talome::check {

namespace {

std::unique_ptr<Far> far;
int reportFd = -1;

/// In a signal handler: plain writes only.
void tell(const char* text) { [[maybe_unused]] const auto written = ::write(reportFd, text, std::strlen(text)); }

void onFault(int signal, siginfo_t* info, void*) {
    bool still = false;
    if (const char* what = far->lent.explain(info->si_addr, still)) {
        tell("borrowed\t");
        tell(still ? "writes to, or reads beyond the end of, what it is lent in "
                   : "keeps a pointer to what it was lent in ");
        tell(what);
        if (!still) tell(", and uses it after that has returned");
        tell("\n");
        ::_exit(86);
    }
    ::signal(signal, SIG_DFL);
    ::raise(signal);
}

[[noreturn]] void onTerminate() {
    std::string what = "an exception that is not a std::exception";
    if (const auto current = std::current_exception()) {
        try {
            std::rethrow_exception(current);
        } catch (const std::exception& error) {
            what = error.what();
        } catch (...) {
            what += ", of an unknown type";
        }
        far->report("exceptions", "an exception leaves " + far->what() + ": " + what);
    } else {
        far->report("exceptions", "std::terminate() in " + far->what());
    }
    ::_exit(87);
}

void watchFaults() {
    constexpr std::size_t size = 64 * 1024;
    stack_t own{};
    own.ss_sp = std::malloc(size);
    own.ss_size = size;
    ::sigaltstack(&own, nullptr);
    struct sigaction action {};
    action.sa_sigaction = &onFault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigaction(SIGSEGV, &action, nullptr);
    ::sigaction(SIGBUS, &action, nullptr);
    std::set_terminate(&onTerminate);
    std::signal(SIGPIPE, SIG_IGN);
}

} // namespace

Far& theFar() { return *far; }

} // namespace talome::check

int main(int argc, char** argv) {
    using namespace talome::check;
    if (argc != 4) return 2;
    reportFd = std::atoi(argv[3]);
    far = std::make_unique<Far>(std::atoi(argv[1]), std::atoi(argv[2]), reportFd);
    watchFaults();
    return far->run();
}
