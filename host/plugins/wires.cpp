#include "host/plugins/wires.hpp"

#include "host/http/event_channel.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <functional>
#include <vector>

namespace talome::plugins {

http::Feed::Sent PlainStream::write(std::string_view bytes) {
    if (bytes.empty()) return feed_.over() ? http::Feed::Sent::gone : http::Feed::Sent::queued;
    if (!chunked_) return feed_.send(std::make_shared<const std::string>(bytes));
    std::array<char, 18> size{};
    auto* end = std::to_chars(size.data(), size.data() + 16, bytes.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    std::string chunk(size.data(), end);
    chunk.append(bytes).append("\r\n");
    return feed_.send(std::make_shared<const std::string>(std::move(chunk)));
}

void PlainStream::close() {
    static const auto lastChunk = std::make_shared<const std::string>("0\r\n\r\n");
    feed_.close(chunked_ ? lastChunk : nullptr);
}

void PlainStream::onOpen(const std::shared_ptr<http::StreamHandle>& handle) {
    if (opened) opened(handle);
    feed_.open(handle);
}

http::Piece PlainStream::ping() { return events_ ? http::eventHeartbeat() : nullptr; }

// A body that is cut must not look whole: its last chunk is left out.
http::Piece PlainStream::farewell(std::string_view reason) { return events_ ? http::formatBye(reason) : nullptr; }

void PlainStream::onRoom() {
    if (room) room();
}

void PlainStream::onEnd(End how) noexcept {
    feed_.end();
    if (ended) ended(how);
}

std::uint64_t Wires::add(Wire wire) {
    static std::atomic<std::uint64_t> next{1}; // of all plugins, so that a number of an old generation means nothing
    const auto number = next++;
    const std::lock_guard lock(mutex_);
    wires_.emplace(number, std::move(wire));
    return number;
}

Wire Wires::find(std::uint64_t number) const {
    const std::lock_guard lock(mutex_);
    const auto it = wires_.find(number);
    return it == wires_.end() ? Wire{} : it->second;
}

void Wires::closeStrands() {
    std::vector<std::shared_ptr<tasks::Strand>> strands;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [number, wire] : wires_)
            if (wire.strand) strands.push_back(wire.strand);
    }
    for (const auto& strand : strands) {
        strand->flush(); // that a client has gone is still told
        strand->close();
    }
}

void Wires::remove(std::uint64_t number) {
    Wire last; // let go outside of the lock
    const std::lock_guard lock(mutex_);
    const auto it = wires_.find(number);
    if (it == wires_.end()) return;
    last = std::move(it->second);
    wires_.erase(it);
}

} // namespace talome::plugins
