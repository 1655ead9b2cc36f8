// The engine's event stream over TCP or TLS, as a stream of the host's.
#pragma once

#include "engine/event_stream.hpp"

#include <talome/fetch.hpp>

namespace talome::docker {

class RemoteEventStream : public EventStream {
public:
    // The request holds a "since": what happens before the engine has answered is told all the same.
    explicit RemoteEventStream(FetchRequest request) : request_(std::move(request)) {}
    ~RemoteEventStream() override { stream_.close(); }

    void watch(const Host& host, OnLine onLine, OnEnd onEnd) override;
    void abandon() noexcept override;

private:
    void end(const std::string& why);

    const FetchRequest request_;
    LineSplitter lines_{1024 * 1024};
    int status_ = 0;
    std::mutex mutex_; // of onEnd_
    OnLine onLine_;
    OnEnd onEnd_;
    FetchStream stream_;
};

} // namespace talome::docker
