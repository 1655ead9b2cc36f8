// Between the thread that fetches and the one that takes.
#include "host/fetch/pipe.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace talome::fetch {

void Pipe::tell() {
    some_.notify_one();
    if (changed_) changed_();
}

void Pipe::head(Head head) {
    {
        const std::lock_guard lock(mutex_);
        head_ = std::move(head);
    }
    tell();
}

bool Pipe::data(std::string_view bytes) {
    {
        const std::lock_guard lock(mutex_);
        full_ = !data_.empty() && data_.size() + bytes.size() > kMost;
        if (full_) return false; // it has been told of what is there
        data_.append(bytes);
    }
    tell();
    return true;
}

void Pipe::end(End end) {
    {
        const std::lock_guard lock(mutex_);
        end_ = std::move(end);
    }
    tell();
}

std::optional<std::size_t> Pipe::body(char* to, std::size_t n) {
    {
        const std::lock_guard lock(mutex_);
        if (!body_.empty() || bodyEnded_) {
            n = std::min(n, body_.size());
            std::memcpy(to, body_.data(), n);
            body_.erase(0, n);
            return n;
        }
        wantsBody_ = true;
    }
    tell();
    return std::nullopt;
}

Pipe::Piece Pipe::takeLocked() {
    Piece piece;
    piece.head = std::exchange(head_, std::nullopt);
    piece.data = std::exchange(data_, {});
    piece.end = std::exchange(end_, std::nullopt);
    piece.wantsBody = std::exchange(wantsBody_, false);
    piece.wasFull = std::exchange(full_, false);
    return piece;
}

Pipe::Piece Pipe::take() {
    const std::lock_guard lock(mutex_);
    return takeLocked();
}

Pipe::Piece Pipe::wait(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    some_.wait_for(lock, most, [&] { return hasSome(); });
    return takeLocked();
}

void Pipe::feed(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    body_.append(bytes);
    bodyEnded_ = bytes.empty();
}

} // namespace talome::fetch
