// talome.tools: what is offered to models, for plugins that are a way to it.
#include "host/plugins/areas.hpp"

#include "host/gate/input.hpp"
#include "host/gate/offers.hpp"
#include "host/plugins/nested_call.hpp"
#include "sdk/manifest/fit.hpp"

namespace talome::plugins {

std::optional<gate::Origin> helperNamed(const char* name) {
    if (!name) return std::nullopt;
    using gate::Origin;
    for (const auto each : {Origin::mcp, Origin::chat, Origin::automation, Origin::webhook, Origin::bot, Origin::agent})
        if (gate::nameOf(each) == name) return each;
    throw Invalid("origin", "expected mcp, chat, automation, webhook, bot or agent");
}

namespace {

gate::OfferKind kindOf(int32_t kind) {
    if (kind < TALOME_OFFER_TOOL || kind > TALOME_OFFER_PROMPT)
        throw Invalid("kind", "expected a tool, a resource or a prompt");
    return static_cast<gate::OfferKind>(kind);
}

gate::OfferState stateFor(const talome_self& self, const talome_call& call) {
    const auto setting = [&](const std::string& key) { return self.services.settings.get(key); };
    return call.snapshot->offers ? gate::stateOf(*call.snapshot->offers, setting) : gate::OfferState();
}

talome_status list(talome_self* self, talome_call* call, int32_t kind, talome_sink out, void* to) noexcept {
    return edge([&]() -> talome_status {
        if (!call) throw Invalid("call", "is null: there is no caller");
        const gate::CallUse use(*call);
        gate::listTo(kindOf(kind), *call->snapshot, *call->principal, stateFor(*self, *call),
                     [&](std::string_view piece) { out(to, bytes(piece)); });
        return TALOME_OK;
    });
}

talome_status call(talome_self* self, talome_call* from, const talome_call_options* how, int32_t kind, talome_str name,
                   talome_bytes input, talome_sink out, void* to, talome_sink type, void* typeTo) noexcept {
    return edge([&]() -> talome_status {
        if (!from) throw Invalid("call", "is null: there is no caller");
        const auto which = kindOf(kind);
        const NestedCall nested(*self, manifest::fit(how, "how"));
        const gate::CallUse use(*from);
        const auto state = stateFor(*self, *from);
        const auto found = [&](const gate::Offer& offer) {
            if (type) type(typeTo, bytes(offer.endpoint->declared.outputType));
        };
        nested.run([&](const gate::Gate::Nested& options) {
            gate::callOffer(self->services.gate, *from, options, which, view(name),
                            gate::parseJson(input.n ? view(input) : "{}"), state, found, out, to);
        });
        return TALOME_OK;
    });
}

} // namespace

const talome_tools& toolsArea() {
    static const talome_tools table{sizeof table, 0, list, call};
    return table;
}

} // namespace talome::plugins
