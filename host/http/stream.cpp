// What is asked of an open stream by any thread, handed to the reactor's.
#include "host/http/streams.hpp"

namespace talome::http {

template <class F> void Streams::perform(F&& wish) {
    if (onThread())
        wish();
    else
        post(std::forward<F>(wish));
}

bool StreamHandle::hasRoom(std::size_t bytes) {
    const auto fits = [&](std::size_t queued) { return queued == 0 || queued + bytes <= most_; };
    if (fits(queued_)) return true;
    wasFull_ = true;
    return fits(queued_); // it may have been emptied in between, and then nobody would tell
}

StreamHandle::Sent StreamHandle::send(Piece piece) {
    if (gone_) return Sent::gone;
    if (!hasRoom(piece->size())) return Sent::full;
    sendAnyway(std::move(piece));
    return Sent::queued;
}

void StreamHandle::sendAnyway(Piece piece) {
    if (gone_) return;
    queued_ += piece->size();
    streams_.perform([&streams = streams_, number = number_, piece = std::move(piece)]() mutable {
        streams.enqueue(number, std::move(piece));
    });
}

void StreamHandle::tellRoom() {
    wasFull_ = true;
    streams_.post([&streams = streams_, number = number_] {
        if (auto* entry = streams.find(number)) streams.tellRoom(*entry);
    });
}

void StreamHandle::close(Piece last) {
    if (gone_) return;
    streams_.perform([&streams = streams_, number = number_, last = std::move(last)]() mutable {
        streams.beginClose(number, std::move(last), true);
    });
}

void StreamHandle::dismiss(std::string reason) {
    if (gone_) return;
    streams_.perform([&streams = streams_, number = number_, reason = std::move(reason)] {
        if (auto* entry = streams.find(number)) streams.dismiss(*entry, reason);
    });
}

void StreamHandle::drop() {
    if (gone_) return;
    streams_.perform([&streams = streams_, number = number_] {
        if (auto* entry = streams.find(number)) streams.end(*entry, Stream::End::slow);
    });
}

// Whoever acts upon it looks at what is wanted then, so that an older wish does not undo a newer one.
void StreamHandle::pause() {
    paused_ = true;
    streams_.perform([&streams = streams_, number = number_] { streams.applyPause(number); });
}

void StreamHandle::resume() {
    paused_ = false;
    streams_.post([&streams = streams_, number = number_] { streams.applyPause(number); });
}

} // namespace talome::http
