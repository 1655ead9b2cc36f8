// HTTP requests to other systems; included by the plugins that make some. Their constructors say
// registry.needs(TALOME_FETCH). What fails is thrown: Unavailable, Timeout, BadUpstream, Denied, Invalid, Cancelled.
//
//     const auto answer = talome::fetch(host_, &call, {.url = "https://example.com/feed.json"});
//     const auto image = talome::fetch(host_, &call, {.url = settings.url, .headers = {{"X-Key", key}}, .lan = true});
#pragma once

#include "fetch_request.hpp"
#include "host.hpp"
#include "slots.hpp"

#include <exception>

namespace talome {

/// A whole answer; any status is one.
struct FetchAnswer : FetchHead {
    std::string body;
};

/// Both are called on the waiting thread; onData ends the request by giving false.
struct FetchInto {
    std::function<void(const FetchHead&)> onHead = {};
    std::function<bool(std::string_view)> onData = {};
};

namespace detail {

/// What the sink of a waiting request reaches; an exception of a callback waits until the host has returned.
struct FetchTaken {
    const FetchInto& into;
    FetchHead head;
    std::exception_ptr thrown;

    template <class F> std::int32_t guarded(F&& body) noexcept {
        try {
            return body();
        } catch (...) {
            thrown = std::current_exception();
            return TALOME_E_CANCELLED;
        }
    }
    static std::int32_t onHead(void* user, const talome_fetch_answer* answer) noexcept {
        auto& self = *static_cast<FetchTaken*>(user);
        return self.guarded([&] {
            self.head = FetchHead(*answer);
            if (self.into.onHead) self.into.onHead(self.head);
            return 0;
        });
    }
    static std::int32_t onBody(void* user, talome_bytes piece) noexcept {
        auto& self = *static_cast<FetchTaken*>(user);
        return self.guarded([&] { return !self.into.onData || self.into.onData(view(piece)) ? 0 : 1; });
    }
    talome_fetch_sink sink() { return {sizeof(talome_fetch_sink), 0, &onHead, &onBody, this}; }
    void check(const Areas& areas, talome_status status) const {
        if (thrown) std::rethrow_exception(thrown);
        areas.check(status);
    }
};

} // namespace detail

/// [worker] The answer as it comes; gives its head. `call` null: the plugin's own work.
inline FetchHead fetchInto(const Host& host, const Call* call, const FetchRequest& request, const FetchInto& into) {
    const detail::CRequest raw(request);
    detail::FetchTaken taken{into, {}, nullptr};
    const auto sink = taken.sink();
    const auto& areas = host.areas();
    taken.check(areas, areas.get<talome_fetch>()->fetch(areas.self(), call ? call->raw() : nullptr, raw.get(), &sink));
    return std::move(taken.head);
}

/// [worker] The whole answer, of FetchRequest::maxBody bytes at most.
inline FetchAnswer fetch(const Host& host, const Call* call, const FetchRequest& request) {
    FetchAnswer answer;
    static_cast<FetchHead&>(answer) = fetchInto(host, call, request, {.onData = [&](std::string_view piece) {
                                                    answer.body.append(piece);
                                                    return true;
                                                }});
    return answer;
}

/// A connection that has become a raw stream, or the answer that came instead.
struct Upgraded {
    int fd = -1; ///< the caller's to close; -1: see `answer`
    FetchAnswer answer;
};

/// [worker] FetchRequest::protocol says to what.
inline Upgraded upgrade(const Host& host, const Call* call, const FetchRequest& request) {
    Upgraded result;
    const detail::CRequest raw(request);
    const FetchInto into{.onData = [&](std::string_view piece) {
        result.answer.body.append(piece);
        return true;
    }};
    detail::FetchTaken taken{into, {}, nullptr};
    const auto sink = taken.sink();
    const auto& areas = host.areas();
    std::int32_t fd = -1;
    const auto status =
        areas.get<talome_fetch>()->upgrade(areas.self(), call ? call->raw() : nullptr, raw.get(), &sink, &fd);
    result.fd = fd;
    taken.check(areas, status);
    static_cast<FetchHead&>(result.answer) = std::move(taken.head);
    return result;
}

/// All of them come on the plugin's strand and must not block.
struct FetchCalls {
    std::function<void(const FetchHead&)> onHead = {};
    std::function<void(std::string_view)> onData = {};
    std::function<void(talome_status, std::string_view words)> onEnded = {}; ///< once, the last; 0: the regular end
};

namespace detail {

struct FetchSlot : Slot<FetchSlot> {
    std::uint64_t number = 0; ///< 0: of no request
    std::shared_ptr<FetchCalls> calls;

