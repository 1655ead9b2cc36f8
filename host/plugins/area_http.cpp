// talome.http: routes that answer on the wire themselves, and what their handlers do with it.
#include "host/plugins/areas.hpp"

#include "host/http/file_answer.hpp"
#include "host/http/query.hpp"
#include "host/plugins/edge.hpp"
#include "host/plugins/wire_routes.hpp"
#include "sdk/manifest/recorder.hpp"

#include <fcntl.h>

namespace talome::plugins {

namespace {

talome_status route(talome_self* self, const talome_raw_route* raw) noexcept {
    return declaring(self, [&] { self->operations.push_back(makeRawRoute(self, raw)); });
}
talome_status listener(talome_self* self, const talome_listener* given) noexcept {
    return declaring(self, [&] { self->listeners.push_back(manifest::record(given)); });
}
talome_status upload(talome_self* self, const talome_upload_route* given) noexcept {
    return declaring(self, [&] { self->operations.push_back(makeUploadRoute(self, given)); });
}
talome_status eventStream(talome_self* self, const talome_event_stream* given) noexcept {
    return declaring(self, [&] { self->operations.push_back(makeEventStream(self, given)); });
}
talome_status websocket(talome_self* self, const talome_websocket* given) noexcept {
    return declaring(self, [&] { self->operations.push_back(makeWebSocket(self, given)); });
}

talome_status header(talome_exchange* exchange, talome_str name, talome_sink out, void* to) noexcept {
    return edge([&]() -> talome_status {
        if (const auto value = exchange->http.header(view(name))) out(to, bytes(*value));
        return TALOME_OK;
    });
}

int64_t readBody(talome_exchange* exchange, void* to, size_t n) noexcept {
    int64_t got = 0;
    const auto status = edge([&]() -> talome_status {
        got = static_cast<int64_t>(exchange->http.read(to, n));
        return TALOME_OK;
    });
    return status < 0 ? status : got;
}

talome_status begin(talome_exchange* exchange, int32_t status, const talome_pair* headers, uint32_t n,
                    int64_t length) noexcept {
    return edge([&]() -> talome_status {
        if (status < 200 || status > 599) throw Invalid("status", "must be from 200 to 599");
        std::string type = "application/octet-stream";
        for (uint32_t i = 0; i < n; ++i) {
            const auto name = view(headers[i].name);
            constexpr std::string_view contentType = "content-type";
            if (std::equal(name.begin(), name.end(), contentType.begin(), contentType.end(),
                           [](char a, char b) { return (a | 0x20) == b || a == b; }))
                type = view(headers[i].value);
            else
                exchange->http.addHeader(name, view(headers[i].value));
        }
        exchange->http.begin(
            status, type, length < 0 ? std::nullopt : std::optional<std::uint64_t>(static_cast<std::uint64_t>(length)));
        return TALOME_OK;
    });
}

talome_status write(talome_exchange* exchange, talome_bytes piece) noexcept {
    return edge([&]() -> talome_status {
        exchange->http.write(view(piece));
        return TALOME_OK;
    });
}

talome_status file(talome_exchange* exchange, const talome_file* given) noexcept {
    return edge([&]() -> talome_status {
        const auto says = manifest::whole(given);
        http::Descriptor own(::fcntl(says.fd, F_DUPFD_CLOEXEC, 0));
        if (!own) throw Invalid("fd", "is not an open descriptor");
        http::FileOffer offer;
        offer.contentType = view(says.content_type);
        offer.fileName = view(says.name);
        if (says.flags & TALOME_FILE_ATTACHMENT) offer.disposition = http::Disposition::attachment;
        offer.cacheControl = says.cache_control.n ? view(says.cache_control) : "no-store";
        exchange->http.sendFile(std::move(own), offer);
        return TALOME_OK;
    });
}

talome_status stream(talome_self* self, talome_exchange* exchange, const talome_stream* given,
                     uint64_t* number) noexcept {
    return edge([&]() -> talome_status {
        if (!number) throw Invalid("number", "is null");
        *number = openPlainStream(self, *exchange, manifest::whole(given));
        return TALOME_OK;
    });
}

talome_status linkFile(const talome_upload* upload, uint32_t file, int32_t directory, talome_str name,
                       uint32_t flags) noexcept {
    return edge([&]() -> talome_status {
        linkUploaded(upload, file, directory, view(name), flags & TALOME_LINK_REPLACE);
        return TALOME_OK;
    });
}

talome_status told(http::Feed::Sent sent) noexcept {
    switch (sent) {
    case http::Feed::Sent::queued:
        return TALOME_OK;
    case http::Feed::Sent::full:
        return failed(TALOME_E_LIMITED, "too much waits for the client already");
    case http::Feed::Sent::gone:
        break;
    }
    return failed(TALOME_E_GONE, "the client is gone");
}

talome_status writeStream(talome_self* self, uint64_t number, talome_bytes piece) noexcept {
    return edge([&]() -> talome_status {
        const auto wire = self->wires.find(number);
        return told(wire.stream ? wire.stream->write(view(piece)) : http::Feed::Sent::gone);
    });
}

talome_status writeEvent(talome_self* self, uint64_t number, talome_str event, talome_str id,
                         talome_str data) noexcept {
    return edge([&]() -> talome_status {
        const auto wire = self->wires.find(number);
        if (!wire.stream) return told(http::Feed::Sent::gone);
        if (!wire.stream->isEvents()) throw gate::Failure(TALOME_E_CONFLICT, "this stream is not text/event-stream");
        return told(wire.stream->write(http::formatEvent(view(event), view(id), view(data))));
    });
}

void closeStream(talome_self* self, uint64_t number) noexcept {
    edge([&]() -> talome_status {
        if (const auto wire = self->wires.find(number); wire.stream) wire.stream->close();
        return TALOME_OK;
    });
}

talome_status sendMessage(talome_self* self, uint64_t number, int32_t kind, talome_bytes message) noexcept {
    return edge([&]() -> talome_status {
        if (kind != TALOME_WS_TEXT && kind != TALOME_WS_BINARY) throw Invalid("kind", "expected text or binary");
        if (kind == TALOME_WS_TEXT && !http::isUtf8(view(message))) throw Invalid("message", "a text must be UTF-8");
        const auto wire = self->wires.find(number);
        if (!wire.socket) return told(http::Feed::Sent::gone);
        return told(
            wire.socket->send(kind == TALOME_WS_TEXT ? http::Opcode::text : http::Opcode::binary, view(message)));
    });
}

void closeSocket(talome_self* self, uint64_t number, int32_t code, talome_str reason) noexcept {
    edge([&]() -> talome_status {
        const auto wire = self->wires.find(number);
        const bool known = code > 0 && http::isCloseCode(static_cast<unsigned>(code));
        if (wire.socket)
            wire.socket->close(known ? static_cast<std::uint16_t>(code) : http::kCloseNormal, view(reason));
        return TALOME_OK;
    });
}

void pauseSocket(talome_self* self, uint64_t number, int32_t paused) noexcept {
    edge([&]() -> talome_status {
        if (const auto wire = self->wires.find(number); wire.pause) wire.pause(paused != 0);
        return TALOME_OK;
    });
}

int64_t queuedBytes(talome_self* self, uint64_t number) noexcept {
    int64_t bytes = 0;
    const auto status = edge([&]() -> talome_status {
        const auto wire = self->wires.find(number);
        if (!wire.socket && !wire.stream) return told(http::Feed::Sent::gone);
        if (wire.socket ? wire.socket->over() : wire.stream->over()) return told(http::Feed::Sent::gone);
        bytes = static_cast<int64_t>(wire.socket ? wire.socket->queued() : wire.stream->queued());
        return TALOME_OK;
    });
    return status < 0 ? status : bytes;
}

} // namespace

const talome_http& httpArea() {
    static const talome_http table{sizeof table, 0,           route,       header,     readBody,    begin,
                                   write,        file,        stream,      listener,   upload,      eventStream,
                                   websocket,    linkFile,    writeStream, writeEvent, closeStream, sendMessage,
                                   closeSocket,  pauseSocket, queuedBytes};
    return table;
}

} // namespace talome::plugins
