#include "host/api/ask_plugin.hpp"

#include <boost/json.hpp>

namespace talome::api {

std::string askPlugin(Call& call, const gate::Gate& gate, const gate::Endpoint& endpoint) {
    auto principal = std::make_shared<gate::Principal>();
    principal->authenticated = true;
    principal->userId = principal->username = "host";
    principal->role = "plugin";
    principal->credential = gate::Credential::plugin;
    principal->origin = gate::Origin::plugin;
    talome_call inner;
    inner.principal = std::move(principal);
    inner.snapshot = call.raw()->snapshot;
    inner.requestId = call.requestId();
    inner.cancelled = call.raw()->cancelled;
    inner.depth = 1;
    std::string text;
    gate.run(
        inner, endpoint, boost::json::object{},
        [](void* to, talome_bytes piece) noexcept {
            static_cast<std::string*>(to)->append(static_cast<const char*>(piece.p), piece.n);
        },
        &text);
    return text;
}

} // namespace talome::api
