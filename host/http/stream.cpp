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
    if (queued_ + bytes <= most_) return true;
    wasFull_ = true;
    return queued_ + bytes <= most_; // it may have been emptied in between, and then nobody would tell
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

void StreamHandle::close(Piece last) {
    if (gone_) return;
    streams_.perform([&streams = streams_, number = number_, last = std::move(last)]() mutable {
        streams.beginClose(number, std::move(last));
    });
}

void StreamHandle::dismiss(std::string reason) {
    if (gone_) return;
    streams_.perform([&streams = streams_, number = number_, reason = std::move(reason)] {
        if (auto* entry = streams.find(number)) streams.beginClose(number, entry->stream->farewell(reason));
    });
}

void StreamHandle::drop() {
    if (gone_) return;
    streams_.perform([&streams = streams_, number = number_] {
        if (auto* entry = streams.find(number)) streams.end(*entry, Stream::End::slow);
    });
}

void StreamHandle::pause() {
    streams_.perform([&streams = streams_, number = number_] { streams.setPaused(number, true); });
}

void StreamHandle::resume() {
    streams_.perform([&streams = streams_, number = number_] { streams.setPaused(number, false); });
}

} // namespace talome::http
