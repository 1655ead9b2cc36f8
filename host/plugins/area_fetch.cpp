// talome.fetch: what plugins ask other systems for. The waiting kinds run on the caller's thread; streams are handed on
// by the plugin's strand.
#include "host/plugins/areas.hpp"

#include "host/crash/scope.hpp"
#include "host/fetch/upgrade.hpp"
#include "host/plugins/edge.hpp"
#include "sdk/manifest/fit.hpp"

namespace talome::plugins {

namespace {

/// The head as the C side sees it; valid as long as what it was made from.
class AnswerView {
public:
    explicit AnswerView(const fetch::Head& head) {
        for (const auto& [name, value] : head.fields) pairs_.push_back({str(name), str(value)});
        answer_ = {sizeof answer_, head.status, pairs_.data(), static_cast<std::uint32_t>(pairs_.size()), 0,
                   str(head.url)};
    }
    const talome_fetch_answer* get() const { return &answer_; }

private:
    std::vector<talome_pair> pairs_;
    talome_fetch_answer answer_{};
};

/// A stream that a plugin has open. Its callbacks come on the strand, which is where `over` is decided upon.
struct OpenFetch {
    talome_fetch_stream calls{};
    std::uint64_t number = 0;
    std::shared_ptr<fetch::Pipe> pipe;
    std::shared_ptr<fetch::Transfer> transfer;
    std::atomic<bool> paused{false}, over{false}, posted{false};
};

/// Those of one plugin. Any thread.
class OpenFetches : public AreaState {
public:
    explicit OpenFetches(talome_self& self) : self_(self) {}

    std::uint64_t open(fetch::Order order, const talome_fetch_stream& calls) {
        const auto one = std::make_shared<OpenFetch>();
        one->calls = calls;
        // The plugin may be gone by the time it is told: only its strand is touched, and a closed one runs nothing
        // more.
        one->pipe = std::make_shared<fetch::Pipe>(
            [this, strand = self_.strand, weak = std::weak_ptr(one)] { deliverSoon(this, *strand, weak.lock()); });
        const std::lock_guard lock(mutex_);
        if (ended_) throw gate::Failure(TALOME_E_UNAVAILABLE, "the plugin has been told to end");
        if (open_.size() >= kMost) throw gate::Failure(TALOME_E_LIMITED, "too many streams are open");
        one->number = ++last_;
        open_.emplace(one->number, one);
        try {
            one->transfer = self_.services.fetch->start(std::move(order), one->pipe);
        } catch (...) {
            open_.erase(one->number);
            throw;
        }
        return one->number;
    }

    void pause(std::uint64_t number, bool on) {
        const auto one = find(number);
        if (!one) throw gate::Failure(TALOME_E_GONE, "this stream has ended");
        one->paused = on;
        if (!on) deliverSoon(this, *self_.strand, one);
    }

    void close(std::uint64_t number) {
        const auto one = take(number);
        if (!one) return;
        one->over = true;
        self_.services.fetch->end(one->transfer, {TALOME_E_CANCELLED, {}});
    }

    void activate() override {
        const std::lock_guard lock(mutex_);
        ended_ = false; // it had been told to end, and goes on after all
    }
    void quiesce() override {
        std::map<std::uint64_t, std::shared_ptr<OpenFetch>> all;
        {
            const std::lock_guard lock(mutex_);
            ended_ = true;
            all.swap(open_);
        }
        for (const auto& [number, one] : all) {
            one->over = true;
            self_.services.fetch->end(one->transfer, {TALOME_E_CANCELLED, {}});
        }
    }

private:
    static constexpr std::size_t kMost = 256;

    std::shared_ptr<OpenFetch> find(std::uint64_t number) {
        const std::lock_guard lock(mutex_); // open() holds it until all of it is set
        const auto it = open_.find(number);
        return it == open_.end() ? nullptr : it->second;
    }
    std::shared_ptr<OpenFetch> take(std::uint64_t number) {
        const std::lock_guard lock(mutex_);
        const auto it = open_.find(number);
        if (it == open_.end()) return nullptr;
        auto one = std::move(it->second);
        open_.erase(it);
        return one;
    }

    /// One job of the strand takes all that has come by then.
    static void deliverSoon(OpenFetches* self, tasks::Strand& strand, const std::shared_ptr<OpenFetch>& one) {
        if (!one || one->over || one->posted.exchange(true)) return;
        strand.post([self, one] {
            one->posted = false;
            if (one->over || !self->find(one->number) || one->paused) return; // find() waits for open()
            self->deliver(*one);
        });
    }

