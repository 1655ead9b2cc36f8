// The table of talome.fetch of the fake host: it answers what was asked.
#include "fake_host.hpp"

namespace {

FakeHost& of(talome_self* self) { return *reinterpret_cast<FakeHost*>(self); }

talome_status answer(FakeHost& host, const talome_fetch_request* request, const talome_fetch_sink* sink) {
    host.sent.push_back("fetch " + std::string(request->method) + " " + request->url);
    if (host.fetchStatus < 0) {
        host.words = "the other side says no";
        return host.fetchStatus;
    }
    const talome_pair type{talome::str("Content-Type"), talome::str("text/plain")};
    const talome_fetch_answer head{sizeof head, 200, &type, 1, 0, talome::str(request->url)};
    std::string body(talome::view(request->body));
    if (request->pull) {
        char piece[8];
        std::int64_t got = 0;
        while ((got = request->pull(request->pull_user, piece, sizeof piece)) > 0)
            body.append(piece, static_cast<std::size_t>(got));
        if (got < 0) return static_cast<talome_status>(got);
    }
    for (std::uint32_t i = 0; i < request->n_headers; ++i)
        body += std::string(talome::view(request->headers[i].name)) + "=" +
                std::string(talome::view(request->headers[i].value));
    const std::int32_t results[] = {sink->head(sink->user, &head), sink->body(sink->user, talome::bytes(body)),
                                    sink->body(sink->user, talome::bytes("!"))};
    for (const auto each : results)
        if (each < 0) return each;
    return TALOME_OK;
}

talome_fetch table() {
    talome_fetch t{};
    t.struct_size = sizeof t;
    t.fetch = [](talome_self* s, talome_call*, const talome_fetch_request* request,
                 const talome_fetch_sink* sink) noexcept { return answer(of(s), request, sink); };
    t.open = [](talome_self* s, const talome_fetch_request*, const talome_fetch_stream* stream,
                std::uint64_t* number) noexcept {
        *number = of(s).nextFetch++;
        of(s).fetches[*number] = *stream;
        return talome_status{TALOME_OK};
    };
    t.pause = [](talome_self* s, std::uint64_t number, std::int32_t on) noexcept {
        of(s).sent.push_back("pause " + std::to_string(number) + " " + std::to_string(on));
        return talome_status{TALOME_OK};
    };
    t.close = [](talome_self* s, std::uint64_t number) noexcept { of(s).fetches.erase(number); };
    t.upgrade = [](talome_self* s, talome_call*, const talome_fetch_request* request, const talome_fetch_sink* sink,
                   std::int32_t* fd) noexcept {
        *fd = -1;
        return answer(of(s), request, sink);
    };
    return t;
}

} // namespace

const talome_fetch kFakeFetch = table();
