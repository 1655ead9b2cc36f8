// A program that runs under its own talome-spawn, as the host holds it.
#pragma once

#include "host/http/descriptor.hpp"
#include "host/process/order.hpp"
#include "host/tasks/reactor.hpp"

#include <optional>
#include <vector>

namespace talome::process {

/// Commands: any thread. The rest: one at a time.
class Child {
public:
    /// Starts it; `descriptors` are those of order.numbers, and are not kept. Returns when the program runs, some
    /// milliseconds later. Throws gate::Failure that says what is missing.
    Child(const Order& order, const std::vector<int>& descriptors, tasks::Reactor&);
    /// Ends it, if it still runs, with all that it has started; does not wait for that.
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    int control() const { return control_.get(); } ///< readable: report() has something, or the helper has gone
    /// Of an ended program; nothing while it runs. Throws gate::Failure if the helper was killed.
    std::optional<Report> report();

    void signal(int number) const { command({Command::signal, number, 0}); }
    void end(std::uint64_t graceMs) const { command({Command::end, 0, graceMs}); }

private:
    void send(const Order&, const std::vector<int>& descriptors, int to) const;
    void waitUntilStarted(const Order&) const;
    void command(const Command&) const;
    void reap() noexcept;

    tasks::Reactor& reactor_; ///< waits for the helper's end
    http::Descriptor control_;
    int pid_ = -1; ///< of the helper
};

} // namespace talome::process
