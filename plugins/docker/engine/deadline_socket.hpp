// A socket whose every wait for bytes is bounded by the deadline of the whole exchange, and ends when the caller has
// left: Poco's own time limit starts again with each read.
#pragma once

#include <Poco/Exception.h>
#include <Poco/Net/SecureStreamSocketImpl.h>
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

// What the exchange that uses a connection allows; the connection's socket asks before each wait.
class Patience {
public:
    // `idle`: how long a single wait may be; 0 for no limit but the deadline.
    void allow(std::chrono::steady_clock::time_point deadline, const std::function<bool()>* cancelled,
               std::chrono::milliseconds idle) {
        deadline_ = deadline;
        cancelled_ = cancelled;
        idle_ = idle;
    }

protected:
    // Calls `poll(microseconds)` until there is something to read.
    template <class Poll> void await(const Poll& poll) const {
        const auto begun = std::chrono::steady_clock::now();
        for (;;) {
            const auto now = std::chrono::steady_clock::now();
            const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline_ - now).count();
            if (left <= 0) throw Poco::TimeoutException();
            if (idle_.count() > 0 && now - begun > idle_) throw NothingCame();
            if (cancelled_ && *cancelled_ && (*cancelled_)()) throw CallerLeft();
            if (poll(std::min<std::int64_t>(left, 250'000))) return;
        }
    }

private:
    std::chrono::steady_clock::time_point deadline_;
    const std::function<bool()>* cancelled_ = nullptr;
    std::chrono::milliseconds idle_{0};
};

class DeadlineSocket : public Poco::Net::StreamSocketImpl, public Patience {
public:
    int receiveBytes(void* buffer, int length, int flags) override {
        await([this](std::int64_t us) { return poll(Poco::Timespan(us), SELECT_READ); });
        return StreamSocketImpl::receiveBytes(buffer, length, flags);
    }
};

class SecureDeadlineSocket : public Poco::Net::SecureStreamSocketImpl, public Patience {
public:
    using SecureStreamSocketImpl::SecureStreamSocketImpl;
    int receiveBytes(void* buffer, int length, int flags) override {
        await([this](std::int64_t us) { return available() > 0 || poll(Poco::Timespan(us), SELECT_READ); });
        return SecureStreamSocketImpl::receiveBytes(buffer, length, flags);
    }
};

} // namespace talome::docker
