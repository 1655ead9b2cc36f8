// The table of talome.http of the fake host.
#include "fake_host.hpp"

/// What a raw handler is given.
struct talome_exchange {
    FakeHost& host;
};

namespace {

FakeHost& of(talome_self* self) { return *reinterpret_cast<FakeHost*>(self); }

/// Notes "text 7 hello", and answers what the test said.
template <class... Part> talome_status note(FakeHost& host, const Part&... parts) {
    std::string line;
    auto add = [&](const auto& part) {
        if (!line.empty()) line += ' ';
        if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(part)>>)
            line += std::to_string(part);
        else
            line += part;
    };
    (add(parts), ...);
    host.sent.push_back(line);
    if (host.wireStatus < 0) host.words = "the wire says no";
    return host.wireStatus;
}

talome_http declarations() {
    talome_http t{};
    t.struct_size = sizeof t;
    t.route = [](talome_self* s, const talome_raw_route* r) noexcept {
        of(s).raw[r->id] = *r;
        return talome_status{TALOME_OK};
    };
    t.listener = [](talome_self* s, const talome_listener* l) noexcept {
        of(s).wire += std::string("listener ") + l->id + " " + l->host + " " + std::to_string(l->port) + " " +
                      (l->port_variable ? l->port_variable : "-") + " " + (l->host_variable ? l->host_variable : "-") +
                      ";";
        return talome_status{TALOME_OK};
    };
    t.upload = [](talome_self* s, const talome_upload_route* u) noexcept {
        of(s).uploads[u->id] = *u;
        return talome_status{TALOME_OK};
    };
    t.event_stream = [](talome_self* s, const talome_event_stream* e) noexcept {
        of(s).wire += std::string("events ") + e->id + " " + e->permission + " " + e->path + " " +
                      std::to_string(e->flags) + " " + std::to_string(e->replay);
        for (std::uint32_t i = 0; i < e->n_sources; ++i)
            of(s).wire +=
                std::string(" ") + e->sources[i]->pattern + "=" + (e->sources[i]->event ? e->sources[i]->event : "-");
        of(s).wire += ";";
        return talome_status{TALOME_OK};
    };
    t.websocket = [](talome_self* s, const talome_websocket* w) noexcept {
        of(s).sockets[w->id] = *w;
        for (std::uint32_t i = 0; i < w->n_places; ++i)
            of(s).wire += std::string("place ") + w->places[i]->path + " " +
                          (w->places[i]->listener ? w->places[i]->listener : "-") + ";";
        return talome_status{TALOME_OK};
    };
    return t;
}

} // namespace

const talome_http kFakeHttp = [] {
    talome_http t = declarations();
    t.file = [](talome_exchange* e, const talome_file* f) noexcept {
        return note(e->host, "file", f->fd, talome::view(f->name), talome::view(f->content_type),
                    talome::view(f->cache_control), f->flags);
    };
    t.stream = [](talome_self* s, talome_exchange*, const talome_stream* stream, std::uint64_t* number) noexcept {
        const talome_status status = note(of(s), "stream", talome::view(stream->content_type), stream->max_queued);
        if (status < 0) return status;
        *number = of(s).nextStream++;
        of(s).streams[*number] = *stream;
        if (of(s).endsAtOnce)
            of(s).ending = std::thread([&host = of(s), n = *number] { host.end(n, TALOME_ENDED_BY_CLIENT); });
        return status;
    };
    t.link = [](const talome_upload* u, std::uint32_t file, std::int32_t directory, talome_str name,
                std::uint32_t flags) noexcept -> talome_status {
        return note(*static_cast<const FakeUpload*>(u)->host, "link", file, directory, talome::view(name), flags);
    };
    t.stream_write = [](talome_self* s, std::uint64_t number, talome_bytes data) noexcept {
        return note(of(s), "write", number, talome::view(data));
    };
    t.stream_event = [](talome_self* s, std::uint64_t number, talome_str event, talome_str id,
                        talome_str data) noexcept {
        return note(of(s), "event", number, talome::view(event), talome::view(id), talome::view(data));
    };
    t.stream_close = [](talome_self* s, std::uint64_t number) noexcept { note(of(s), "close", number); };
    t.ws_send = [](talome_self* s, std::uint64_t number, std::int32_t kind, talome_bytes data) noexcept {
        return note(of(s), kind == TALOME_WS_TEXT ? "text" : "binary", number, talome::view(data));
    };
    t.ws_close = [](talome_self* s, std::uint64_t number, std::int32_t code, talome_str reason) noexcept {
        note(of(s), "ws_close", number, code, talome::view(reason));
    };
    t.ws_pause = [](talome_self* s, std::uint64_t number, std::int32_t paused) noexcept {
        note(of(s), "pause", number, paused);
    };
    t.queued = [](talome_self* s, std::uint64_t) noexcept -> std::int64_t {
        return of(s).wireStatus < 0 ? of(s).wireStatus : 17;
    };
    return t;
}();

void FakeHost::end(std::uint64_t number, std::int32_t how) {
    const talome_stream stream = streams.at(number);
    streams.erase(number);
    stream.ended(stream.user, number, how);
}

std::pair<talome_status, std::string> FakeHost::request(const std::string& id, std::string_view input) {
    const talome_raw_route& route = raw.at(id);
    talome_exchange exchange{*this};
    const auto status = route.handle(route.user, nullptr, talome::bytes(input), &exchange);
    return {status, status < 0 ? words : ""};
}
