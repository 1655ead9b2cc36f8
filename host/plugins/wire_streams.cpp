// Raw routes, the streams that they answer with, and streams of events.
#include "host/plugins/wire_routes.hpp"

#include "host/plugins/edge.hpp"
#include "sdk/manifest/recorder.hpp"

namespace talome::plugins {

namespace {
constexpr std::uint32_t kReplay = 64;
constexpr std::uint64_t kQueued = 256 * 1024;
constexpr std::uint64_t kMostQueued = 64u << 20;
} // namespace

void requireRoomForStream(const talome_self& self) {
    const auto& held = *self.holdings;
    const bool server = !self.services.http.hasRoomForStream();
    const bool streams = held.streams >= held.mostStreams;
    if (!server && !streams && held.queued < held.mostQueued) return;
    if (!server) self.usage.refused.fetch_add(1, std::memory_order_relaxed);
    gate::Failure failure(TALOME_E_UNAVAILABLE,
                          server ? "too many streams are open"
                          : streams
                              ? self.id + " has " + std::to_string(held.mostStreams) +
                                    " streams open, which is all that one plugin may have"
                              : self.id + " has " + std::to_string(held.mostQueued) +
                                    " bytes waiting for the clients of its streams, which is all that may wait for "
                                    "one plugin");
    failure.retryAfter = 5;
    throw failure;
}

std::int32_t howEnded(http::Stream::End how) noexcept {
    switch (how) {
    case http::Stream::End::closed:
        return TALOME_ENDED_BY_US;
    case http::Stream::End::left:
        return TALOME_ENDED_BY_CLIENT;
    case http::Stream::End::slow:
        return TALOME_ENDED_SLOW;
    case http::Stream::End::silent:
        break;
    }
    return TALOME_ENDED_SILENT;
}

DeclaredOperation makeRawRoute(talome_self*, const talome_raw_route* raw) {
    DeclaredOperation made{manifest::record(raw), nullptr, nullptr, {}, false};
    const auto whole = manifest::whole(raw);
    made.wire = [whole, id = made.declared.id, permission = made.declared.permission, maxBody = made.declared.maxBody](
                    talome_call& call, const std::string& input, http::Exchange& exchange) {
        exchange.limitBody(maxBody);
        talome_exchange wire{exchange, call, permission};
        const auto status = whole.handle(whole.user, &call, bytes(input), &wire);
        gate::succeedOrThrow(status, id);
        return true;
    };
    return made;
}

std::uint64_t openPlainStream(talome_self* self, talome_exchange& exchange, const talome_stream& options) {
    requireRoomForStream(*self);
    const std::string type(options.content_type.n ? view(options.content_type) : "application/octet-stream");
    const bool events = type.starts_with("text/event-stream");
    const auto most = options.max_queued ? std::min(options.max_queued, kMostQueued) : kQueued;
    auto stream = std::make_shared<PlainStream>(events, static_cast<std::size_t>(most));
    const auto number = self->wires.add({stream, nullptr, nullptr, {}});

    auto& call = exchange.call;
    auto noted = std::make_shared<std::uint64_t>(0); // its number in the list of all open streams
    auto hold = std::make_shared<gate::Drain::Hold>(gate::Drain::again(self->drain)); // until ended() has returned
    stream->opened = [noted, self, principal = call.principal,
                      permission = exchange.permission](const std::shared_ptr<http::StreamHandle>& handle) {
        *noted = self->services.streams.add(self, permission, principal,
                                            [handle](const std::string& reason, bool) { handle->dismiss(reason); });
        if (self->ended) handle->dismiss(self->id + " is being ended"); // its others have been dismissed already
    };
    if (options.room)
        stream->room = [&usage = self->usage, strand = self->strand, room = options.room, user = options.user, number] {
            strand->post([room, user, number, &usage] {
                const crash::Scope scope(usage, "room() of a stream");
                room(user, number);
            });
        };
    stream->ended = [&streams = self->services.streams, noted, strand = self->strand, self, ended = options.ended,
                     user = options.user, number, hold](http::Stream::End how) {
        streams.remove(*noted);
        strand->post([self, ended, user, number, how, hold] {
            self->wires.remove(number);
            const crash::Scope scope(self->usage, "ended() of a stream");
            if (ended) ended(user, number, howEnded(how));
            hold->release(); // whoever has the stream still has nothing of the plugin any more
        });
    };
    try {
        if (events) {
            exchange.http.setHeader("Cache-Control", "no-cache, no-transform");
            exchange.http.setHeader("X-Accel-Buffering", "no");
        }
        exchange.http.beginStream(type, !events);
        stream->setChunked(exchange.http.chunked());
        exchange.http.handOver(std::move(stream));
    } catch (...) {
        self->wires.remove(number);
        throw;
    }
    return number;
}

DeclaredOperation makeEventStream(talome_self* self, const talome_event_stream* stream) {
    DeclaredOperation made{manifest::record(stream), nullptr, nullptr, {}, false};
    const auto whole = manifest::whole(stream);
    http::EventChannel::Options options;
    options.replay = whole.replay ? whole.replay : kReplay;
    options.last = whole.flags & TALOME_STREAM_LAST;
    auto route = std::make_shared<EventRoute>(*self, made.declared, options);
    self->eventRoutes.push_back(route);
    made.wire = [route](talome_call& call, const std::string&, http::Exchange& exchange) {
        route->answer(call, exchange);
        return true;
    };
    return made;
}

EventRoute::EventRoute(talome_self& self, manifest::Operation declared, http::EventChannel::Options options)
    : self_(self), declared_(std::move(declared)), options_(options),
      channel_(std::make_shared<http::EventChannel>(self.services.http, options)) {
    for (const auto& source : declared_.sources) patterns_.push_back(source.pattern);
}

void EventRoute::adopt(EventRoute& older) {
    if (older.declared_.id != declared_.id || older.declared_.sources != declared_.sources ||
        older.options_.replay != options_.replay || older.options_.last != options_.last)
        return;
    channel_ = older.channel_;
    heard_ = std::move(older.heard_);
    older.heard_.clear();
}

void EventRoute::activate() {
    if (!heard_.empty()) return;
    for (const auto& source : declared_.sources)
        heard_.push_back(self_.services.bus.listen(
            source.pattern, [channel = channel_, name = source.event](const events::Event& event) {
                channel->publish(name ? std::string_view(*name) : event.topic, event.json, event.permission, event.to);
            }));
}

void EventRoute::quiesce() {
    for (const auto number : heard_) self_.services.bus.unsubscribe(number);
    heard_.clear();
}

void EventRoute::answer(talome_call& call, http::Exchange& exchange) {
    requireRoomForStream(self_);
    auto& services = self_.services;
    const auto principal = call.principal;
    http::EventChannel::Client client;
    client.maySee = [principal, &registry = services.registry](const std::string& permission, const std::string& to) {
        const auto snapshot = registry.snapshot();
        if (!gate::isGranted(*principal, permission, snapshot->flags)) return false;
        if (to.empty()) return true;
        constexpr std::string_view user = "user:";
        if (to.starts_with(user)) return principal->authenticated && principal->userId == to.substr(user.size());
        return gate::isGranted(*principal, to, snapshot->flags);
    };
    auto noted = std::make_shared<std::uint64_t>(0);
    client.opened = [noted, principal, reviewing = services.reviewSoon, &streams = services.streams,
                     &bus = services.bus, owner = &self_, permission = declared_.permission,
                     patterns = patterns_](const std::shared_ptr<http::StreamHandle>& handle) {
        *noted = streams.add(owner, permission, principal,
                             [handle](const std::string& reason, bool) { handle->dismiss(reason); });
        bus.look(patterns, 1);
        reviewing(); // the session may have ended while it was not in the list yet
    };
    client.ended = [noted, &streams = services.streams, &bus = services.bus, patterns = patterns_] {
        streams.remove(*noted);
        bus.look(patterns, -1);
    };
    channel_->answer(exchange, std::move(client));
}

} // namespace talome::plugins
