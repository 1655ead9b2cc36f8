// talome.operations: declaring them, calling them, and what a handler may ask about its call.
#include "host/plugins/areas.hpp"

#include "host/plugins/edge.hpp"
#include "host/plugins/nested_call.hpp"
#include "sdk/manifest/fit.hpp"
#include "sdk/manifest/recorder.hpp"

#include <cctype>

namespace talome::plugins {

namespace {

constexpr std::size_t kMostTold = 64 * 1024, kMostKey = 64;

talome_status declare(talome_self* self, const talome_operation* operation) noexcept {
    return declaring(self, [&] {
        auto declared = manifest::record(operation);
        const auto whole = manifest::whole(operation);
        self->operations.push_back({std::move(declared), whole.invoke, whole.user, {}, false});
    });
}

talome_status declareFlag(talome_self* self, const char* flag, const char* summary, int32_t granted) noexcept {
    return declaring(self, [&] { self->flags.push_back(manifest::recordFlag(flag, summary, granted != 0)); });
}

talome_status declareDomain(talome_self* self, const talome_tool_domain* given) noexcept {
    return declaring(self, [&] {
        auto domain = manifest::record(given);
        for (const auto& each : self->domains)
            if (each.name == domain.name) throw Invalid(domain.name, "is declared twice as a domain");
        self->domains.push_back(std::move(domain));
    });
}

talome_status uses(talome_self* self, const char* operation) noexcept {
    return declaring(self, [&] {
        if (!operation || !*operation) throw Invalid("uses", "names no operation");
        self->uses.emplace(operation);
    });
}

talome_status dependsOn(talome_self* self, const char* operation) noexcept {
    return declaring(self, [&] {
        if (!operation || !*operation) throw Invalid("depends_on", "names no operation");
        self->uses.emplace(operation);
        self->requirements.emplace(operation);
    });
}

talome_status callWith(talome_self* self, talome_call* from, const talome_call_options* given, talome_str operation,
                       talome_bytes input, talome_sink out, void* to) noexcept {
    return edge([&]() -> talome_status {
        const NestedCall nested(*self, manifest::fit(given, "options"));
        nested.run([&](const gate::Gate::Nested& how) {
            if (from) {
                self->services.gate.call(*from, how, view(operation), view(input), out, to);
            } else {
                auto own = self->ownCall(gate::Origin::plugin);
                self->services.gate.call(own, how, view(operation), view(input), out, to);
            }
        });
        return TALOME_OK;
    });
}

talome_status call(talome_self* self, talome_call* from, talome_str operation, talome_bytes input, talome_sink out,
                   void* to) noexcept {
    const talome_call_options plain{sizeof plain, 0,       nullptr, nullptr, nullptr,
                                    nullptr,      nullptr, nullptr, nullptr, nullptr};
    return callWith(self, from, &plain, operation, input, out, to);
}

talome_status principal(const talome_call* call, talome_principal* out) noexcept {
    return edge([&]() -> talome_status {
        if (!out || out->struct_size < offsetof(talome_principal, user_agent))
            throw Invalid("principal", "struct_size is not set");
        const gate::CallUse use(*const_cast<talome_call*>(call)); // the host made it, and not const
        const auto& who = *call->principal;
        talome_principal whole{};
        whole.struct_size = static_cast<uint32_t>(std::min<std::size_t>(out->struct_size, sizeof whole));
        whole.authenticated = who.authenticated ? 1 : 0;
        whole.user_id = str(who.userId);
        whole.username = str(who.username);
        whole.role = str(who.role);
        whole.origin = str(gate::nameOf(who.origin));
        whole.session_id = str(who.sessionId);
        whole.peer = str(who.peer);
        whole.user_agent = str(who.userAgent);
        std::memcpy(out, &whole, whole.struct_size);
        return TALOME_OK;
    });
}

int32_t granted(const talome_call* call, talome_str permission) noexcept {
    return edge([&]() -> talome_status {
               const gate::CallUse use(*const_cast<talome_call*>(call));
               return gate::isGranted(*call->principal, view(permission), call->snapshot->flags) ? 1 : 0;
           }) == 1
               ? 1
               : 0;
}

talome_str requestId(const talome_call* call) noexcept { return str(call->requestId); }
int64_t deadlineMs(const talome_call* call) noexcept { return call->deadlineMs; }

int32_t cancelled(const talome_call* call) noexcept {
    return edge([&]() -> talome_status { return gate::isCancelled(*call) ? 1 : 0; }) == 1 ? 1 : 0;
}

talome_status setStatus(talome_call* call, int32_t status) noexcept {
    return edge([&]() -> talome_status {
        if (status < 200 || status > 599) throw Invalid("status", "must be from 200 to 599");
        call->status = status;
        return TALOME_OK;
    });
}

talome_status setHeader(talome_call* call, talome_str name, talome_str value) noexcept {
    return edge([&]() -> talome_status {
        const std::string key(view(name)), text(view(value));
        const auto isToken = [](unsigned char c) { return std::isalnum(c) || std::strchr("!#$%&'*+-.^_`|~", c); };
        if (key.empty() || !std::all_of(key.begin(), key.end(), isToken))
            throw Invalid("header", "'" + key + "' is not a field name (RFC 9110)");
        if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; }))
            throw Invalid(key, "a header's value has no control characters");
        std::string lower = key;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        for (const char* own : {"connection", "content-length", "content-type", "date", "transfer-encoding",
                                "x-request-id", "www-authenticate"})
            if (lower == own) throw Invalid(key, "is set by the host");
        call->headers.emplace_back(key, text);
        return TALOME_OK;
    });
}

talome_status tell(talome_call* call, talome_str kind, talome_bytes json) noexcept {
    return edge([&]() -> talome_status {
        if (view(kind) != "progress" && view(kind) != "log") throw Invalid("kind", "expected progress or log");
        if (json.n > kMostTold) throw gate::Failure(TALOME_E_TOO_LARGE, "too much is told at once");
        if (call->link && call->link->told) call->link->told(call->link->user, kind, json);
        return TALOME_OK;
    });
}

talome_status ask(talome_call* call, talome_str key, talome_str kind, talome_bytes question, talome_sink answer,
                  void* to) noexcept {
    return edge([&]() -> talome_status {
        if (key.n == 0 || key.n > kMostKey) throw Invalid("key", "expected 1 to 64 bytes");
        const auto is = view(kind);
        if (is != "elicitation" && is != "sampling" && is != "roots")
            throw Invalid("kind", "expected elicitation, sampling or roots");
        if (question.n > kMostTold) throw gate::Failure(TALOME_E_TOO_LARGE, "the question is too long");
        if (!call->link || !call->link->asked)
            throw gate::Failure(TALOME_E_UNSUPPORTED, "nobody is there who can be asked");
        return call->link->asked(call->link->user, key, kind, question, answer, to);
    });
}

} // namespace

const talome_operations& operationsArea() {
    static const talome_operations table{sizeof table, 0,        declare,   declareFlag,   uses,      call,
                                         principal,    granted,  requestId, deadlineMs,    cancelled, setStatus,
                                         setHeader,    callWith, dependsOn, declareDomain, tell,      ask};
    return table;
}

} // namespace talome::plugins