    std::shared_ptr<FetchCalls> find(std::uint64_t of) {
        const std::lock_guard lock(mutex);
        return number == of ? calls : nullptr;
    }
    std::shared_ptr<FetchCalls> release(std::uint64_t of) noexcept {
        std::shared_ptr<FetchCalls> last;
        {
            const std::lock_guard lock(mutex);
            if (number != of) return last;
            last = std::move(calls);
            number = 0;
        }
        home->giveBack(this);
        return last;
    }
    template <class F> static void with(void* user, std::uint64_t of, F&& call) noexcept {
        auto& self = *static_cast<FetchSlot*>(user);
        guardQuietly(*self.areas, [&] {
            if (const auto calls = self.find(of)) call(*calls);
        });
    }
    static void head(void* user, std::uint64_t of, const talome_fetch_answer* answer) noexcept {
        with(user, of, [&](const FetchCalls& calls) {
            if (calls.onHead) calls.onHead(FetchHead(*answer));
        });
    }
    static void body(void* user, std::uint64_t of, talome_bytes piece) noexcept {
        with(user, of, [&](const FetchCalls& calls) {
            if (calls.onData) calls.onData(view(piece));
        });
    }
    static void ended(void* user, std::uint64_t of, talome_status status, talome_str words) noexcept {
        auto& self = *static_cast<FetchSlot*>(user);
        guardQuietly(*self.areas, [&] {
            if (const auto calls = self.release(of); calls && calls->onEnded) calls->onEnded(status, view(words));
        });
    }
};

/// Here as long as the plugin's code is.
inline Slots<FetchSlot>& fetchSlots() {
    static Slots<FetchSlot> slots;
    return slots;
}

} // namespace detail

/// A request that goes on without a thread: for as long as this object lives, until its end, or until the plugin is
/// quiesced. When the object is gone, no callback begins any more. Its functions may be called from any thread.
class FetchStream {
public:
    FetchStream() = default;
    FetchStream(const Host& host, const FetchRequest& request, FetchCalls calls) : areas_(&host.areas()) {
        const detail::CRequest raw(request);
        auto* const slot = detail::fetchSlots().take(*areas_);
        const talome_fetch_stream c{
            sizeof c, 0, &detail::FetchSlot::head, &detail::FetchSlot::body, &detail::FetchSlot::ended, slot};
        talome_status status = TALOME_OK;
        {
            const std::lock_guard lock(slot->mutex); // a callback that comes at once waits for the number
            status = table().open(areas_->self(), raw.get(), &c, &number_);
            if (status >= 0) {
                slot->number = number_;
                slot->calls = std::make_shared<FetchCalls>(std::move(calls));
            }
        }
        if (status < 0) detail::fetchSlots().giveBack(slot);
        areas_->check(status);
        slot_ = slot;
    }
    FetchStream(FetchStream&& other) noexcept { swap(other); }
    FetchStream& operator=(FetchStream&& other) noexcept {
        FetchStream(std::move(other)).swap(*this);
        return *this;
    }
    ~FetchStream() { close(); }

    explicit operator bool() const { return slot_ != nullptr; }
    /// Nothing is lost: the other side waits.
    void pause(bool on) { areas_->check(table().pause(areas_->self(), number_, on ? 1 : 0)); }
    void close() noexcept {
        if (!slot_) return;
        const auto last = std::exchange(slot_, nullptr)->release(number_);
        table().close(areas_->self(), number_);
    }

private:
    const talome_fetch& table() const { return *areas_->get<talome_fetch>(); }
    void swap(FetchStream& other) noexcept {
        std::swap(areas_, other.areas_);
        std::swap(slot_, other.slot_);
        std::swap(number_, other.number_);
    }
    const detail::Areas* areas_ = nullptr;
    detail::FetchSlot* slot_ = nullptr;
    std::uint64_t number_ = 0;
};

} // namespace talome