    void deliver(OpenFetch& one) {
        const crash::Scope scope(self_.usage, "a fetch's callback");
        const auto piece = one.pipe->take();
        const auto& calls = one.calls;
        if (piece.head && calls.head) calls.head(calls.user, one.number, AnswerView(*piece.head).get());
        if (!piece.data.empty() && calls.body && !one.over) calls.body(calls.user, one.number, bytes(piece.data));
        if (piece.wasFull) self_.services.fetch->resume(one.transfer);
        if (!piece.end || one.over.exchange(true)) return;
        take(one.number);
        if (calls.ended) calls.ended(calls.user, one.number, piece.end->status, str(piece.end->words));
    }

    talome_self& self_;
    std::mutex mutex_;
    std::map<std::uint64_t, std::shared_ptr<OpenFetch>> open_;
    std::uint64_t last_ = 0;
    bool ended_ = false;
};

/// Within what is left of the call.
void limitTo(const talome_call* call, const talome_self& self, fetch::Order& order) {
    if (!call || !call->deadlineMs) return;
    const std::chrono::milliseconds left(call->deadlineMs - self.services.now());
    if (left.count() <= 0) throw gate::Failure(TALOME_E_TIMEOUT, "the time of the call is over");
    order.total = std::min(order.total, left);
}

fetch::Taker takerOf(const talome_call* call, const talome_fetch_sink& sink, const talome_fetch_request* request) {
    fetch::Taker taker;
    taker.head = [sink](const fetch::Head& head) {
        return sink.head ? sink.head(sink.user, AnswerView(head).get()) : 0;
    };
    taker.body = [sink](std::string_view piece) { return sink.body ? sink.body(sink.user, bytes(piece)) : 0; };
    const auto known = manifest::fit(request, "request");
    taker.pull = [pull = known.pull, user = known.pull_user](char* to, std::size_t n) { return pull(user, to, n); };
    if (call) taker.cancelled = [call] { return gate::isCancelled(*call); };
    return taker;
}

void requireLive(const talome_self& self) {
    if (self.creating) throw gate::Failure(TALOME_E_CONFLICT, "create() does no I/O");
    if (!self.services.fetch) throw gate::Failure(TALOME_E_UNSUPPORTED, "this host fetches nothing");
}

talome_status answerOf(const fetch::End& end) {
    if (end.status >= 0) return end.status;
    gate::Failure failure(end.status, end.words);
    failure.retryAfter = end.retryAfter;
    throw failure;
}

talome_status fetchNow(talome_self* self, talome_call* call, const talome_fetch_request* request,
                       const talome_fetch_sink* sink) noexcept {
    return edge([&]() -> talome_status {
        requireLive(*self);
        auto order = fetch::readOrder(self->id, request, fetch::Manner::whole);
        const auto taker = takerOf(call, manifest::fit(sink, "sink"), request);
        limitTo(call, *self, order);
        return answerOf(fetch::fetchAndWait(*self->services.fetch, std::move(order), taker));
    });
}

talome_status open(talome_self* self, const talome_fetch_request* request, const talome_fetch_stream* stream,
                   uint64_t* number) noexcept {
    return edge([&]() -> talome_status {
        requireLive(*self);
        if (!number) throw Invalid("open", "has nowhere to put the number");
        auto order = fetch::readOrder(self->id, request, fetch::Manner::stream);
        *number = self->states.of<OpenFetches>(*self).open(std::move(order), manifest::fit(stream, "stream"));
        return TALOME_OK;
    });
}

talome_status pause(talome_self* self, uint64_t number, int32_t on) noexcept {
    return edge([&]() -> talome_status {
        self->states.of<OpenFetches>(*self).pause(number, on != 0);
        return TALOME_OK;
    });
}

void close(talome_self* self, uint64_t number) noexcept {
    const auto status = edge([&]() -> talome_status {
        self->states.of<OpenFetches>(*self).close(number);
        return TALOME_OK;
    });
    static_cast<void>(status); // nothing in it can fail but memory
}

talome_status upgrade(talome_self* self, talome_call* call, const talome_fetch_request* request,
                      const talome_fetch_sink* sink, int32_t* fd) noexcept {
    return edge([&]() -> talome_status {
        requireLive(*self);
        if (!fd) throw Invalid("upgrade", "has nowhere to put the descriptor");
        *fd = -1;
        auto order = fetch::readOrder(self->id, request, fetch::Manner::upgrade);
        const auto taker = takerOf(call, manifest::fit(sink, "sink"), request);
        limitTo(call, *self, order);
        auto upgraded = fetch::upgradeAndWait(*self->services.fetch, order, taker);
        *fd = upgraded.descriptor.release();
        return answerOf(upgraded.end);
    });
}

} // namespace

const talome_fetch& fetchArea() {
    static const talome_fetch table{sizeof table, 0, fetchNow, open, pause, close, upgrade};
    return table;
}

} // namespace talome::plugins
