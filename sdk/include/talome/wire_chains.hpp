// What registry.raw(), upload(), events(), websocket() and listener() return: each call says one more thing.
#pragma once

#include "records.hpp"

namespace talome {

namespace detail {

/// What can be said of any route with an input.
template <class Self, class Record> class WireChain {
public:
    explicit WireChain(Record& record) : record_(&record) {}
    /// As of an operation; from path and query.
    template <class... Rule> Self& input(std::string_view field, std::string_view description, const Rule&... rules) {
        auto& note = record_->notes.emplace_back(Note{std::string(field), std::string(description), {}, {}});
        (note.add(rules), ...);
        return static_cast<Self&>(*this);
    }

protected:
    Record* record_;
};

} // namespace detail

class RawRoute : public detail::WireChain<RawRoute, detail::RawRecord> {
public:
    using WireChain::WireChain;
    /// All it does is to pass calls on, each of which is judged by itself: a token's groups do not hide it. Of tier
    /// read.
    RawRoute& passesOn() { return record_->flags |= TALOME_PASSES_ON, *this; }
    /// In bytes; no body at all unless said.
    RawRoute& maxBody(std::uint64_t n) { return record_->maxBody = n, *this; }
    /// At a declared listener, and not at the server's own port.
    RawRoute& listener(std::string_view id) { return record_->listener = id, *this; }
};

class UploadRoute : public detail::WireChain<UploadRoute, detail::UploadRecord> {
public:
    using WireChain::WireChain;
    /// Of the whole body, in bytes; 50 GiB unless said.
    UploadRoute& maxBody(std::uint64_t n) { return record_->maxBody = n, *this; }
    /// 100 unless said.
    UploadRoute& maxFiles(std::uint32_t n) { return record_->maxFiles = n, *this; }
    /// The digest of each file is made as it comes.
    UploadRoute& sha256() { return record_->flags |= TALOME_UPLOAD_SHA256, *this; }
    /// The status of a success.
    UploadRoute& success(int status) { return record_->success = status, *this; }
};

class EventStream {
public:
    explicit EventStream(detail::EventStreamRecord& record) : record_(&record) {}
    /// May be repeated. `pattern`: a topic, or a prefix and `*`; `event`: its name on the wire, the topic unless said.
    EventStream& source(std::string_view pattern, std::string_view event = {}) {
        record_->sources.push_back({std::string(pattern), std::string(event)});
        return *this;
    }
    /// A new client is sent the newest event at once.
    EventStream& last() { return record_->flags |= TALOME_STREAM_LAST, *this; }
    /// Events kept for clients that come back; 64 unless said.
    EventStream& replay(std::uint32_t n) { return record_->replay = n, *this; }

private:
    detail::EventStreamRecord* record_;
};

class WebSocketRoute : public detail::WireChain<WebSocketRoute, detail::WebSocketRecord> {
public:
    using WireChain::WireChain;
    /// At least one. At the server's own port, or at a declared listener.
    WebSocketRoute& place(std::string_view path, std::string_view listener = {}) {
        record_->places.push_back({std::string(path), std::string(listener)});
        return *this;
    }
    /// permessage-deflate (RFC 7692) for clients that offer it.
    WebSocketRoute& deflate() { return record_->flags |= TALOME_WS_DEFLATE, *this; }
    /// A client that brings no token is let in for ten seconds: its first message must be
    /// {"type":"auth","token":"…"}. The first handler is called after that.
    WebSocketRoute& firstMessageAuth() { return record_->flags |= TALOME_WS_FIRST_MESSAGE, *this; }
    /// What is offered, the best first.
    WebSocketRoute& protocols(std::initializer_list<std::string_view> names) {
        for (const std::string_view name : names)
            record_->protocols.append(record_->protocols.empty() ? "" : ",").append(name);
        return *this;
    }
    /// Bytes of one message from the client; 1 MiB unless said.
    WebSocketRoute& maxMessage(std::uint64_t n) { return record_->maxMessage = n, *this; }
    /// Bytes that wait for the client; 1 MiB unless said.
    WebSocketRoute& maxQueued(std::uint64_t n) { return record_->maxQueued = n, *this; }
    /// void (WebSocket): after Sent::full, there is room again.
    template <class P, class F> WebSocketRoute& onRoom(P* object, F handler) {
        record_->roomHandler = {object, handler};
        record_->runRoom = &detail::runRoom<P, F>;
        return *this;
    }
};

class Listener {
public:
    explicit Listener(detail::ListenerRecord& record) : record_(&record) {}
    /// Of the server's environment; what they say wins.
    Listener& variables(std::string_view port, std::string_view host = {}) {
        record_->portVariable = port;
        record_->hostVariable = host;
        return *this;
    }

private:
    detail::ListenerRecord* record_;
};

} // namespace talome
