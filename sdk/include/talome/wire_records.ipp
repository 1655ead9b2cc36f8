// Definitions of wire_records.hpp.
#pragma once

#include <boost/json/monotonic_resource.hpp>

namespace talome::detail {

inline talome_status RawRecord::invoke(void* user, talome_call* raw, talome_bytes input,
                                       talome_exchange* wire) noexcept {
    auto& self = *static_cast<RawRecord*>(user);
    return guard(*self.areas, [&] {
        Call call(*self.areas, raw);
        Exchange exchange(*self.areas, *self.streams, wire);
        self.run(self.handler, call, parse(view(input)), exchange);
    });
}

inline talome_status UploadRecord::place(void* user, talome_call* raw, talome_bytes input,
                                         const talome_upload_part* part, talome_upload_target* to) noexcept {
    auto& self = *static_cast<UploadRecord*>(user);
    return guard(*self.areas, [&] {
        Call call(*self.areas, raw);
        const UploadTarget target = self.runPlace(self.placeHandler, call, parse(view(input)), UploadPart(*part));
        to->directory = target.directory;
        to->max_bytes = target.maxBytes;
    });
}

inline talome_status UploadRecord::done(void* user, talome_call* raw, talome_bytes input, const talome_upload* whole,
                                        talome_sink out, void* to) noexcept {
    auto& self = *static_cast<UploadRecord*>(user);
    return guard(*self.areas, [&] {
        Call call(*self.areas, raw);
        Upload upload(*self.areas, *whole);
        std::string answer;
        self.runDone(self.doneHandler, call, parse(view(input)), upload, answer);
        out(to, bytes(answer));
    });
}

inline talome_status WebSocketRecord::open(void* user, talome_call* raw, talome_bytes input, talome_bytes first,
                                           std::uint64_t number) noexcept {
    auto& self = *static_cast<WebSocketRecord*>(user);
    return guard(*self.areas, [&] {
        Call call(*self.areas, raw);
        self.runOpen(self.openHandler, call, parse(view(input)), WebSocket(*self.areas, number), view(first));
    });
}

inline void WebSocketRecord::message(void* user, std::uint64_t number, std::int32_t kind, talome_bytes data) noexcept {
    auto& self = *static_cast<WebSocketRecord*>(user);
    guardQuietly(*self.areas, [&] {
        self.runMessage(self.messageHandler, WebSocket(*self.areas, number), view(data), kind == TALOME_WS_BINARY);
    });
}

inline void WebSocketRecord::room(void* user, std::uint64_t number) noexcept {
    auto& self = *static_cast<WebSocketRecord*>(user);
    guardQuietly(*self.areas, [&] { self.runRoom(self.roomHandler, WebSocket(*self.areas, number)); });
}

inline void WebSocketRecord::closed(void* user, std::uint64_t number, std::int32_t how, std::int32_t code,
                                    talome_str reason) noexcept {
    auto& self = *static_cast<WebSocketRecord*>(user);
    guardQuietly(*self.areas, [&] {
        self.runClosed(self.closedHandler, WebSocket(*self.areas, number), static_cast<Ended>(how), code, view(reason));
    });
}

inline void AudienceRecord::invoke(void* user, talome_str topic, std::int32_t present) noexcept {
    auto& self = *static_cast<AudienceRecord*>(user);
    guardQuietly(*self.areas, [&] { self.run(self.handler, view(topic), present != 0); });
}

inline std::string annotated(const std::string& id, const std::string& schema, const std::vector<Note>& notes) {
    try {
        return annotate(schema, notes);
    } catch (const std::logic_error& error) {
        throw std::logic_error(id + ": " + error.what());
    }
}

/// A C struct with its size and what it shares with the others.
template <class C, class Record> C begun(const Record& r) {
    C c{};
    c.struct_size = sizeof c;
    c.id = r.id.c_str();
    c.summary = r.summary.c_str();
    if constexpr (requires { c.permission; }) c.permission = r.permission.c_str();
    if constexpr (requires { c.input_schema; }) c.input_schema = r.input.c_str();
    if constexpr (requires { c.tier; }) c.tier = static_cast<std::int32_t>(r.tier);
    if constexpr (requires { c.flags; }) c.flags = r.flags;
    return c;
}

/// Pointers to the elements.
template <class T> std::vector<const T*> pointersTo(const std::vector<T>& all) {
    std::vector<const T*> list;
    list.reserve(all.size());
    for (const T& one : all) list.push_back(&one);
    return list;
}

inline void RawRecord::declare(Areas& areas) {
    input = annotated(id, input, notes);
    auto c = begun<talome_raw_route>(*this);
    c.method = method.c_str();
    c.path = path.c_str();
    c.max_body = maxBody;
    c.handle = &RawRecord::invoke;
    c.user = this;
    c.listener = orNull(listener);
    areas.check(areas.need<talome_http>()->route(areas.self(), &c));
}

inline void UploadRecord::declare(Areas& areas) {
    input = annotated(id, input, notes);
    auto c = begun<talome_upload_route>(*this);
    c.success = success;
    c.method = method.c_str();
    c.path = path.c_str();
    c.output_schema = output.c_str();
    c.max_body = maxBody;
    c.max_files = maxFiles;
    c.place = &UploadRecord::place;
    c.done = &UploadRecord::done;
    c.user = this;
    areas.check(areas.need<talome_http>()->upload(areas.self(), &c));
}

inline void EventStreamRecord::declare(Areas& areas) {
    auto c = begun<talome_event_stream>(*this);
    std::vector<talome_event_source> structs;
    for (const SourceRecord& s : sources)
        structs.push_back({sizeof(talome_event_source), 0, s.pattern.c_str(), orNull(s.event)});
    const auto list = pointersTo(structs);
    c.path = path.c_str();
    c.n_sources = static_cast<std::uint32_t>(list.size());
    c.replay = replay;
    c.sources = list.data();
    areas.check(areas.need<talome_http>()->event_stream(areas.self(), &c));
}

inline void WebSocketRecord::declare(Areas& areas) {
    input = annotated(id, input, notes);
    auto c = begun<talome_websocket>(*this);
    std::vector<talome_place> structs;
    for (const PlaceRecord& p : places)
        structs.push_back({sizeof(talome_place), 0, orNull(p.listener), p.path.c_str()});
    const auto list = pointersTo(structs);
    c.n_places = static_cast<std::uint32_t>(list.size());
    c.places = list.data();
    c.protocols = orNull(protocols);
    c.max_message = maxMessage;
    c.max_queued = maxQueued;
    c.open = &WebSocketRecord::open;
    c.message = &WebSocketRecord::message;
    c.room = runRoom ? &WebSocketRecord::room : nullptr;
    c.closed = &WebSocketRecord::closed;
    c.user = this;
    areas.check(areas.need<talome_http>()->websocket(areas.self(), &c));
}

inline void ListenerRecord::declare(Areas& areas) {
    auto c = begun<talome_listener>(*this);
    c.port = port;
    c.host = host.c_str();
    c.port_variable = orNull(portVariable);
    c.host_variable = orNull(hostVariable);
    areas.check(areas.need<talome_http>()->listener(areas.self(), &c));
}

inline void AudienceRecord::declare(Areas& areas) {
    areas.check(
        areas.need<talome_events>()->on_audience(areas.self(), topic.c_str(), &AudienceRecord::invoke, this));
}

inline void ProgramRecord::declare(Areas& areas) {
    areas.check(areas.need<talome_process>()->declare_program(areas.self(), program.c_str(), summary.c_str()));
}

} // namespace talome::detail
