// Marks whose code a thread runs, so that a crash is told with the plugin and operation in which it happened, and that
// what the code costs is counted.
#pragma once

#include "host/crash/usage.hpp"

#include <atomic>
#include <string>

namespace talome::crash {

/// A text that outlives the scope: a literal, or a string that stands somewhere.
class Text {
public:
    Text(const char* literal) noexcept : text_(literal) {}
    Text(const std::string& lasting) noexcept : text_(lasting.c_str()) {}
    Text(const std::string&&) = delete;
    const char* get() const noexcept { return text_; }

private:
    const char* text_;
};

/// On the stack, around every call from the host into a plugin's code: `crash::Scope scope(self->id, task.id);`. They
/// nest. Allocates nothing, but for a thread's first one, which gives it the stack that crashes are told on.
class Scope {
public:
    /// `what`: the operation, route, task, topic, or lifecycle function ("create()").
    Scope(std::string_view plugin, Text what) : Scope(usageOf(plugin), what) {}
    /// For what is called often: without looking for the plugin's counts.
    Scope(Usage& usage, Text what) noexcept : usage_(usage), what_(what.get()), outer_(current_) {
        if (!outer_ && !armed_) arm();
        if ((weight_ = usage.weigh()) || (outer_ && outer_->measured_)) begin();
        current_ = this;
        std::atomic_signal_fence(std::memory_order_seq_cst); // the handler sees it whole
    }
    ~Scope() {
        current_ = outer_;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        if (measured_) end();
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    // For the signal handler, too.
    static const Scope* current() noexcept { return current_; }
    static bool hasRunHere() noexcept { return armed_; } ///< a scope was on this thread
    const char* plugin() const noexcept { return usage_.plugin().c_str(); }
    const char* what() const noexcept { return what_; }
    const Scope* outer() const noexcept { return outer_; }

private:
    static void arm() noexcept;
    void begin() noexcept;
    void end() noexcept;

    inline static thread_local constinit Scope* current_ = nullptr;
    inline static thread_local constinit bool armed_ = false;

    Usage& usage_;
    const char* const what_;
    Scope* const outer_;
    std::uint64_t weight_;
    bool measured_ = false;
    std::int64_t began_ = 0, nested_ = 0; ///< ns of this thread's CPU time; of scopes within this one
};

} // namespace talome::crash
