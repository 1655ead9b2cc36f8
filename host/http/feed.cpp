#include "host/http/feed.hpp"

namespace talome::http {

Feed::Sent Feed::send(Piece piece) {
    if (over()) return Sent::gone;
    if (!hasRoom(piece->size())) return Sent::full;
    sendAnyway(std::move(piece));
    return Sent::queued;
}

bool Feed::hasRoom(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (handle_) return handle_->hasRoom(bytes);
    if (earlyBytes_ == 0 || earlyBytes_ + bytes <= most_) return true;
    wasFull_ = true;
    return false;
}

// The lock is held while it is handed on, so that what comes from several threads keeps one order.
void Feed::sendAnyway(Piece piece) {
    const std::lock_guard lock(mutex_);
    if (over_ || closed_) return;
    if (handle_) return handle_->sendAnyway(std::move(piece));
    earlyBytes_ += piece->size();
    early_.push_back(std::move(piece));
}

void Feed::close(Piece last) {
    const std::lock_guard lock(mutex_);
    if (closed_ || over_) return;
    closed_ = true;
    if (handle_)
        handle_->close(std::move(last));
    else
        last_ = std::move(last);
}

void Feed::pause(bool paused) {
    const std::lock_guard lock(mutex_);
    if (paused_ == paused) return;
    paused_ = paused;
    if (!handle_) return;
    if (paused)
        handle_->pause();
    else
        handle_->resume();
}

bool Feed::paused() const {
    const std::lock_guard lock(mutex_);
    return paused_;
}

std::size_t Feed::queued() const {
    const std::lock_guard lock(mutex_);
    return handle_ ? handle_->queued() : earlyBytes_;
}

bool Feed::over() const {
    const std::lock_guard lock(mutex_);
    return over_ || closed_ || (handle_ && handle_->gone());
}

void Feed::open(const std::shared_ptr<StreamHandle>& handle) {
    const std::lock_guard lock(mutex_);
    handle_ = handle;
    for (auto& piece : early_) handle->sendAnyway(std::move(piece));
    early_ = {};
    if (paused_) handle->pause();
    if (wasFull_) handle->tellRoom();
    if (closed_) handle->close(std::move(last_));
}

void Feed::end() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    handle_.reset();
    early_ = {};
}

} // namespace talome::http
