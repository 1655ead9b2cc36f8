// A stack of its own for signals, one for each thread that needs it.
#include "host/crash/signal_stack.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <sys/mman.h>
#include <unistd.h>

namespace talome::crash {

namespace {

/// The registers are kept on it, too, which with the newest processors takes 11 KiB.
constexpr std::size_t kLeast = 64 * 1024;

/// A sanitizer gives threads one as well, and takes back what it finds: so that is put back first.
class SignalStack {
public:
    SignalStack() noexcept {
        size_ = std::max(kLeast, static_cast<std::size_t>(std::max(0L, ::sysconf(_SC_SIGSTKSZ))));
        memory_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (memory_ == MAP_FAILED) return;
        stack_t own{};
        own.ss_sp = memory_;
        own.ss_size = size_;
        if (::sigaltstack(&own, &before_) == 0) return;
        ::munmap(memory_, size_);
        memory_ = MAP_FAILED;
    }
    ~SignalStack() {
        if (memory_ == MAP_FAILED) return;
        ::sigaltstack(&before_, nullptr);
        ::munmap(memory_, size_);
    }
    SignalStack(const SignalStack&) = delete;
    SignalStack& operator=(const SignalStack&) = delete;

private:
    std::size_t size_;
    void* memory_;
    stack_t before_{};
};

} // namespace

void giveSignalStack() noexcept { static thread_local const SignalStack stack; }

} // namespace talome::crash
