// A loop over both outputs and the supervisor's socket.
#include "host/process/run.hpp"

#include "host/gate/failure.hpp"
#include "host/process/stdio.hpp"

#include <cerrno>
#include <poll.h>

namespace talome::process {

namespace {

constexpr int kAskMs = 100; ///< there is no event for a call that is cancelled

/// One of its outputs, held to its limit.
class Output {
public:
    Output(http::Descriptor& from, const std::function<void(std::string_view)>& to, std::uint64_t limit)
        : from_(from), to_(to), left_(limit) {}

    int fd() const { return from_.get(); }
    bool cut() const { return cut_; }
    /// Reads what is there, a piece at most; false if nothing was.
    bool readSome(std::vector<char>& buffer) {
        if (!from_) return false;
        const auto n = ::read(from_.get(), buffer.data(), buffer.size());
        if (n < 0) return false; // nothing now
        if (n == 0) {
            from_ = {};
            return false;
        }
        const auto taken = std::min<std::uint64_t>(left_, static_cast<std::uint64_t>(n));
        cut_ = cut_ || taken < static_cast<std::uint64_t>(n);
        left_ -= taken;
        if (taken && to_) to_({buffer.data(), taken});
        return true;
    }

private:
    http::Descriptor& from_;
    const std::function<void(std::string_view)>& to_;
    std::uint64_t left_;
    bool cut_ = false;
};

/// Takes it back from whoever may end it, however the run ends.
class Listed {
public:
    Listed(Child& child, const std::function<void(Child&)>& began, const std::function<void(Child&)>& ended)
        : child_(child), ended_(ended) {
        began(child);
    }
    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;
    ~Listed() { ended_(child_); }

private:
    Child& child_;
    const std::function<void(Child&)>& ended_;
};

} // namespace

talome_process_result resultOf(const Report& report) {
    talome_process_result result{};
    result.struct_size = sizeof result;
    result.limit = report.limit;
    result.exit_code = report.exitCode;
    result.signal = report.signal;
    result.time_ms = report.timeMs;
    result.cpu_ms = report.cpuMs;
    result.peak_bytes = report.peakBytes;
    return result;
}

talome_process_result runToEnd(Spec spec, tasks::Reactor& reactor, const Sinks& sinks, const Interrupt& interrupt,
                               const std::function<void(Child&)>& began, const std::function<void(Child&)>& ended) {
    Stdio stdio(spec, Kind::oneShot);
    Child child(spec.order, spec.fds, reactor);
    stdio.given();
    const Listed listed(child, began, ended);
    Output output(stdio.output, sinks.output, spec.output), errors(stdio.errors, sinks.errors, spec.output);
    std::vector<char> buffer(64 * 1024);
    talome_status interrupted = TALOME_OK;
    bool tooMuch = false;
    std::optional<Report> report;
    while (!(report = child.report())) {
        pollfd on[] = {{child.control(), POLLIN, 0}, {output.fd(), POLLIN, 0}, {errors.fd(), POLLIN, 0}};
        ::poll(on, 3, interrupt && interrupted == TALOME_OK ? kAskMs : -1);
        if (on[1].revents) output.readSome(buffer);
        if (on[2].revents) errors.readSome(buffer);
        if ((output.cut() || errors.cut()) && !spec.cutOutput && !std::exchange(tooMuch, true))
            child.end(spec.order.graceMs);
        if (interrupt && interrupted == TALOME_OK && (interrupted = interrupt()) != TALOME_OK) child.end(kStopGraceMs);
    }
    // Nobody is left who could write: what is in the pipes now is all.
    while (output.readSome(buffer)) {
    }
    while (errors.readSome(buffer)) {
    }
    if (interrupted == TALOME_E_TIMEOUT) throw gate::Failure(interrupted, "'" + spec.order.argv[0] + "' took too long");
    if (interrupted != TALOME_OK)
        throw gate::Failure(interrupted, "'" + spec.order.argv[0] + "' was ended: the caller has left");
    auto result = resultOf(*report);
    if (output.cut()) result.cut |= TALOME_CUT_STDOUT;
    if (errors.cut()) result.cut |= TALOME_CUT_STDERR;
    if (tooMuch || (result.cut && !spec.cutOutput)) result.limit = TALOME_LIMIT_OUTPUT;
    return result;
}

} // namespace talome::process
