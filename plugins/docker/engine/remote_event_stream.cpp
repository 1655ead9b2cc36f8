#include "engine/remote_event_stream.hpp"

namespace talome::docker {

void RemoteEventStream::watch(const Host& host, OnLine onLine, OnEnd onEnd) {
    onLine_ = std::move(onLine);
    onEnd_ = std::move(onEnd);
    ended_ = false;
    try {
        stream_ = FetchStream(
            host, request_,
            {.onHead = [this](const FetchHead& head) { status_ = head.status; },
             .onData =
                 [this](std::string_view bytes) {
                     const std::scoped_lock lock(mutex_); // abandon() waits for it
                     if (status_ == 200 && !ended_) lines_.feed(bytes, onLine_);
                 },
             .onEnded =
                 [this](talome_status status, std::string_view why) {
                     if (status < 0) return end("the Docker engine's event stream broke: " + std::string(why));
                     end(status_ == 200 ? "the Docker engine closed its event stream"
                                        : "the Docker engine answered " + std::to_string(status_) +
                                              " to the request for its events");
                 }});
    } catch (...) {
        ended_ = true;
        throw;
    }
}

void RemoteEventStream::abandon() noexcept {
    stream_.close();
    end("it was broken off");
}

// The last thing that touches a member: whoever is told may destroy this object.
void RemoteEventStream::end(const std::string& why) {
    OnEnd tell;
    {
        const std::scoped_lock lock(mutex_);
        tell.swap(onEnd_);
        if (tell) ended_ = true;
    }
    if (tell) tell(why);
}

} // namespace talome::docker
