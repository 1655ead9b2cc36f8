// An answer of the plugin's own that goes on after its handler: server-sent events, or a body that comes bit by bit.
#pragma once

#include "slots.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace talome {

/// What became of something for a client.
enum class Sent {
    queued,
    full, ///< too much waits for the client already: this was not sent
    gone  ///< it is closed
};

/// How a stream or a WebSocket ended.
enum class Ended {
    byUs = TALOME_ENDED_BY_US,
    byClient = TALOME_ENDED_BY_CLIENT,
    slow = TALOME_ENDED_SLOW,    ///< it did not take what was sent
    silent = TALOME_ENDED_SILENT ///< it did not answer pings
};

/// Both callbacks come on the plugin's strand and must not block.
struct StreamOptions {
    std::function<void(Ended)> onEnded = {}; ///< once, and the last; maybe before openStream() has returned
    std::function<void()> onRoom = {};       ///< after Sent::full: there is room again
    std::uint64_t maxQueued = 0;             ///< bytes that wait for the client at most; 0: 256 KiB
};

namespace detail {

inline Sent sentOf(const Areas& areas, talome_status status) {
    if (status == TALOME_E_LIMITED) return Sent::full;
    if (status == TALOME_E_GONE) return Sent::gone;
    areas.check(status);
    return Sent::queued;
}

inline std::optional<std::uint64_t> queuedOf(const Areas& areas, std::uint64_t number) {
    const std::int64_t n = areas.get<talome_http>()->queued(areas.self(), number);
    if (n == TALOME_E_GONE) return std::nullopt;
    if (n < 0) areas.check(static_cast<talome_status>(n));
    return static_cast<std::uint64_t>(n);
}

/// Taken by a stream until the host says that it has ended, however long its handle lives.
struct StreamSlot : Slot<StreamSlot> {
    std::uint64_t number = 0; ///< 0: of no stream
    std::shared_ptr<StreamOptions> calls;

    StreamSlot() = default;
    /// Its callbacks may hold the handle of their own stream, which then finds nothing here.
    ~StreamSlot() {
        number = 0;
        const auto last = std::move(calls);
    }

    /// Its callbacks, unless the slot is another's by now; kept by the caller, for they may end their own stream.
    std::shared_ptr<StreamOptions> find(std::uint64_t of) {
        const std::lock_guard lock(mutex);
        return number == of ? calls : nullptr;
    }
    std::shared_ptr<StreamOptions> release(std::uint64_t of) noexcept {
        std::shared_ptr<StreamOptions> last;
        {
            const std::lock_guard lock(mutex);
            if (number != of) return last;
            last = std::move(calls);
            number = 0;
        }
        home->giveBack(this);
        return last;
    }
    /// No callback begins after this.
    void silence(std::uint64_t of) noexcept {
        std::shared_ptr<StreamOptions> last; // let go outside of the lock
        const std::lock_guard lock(mutex);
        if (number == of) last = std::move(calls);
    }
    static void room(void* user, std::uint64_t number) noexcept {
        auto& self = *static_cast<StreamSlot*>(user);
        guardQuietly(*self.areas, [&] {
            if (const auto calls = self.find(number); calls && calls->onRoom) calls->onRoom();
        });
    }
    static void ended(void* user, std::uint64_t number, std::int32_t how) noexcept {
        auto& self = *static_cast<StreamSlot*>(user);
        guardQuietly(*self.areas, [&] {
            if (const auto calls = self.release(number); calls && calls->onEnded)
                calls->onEnded(static_cast<Ended>(how));
        });
    }
};

} // namespace detail

/// The answer goes on for as long as this object lives, or until close(). When the object is gone, no callback begins
/// any more. Its functions may be called from any thread.
class Stream {
public:
    Stream() = default;
    /// For Exchange::openStream().
    Stream(const detail::Areas& areas, detail::Slots<detail::StreamSlot>& slots, talome_exchange* exchange,
           std::string_view contentType, StreamOptions options)
        : areas_(&areas) {
        auto calls = std::make_shared<StreamOptions>(std::move(options));
        auto* const slot = slots.take(areas);
        talome_stream c{};
        c.struct_size = sizeof c;
        c.content_type = str(contentType);
        c.max_queued = calls->maxQueued;
        c.room = calls->onRoom ? &detail::StreamSlot::room : nullptr;
        c.ended = &detail::StreamSlot::ended;
        c.user = slot;
        talome_status status = TALOME_OK;
        {
            const std::lock_guard lock(slot->mutex); // a callback that comes at once waits for the number
            status = table().stream(areas.self(), exchange, &c, &number_);
            if (status >= 0) {
                slot->number = number_;
                slot->calls = std::move(calls);
            }
        }
        if (status < 0) slots.giveBack(slot);
        areas.check(status);
        slot_ = slot;
    }
    Stream(Stream&& other) noexcept { swap(other); }
    Stream& operator=(Stream&& other) noexcept {
        Stream(std::move(other)).swap(*this);
        return *this;
    }
    ~Stream() {
        if (!slot_) return;
        slot_->silence(number_);
        close();
    }

    explicit operator bool() const { return slot_ != nullptr; }
    Sent write(std::string_view data) {
        return detail::sentOf(*areas_, table().stream_write(areas_->self(), number_, bytes(data)));
    }
    /// A server-sent event, of a stream of text/event-stream. `name` and `id` may be empty.
    Sent event(std::string_view data, std::string_view name = {}, std::string_view id = {}) {
        return detail::sentOf(*areas_, table().stream_event(areas_->self(), number_, str(name), str(id), str(data)));
    }
    /// What waits is still sent; onEnded follows.
    void close() noexcept { table().stream_close(areas_->self(), number_); }
    /// Bytes that wait for the client; nothing if it is closed.
    std::optional<std::uint64_t> queued() const { return detail::queuedOf(*areas_, number_); }

private:
    const talome_http& table() const { return *areas_->get<talome_http>(); }
    void swap(Stream& other) noexcept {
        std::swap(areas_, other.areas_);
        std::swap(slot_, other.slot_);
        std::swap(number_, other.number_);
    }
    const detail::Areas* areas_ = nullptr;
    detail::StreamSlot* slot_ = nullptr;
    std::uint64_t number_ = 0;
};

} // namespace talome
