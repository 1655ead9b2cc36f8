// talome.http: raw routes, their request and their answer.
#include "host/plugins/areas.hpp"

#include "host/gate/rest.hpp"
#include "host/plugins/edge.hpp"
#include "sdk/manifest/recorder.hpp"

namespace talome::plugins {

namespace {

talome_status route(talome_self* self, const talome_raw_route* raw) noexcept {
    return declaring(self, [&] {
        auto declared = manifest::record(raw);
        const auto whole = manifest::whole(raw);
        self->operations.push_back({std::move(declared), nullptr, whole.handle, whole.user});
    });
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

} // namespace

const talome_http& httpArea() {
    static const talome_http table = [] {
        talome_http made{};
        made.struct_size = sizeof made;
        made.route = route;
        made.header = header;
        made.read = readBody;
        made.begin = begin;
        made.write = write;
        return made;
    }();
    return table;
}

} // namespace talome::plugins
