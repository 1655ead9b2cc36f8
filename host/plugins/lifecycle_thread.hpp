// The one thread on which plugins are created, started, activated, quiesced, stopped and destroyed. None of that may
// take long; what does not return is left behind with its thread, and everything else goes on.
#pragma once

#include <talome/abi.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace talome::plugins {

/// A function of a plugin has not returned in time. Whatever it touches must stay where it is.
struct Late : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// One caller at a time.
class LifecycleThread {
public:
    explicit LifecycleThread(std::chrono::milliseconds limit) : limit_(limit) {}
    ~LifecycleThread();
    LifecycleThread(const LifecycleThread&) = delete;
    LifecycleThread& operator=(const LifecycleThread&) = delete;

    struct Result {
        talome_status status = TALOME_OK;
        std::string words; ///< that were left on the thread, see gate::lastWords()
    };
    /// Runs it there. `body` may go on after Late: it must own what it uses, or that must stay. What it throws is
    /// thrown.
    Result run(const std::string& what, std::function<talome_status()> body);

    /// Whether a thread was left behind, in any of them: such a process must not run destructors under it.
    static bool anyLeftBehind();

private:
    struct Shared;
    const std::chrono::milliseconds limit_;
    std::shared_ptr<Shared> shared_; ///< with its thread; null before the first use, and after one was left behind
};

} // namespace talome::plugins
