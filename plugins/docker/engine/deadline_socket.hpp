// A socket whose every wait for bytes is bounded by the deadline of the whole exchange, and ends when the caller has
// left: Poco's own time limit starts again with each read.
#pragma once

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <algorithm>
#include <chrono>
#include <functional>

namespace talome::docker {

struct CallerLeft : Poco::TimeoutException {
    using Poco::TimeoutException::TimeoutException;
    Poco::Exception* clone() const override { return new CallerLeft(*this); }
    void rethrow() const override { throw *this; }
};

struct NothingCame : Poco::TimeoutException {
    using Poco::TimeoutException::TimeoutException;
    Poco::Exception* clone() const override { return new NothingCame(*this); }
    void rethrow() const override { throw *this; }
};

class DeadlineSocket : public Poco::Net::StreamSocketImpl {
public:
    // `idle`: how long a single wait may be; 0 for no limit but the deadline.
    void allow(std::chrono::steady_clock::time_point deadline, const std::function<bool()>* cancelled,
               std::chrono::milliseconds idle) {
        deadline_ = deadline;
        cancelled_ = cancelled;
        idle_ = idle;
    }
    int receiveBytes(void* buffer, int length, int flags) override {
        const auto begun = std::chrono::steady_clock::now();
        for (;;) {
            const auto now = std::chrono::steady_clock::now();
            const auto left =
                std::chrono::duration_cast<std::chrono::microseconds>(deadline_ - now).count();
            if (left <= 0) throw Poco::TimeoutException();
            if (idle_.count() > 0 && now - begun > idle_) throw NothingCame();
            if (cancelled_ && *cancelled_ && (*cancelled_)()) throw CallerLeft();
            if (poll(Poco::Timespan(std::min<std::int64_t>(left, 250'000)), SELECT_READ)) break;
        }
        return StreamSocketImpl::receiveBytes(buffer, length, flags);
    }

private:
    std::chrono::steady_clock::time_point deadline_;
    const std::function<bool()>* cancelled_ = nullptr;
    std::chrono::milliseconds idle_{0};
};

} // namespace talome::docker
