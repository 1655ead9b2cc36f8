// The reactor only says that something can be done; output is read on the strand, so that a plugin that is slow makes
// the program wait, and nobody else.
#include "host/process/live.hpp"

#include "host/gate/failure.hpp"
#include "host/log/log.hpp"
#include "host/process/run.hpp"

#include <cerrno>
#include <csignal>
#include <talome/io.h>

namespace talome::process {

namespace {

constexpr std::size_t kPiece = 64 * 1024;

} // namespace

Live::Live(tasks::Reactor& reactor, std::shared_ptr<tasks::Strand> strand, crash::Usage& usage,
           talome_process_events events, std::uint64_t number, Spec spec, Ended ended, std::function<void()> told)
    : reactor_(reactor), strand_(std::move(strand)), usage_(usage), events_(events), number_(number),
      queueLimit_(spec.queue), graceMs_(spec.order.graceMs), cutOutput_(spec.cutOutput), ended_(std::move(ended)),
      told_(std::move(told)), buffer_(kPiece) {
    Stdio stdio(spec, Kind::longLived);
    child_.emplace(spec.order, spec.fds, reactor_);
    stdio.given();
    output_ = {std::move(stdio.output), TALOME_STDOUT, 0, spec.output, false};
    errors_ = {std::move(stdio.errors), TALOME_STDERR, 0, spec.output, false};
    input_ = std::move(stdio.input);
}

Live::~Live() = default;

void Live::watch() {
    const auto self = shared_from_this();
    const std::lock_guard lock(mutex_); // the callbacks wait until the numbers are known
    for (Output* each : {&output_, &errors_})
        if (each->from)
            each->watch = reactor_.watch(each->from.get(), TALOME_READABLE,
                                         [self, each](std::uint32_t) { self->onReadable(*each); });
    childWatch_ = reactor_.watch(child_->control(), TALOME_READABLE, [self](std::uint32_t) { self->onReport(); });
}

void Live::onReadable(Output& from) {
    strand_->post([self = shared_from_this(), &from] {
        {
            const std::lock_guard lock(self->mutex_);
            if (self->paused_ || self->forgotten_ || !from.watch) return;
        }
        self->deliver(from);
        const std::lock_guard lock(self->mutex_);
        if (from.watch && !self->paused_ && !self->forgotten_) self->reactor_.rearm(from.watch, TALOME_READABLE);
    });
}

bool Live::deliver(Output& from) {
    std::size_t taken = 0;
    {
        const std::lock_guard lock(mutex_);
        if (!from.from || forgotten_) return false;
        const auto n = ::read(from.from.get(), buffer_.data(), buffer_.size());
        if (n < 0) return false;
        if (n == 0) {
            if (from.watch) reactor_.unwatch(std::exchange(from.watch, 0));
            from.from = {};
            return false;
        }
        taken = static_cast<std::size_t>(std::min<std::uint64_t>(from.left, static_cast<std::uint64_t>(n)));
        from.left -= taken;
        if (taken < static_cast<std::size_t>(n)) {
            from.cut = true;
            if (!cutOutput_ && !std::exchange(tooMuch_, true) && !result_) child_->end(graceMs_);
        }
    }
    if (!taken || !events_.output) return true;
    const crash::Scope scope(usage_, "output()");
    events_.output(events_.user, number_, from.stream, {buffer_.data(), taken});
    return true;
}

void Live::onReport() {
    talome_process_result result{};
    try {
        const auto report = child_->report();
        if (!report) {
            const std::lock_guard lock(mutex_);
            if (childWatch_) reactor_.rearm(childWatch_, TALOME_READABLE);
            return;
        }
        result = resultOf(*report);
    } catch (const gate::Failure& killed) {
        log::warn("host", killed.what());
        result = resultOf(Report{.signal = SIGKILL});
    }
    {
        const std::lock_guard lock(mutex_);
        if (childWatch_) reactor_.unwatch(std::exchange(childWatch_, 0));
        closeInputNow();
        result_ = result;
    }
    child_.reset(); // the helper ends at once: it has said its last
    ended_(result);
    strand_->post([self = shared_from_this()] { self->finish(); });
}

void Live::finish() {
    {
        const std::lock_guard lock(mutex_);
        if (paused_ || forgotten_ || finished_ || !result_) return; // pause(false) comes here again
    }
    for (Output* each : {&output_, &errors_})
        while (deliver(*each)) {
            const std::lock_guard lock(mutex_);
            if (paused_) return;
        }
    talome_process_result result;
    {
        const std::lock_guard lock(mutex_);
        if (forgotten_ || std::exchange(finished_, true)) return;
        result = *result_;
        if (output_.cut) result.cut |= TALOME_CUT_STDOUT;
        if (errors_.cut) result.cut |= TALOME_CUT_STDERR;
        if (result.cut && !cutOutput_) result.limit = TALOME_LIMIT_OUTPUT;
        for (Output* each : {&output_, &errors_})
            if (each->watch) reactor_.unwatch(std::exchange(each->watch, 0));
    }
    {
        const crash::Scope scope(usage_, "exited()");
        events_.exited(events_.user, number_, &result);
    }
    told_();
}

talome_status Live::write(std::string_view data) {
    const std::lock_guard lock(mutex_);
    if (!input_ || closing_ || result_) return TALOME_E_GONE;
    if (data.size() > queueLimit_) return TALOME_E_TOO_LARGE;
    if (queue_.size() + data.size() > queueLimit_) {
        wantsRoom_ = true;
        return TALOME_E_LIMITED;
    }
    const bool waits = !queue_.empty();
    queue_ += data;
    if (!waits && !flush() && !inputWatch_)
        inputWatch_ = reactor_.watch(input_.get(), TALOME_WRITABLE,
                                     [self = shared_from_this()](std::uint32_t) { self->onWritable(); });
    else if (!waits && !queue_.empty() && inputWatch_)
        reactor_.rearm(inputWatch_, TALOME_WRITABLE);
    return TALOME_OK;
}

/// Writes what the pipe takes now. A program that reads no more has what it wanted: the rest is dropped.
bool Live::flush() {
    std::size_t done = 0;
    while (done < queue_.size()) {
        const auto n = ::write(input_.get(), queue_.data() + done, queue_.size() - done);
        if (n > 0) {
            done += static_cast<std::size_t>(n);
        } else if (errno == EAGAIN) {
            queue_.erase(0, done);
            return false;
        } else if (errno != EINTR) {
            closeInputNow();
            return true;
        }
    }
    queue_.clear();
    if (closing_) closeInputNow();
    return true;
}

void Live::closeInputNow() {
    if (inputWatch_) reactor_.unwatch(std::exchange(inputWatch_, 0));
    input_ = {};
    queue_.clear();
}

void Live::onWritable() {
    bool room = false;
    {
        const std::lock_guard lock(mutex_);
        if (!input_) return;
        const bool all = flush();
        if (!all && inputWatch_) reactor_.rearm(inputWatch_, TALOME_WRITABLE);
        room = wantsRoom_ && input_ && queue_.size() <= queueLimit_ / 2;
        if (room) wantsRoom_ = false;
    }
    if (room && events_.room)
        strand_->post([self = shared_from_this()] {
            const crash::Scope scope(self->usage_, "room()");
            self->events_.room(self->events_.user, self->number_);
        });
}

talome_status Live::closeInput() {
    const std::lock_guard lock(mutex_);
    if (!input_ || closing_) return TALOME_E_GONE;
    closing_ = true;
    if (queue_.empty()) closeInputNow();
    return TALOME_OK;
}

void Live::pause(bool paused) {
    {
        const std::lock_guard lock(mutex_);
        if (paused_ == paused || forgotten_) return;
        paused_ = paused;
        if (paused) return;
        for (Output* each : {&output_, &errors_})
            if (each->watch) reactor_.rearm(each->watch, TALOME_READABLE);
        if (!result_) return;
    }
    strand_->post([self = shared_from_this()] { self->finish(); });
}

void Live::signal(int number) {
    const std::lock_guard lock(mutex_);
    if (!result_) child_->signal(number);
}

void Live::end(std::uint64_t graceMs) {
    {
        const std::lock_guard lock(mutex_);
        if (!result_) child_->end(graceMs);
    }
    pause(false); // or its end could never be told
}

void Live::forget() {
    const std::lock_guard lock(mutex_);
    forgotten_ = true;
    closeInputNow();
    for (auto* each : {&output_.watch, &errors_.watch, &childWatch_})
        if (*each) reactor_.unwatch(std::exchange(*each, 0));
}

} // namespace talome::process
