// The part of the Registry that declares what answers on the wire itself.
#pragma once

#include "wire_chains.hpp"

namespace talome {

/// The base of Registry.
class WireRegistry {
public:
    WireRegistry(const WireRegistry&) = delete;
    WireRegistry& operator=(const WireRegistry&) = delete;

    /// A route whose handler reads the body and writes the answer itself, sends a file, or opens a stream:
    /// void (Call&, const In&, Exchange&).
    template <class P, class F> RawRoute raw(std::string_view id, std::string_view summary, Permission permission,
                                             Tier tier, std::string_view method, std::string_view path, P* object,
                                             F handler) {
        auto& record = add<detail::RawRecord, detail::ArgOf<F, 1>>(id, summary, permission, tier);
        record.streams = &streams_;
        record.handler = {object, handler};
        record.run = &detail::runRaw<P, F>;
        record.method = method;
        record.path = path;
        return RawRoute(record);
    }
    /// A route whose body, a form or one file, goes to disk without a thread. Before the first byte of each file:
    /// UploadTarget place(Call&, const In&, const UploadPart&); when all is there: Out done(Call&, const In&, Upload&).
    template <class P, class F, class G> UploadRoute upload(std::string_view id, std::string_view summary,
                                                            Permission permission, Tier tier, std::string_view method,
                                                            std::string_view path, P* object, F place, G done) {
        static_assert(std::is_same_v<detail::ArgOf<F, 1>, detail::ArgOf<G, 1>>, "both have the same input");
        auto& record = add<detail::UploadRecord, detail::ArgOf<F, 1>>(id, summary, permission, tier);
        record.placeHandler = {object, place};
        record.doneHandler = {object, done};
        record.runPlace = &detail::runPlace<P, F>;
        record.runDone = &detail::runUploaded<P, G>;
        record.output = detail::outputSchema<G>();
        record.method = method;
        record.path = path;
        return UploadRoute(record);
    }
    /// Topics as server-sent events, without code: with ids, replay after Last-Event-ID, a heartbeat, and to each
    /// client only what its user may see.
    EventStream events(std::string_view id, std::string_view summary, Permission permission, std::string_view path) {
        auto& record = note<detail::EventStreamRecord>();
        record.id = id;
        record.summary = summary;
        record.permission = permission.text();
        record.path = path;
        return EventStream(record);
    }
    /// void open(Call&, const In&, WebSocket[, std::string_view first]): throw to refuse the client. `first` is its
    ///     first message if it said with that who it is.
    /// void message(WebSocket, std::string_view data, bool binary)
    /// void closed(WebSocket, [Ended,] int code, std::string_view reason): once for each open() that did not throw.
    /// Those of one client come one after the other, those of several at the same time.
    template <class P, class F, class G, class H>
    WebSocketRoute websocket(std::string_view id, std::string_view summary, Permission permission, Tier tier, P* object,
                             F open, G message, H closed) {
        auto& record = add<detail::WebSocketRecord, detail::ArgOf<F, 1>>(id, summary, permission, tier);
        record.openHandler = {object, open};
        record.messageHandler = {object, message};
        record.closedHandler = {object, closed};
        record.runOpen = &detail::runOpen<P, F>;
        record.runMessage = &detail::runMessage<P, G>;
        record.runClosed = &detail::runClosed<P, H>;
        return WebSocketRoute(record);
    }
    /// A port beside the server's own, for the routes that name it, while the plugin is active.
    Listener listener(std::string_view id, std::string_view summary, std::string_view host, std::uint16_t port) {
        auto& record = note<detail::ListenerRecord>();
        record.id = id;
        record.summary = summary;
        record.host = host;
        record.port = port;
        return Listener(record);
    }

protected:
    WireRegistry(const talome_host* host, talome_self* self) : areas_(host, self) {}

    template <class Record> Record& note() {
        auto made = std::make_unique<Record>();
        auto& record = *made;
        records_.wire.push_back(std::move(made));
        return record;
    }

    detail::Areas areas_;
    detail::Records records_;

private:
    template <class Record, class In>
    Record& add(std::string_view id, std::string_view summary, Permission permission, Tier tier) {
        auto& record = note<Record>();
        record.areas = &areas_;
        record.id = id;
        record.summary = summary;
        record.permission = permission.text();
        record.tier = tier;
        record.input = schema<In>();
        return record;
    }

    detail::Slots<detail::StreamSlot> streams_;
};

} // namespace talome
