// Tickets of WebSockets: no route leads here, a plugin asks for one in its caller's name.
#include "host/api/tickets.hpp"

#include "host/gate/call.hpp"
#include "host/gate/failure.hpp"

namespace talome::api {

Tickets::Tickets(Registry& registry, const auth::Authenticator& authenticator) : host_(registry.host()) {
    registry
        .operation(
            "tickets.make",
            "Makes a word that is the caller's token in the first message of a WebSocket, once: for plugins to give "
            "to pages",
            inPerson, Tier::modify, this, &Tickets::make)
        .input("operation", "the id of the WebSocket's operation", length(1, 200))
        .input("origin", "the Origin of the page that gets it, which that WebSocket must have; empty: no page",
               length(0, 300), std::string())
        .input("seconds", "how long it is good", range(1, 600), 60);
    registry
        .operation("tickets.use",
                   "Uses a ticket up for a client whose origin is known to be good, and says whose it was", admin,
                   Tier::modify, this, &Tickets::use)
        .input("operation", "the id of the WebSocket's operation", length(1, 200))
        .input("word", "as tickets.make has given it", length(1, 100), secret());
    auth::Tickets::shared().refreshBy(
        [&authenticator](const gate::Principal& was) { return authenticator.refresh(was); });
}

Tickets::~Tickets() { auth::Tickets::shared().refreshBy(nullptr); }

TicketMade Tickets::make(Call& call, const TicketWanted& wanted) {
    const std::chrono::seconds valid(wanted.seconds);
    try {
        return {auth::Tickets::shared().make(call.raw()->principal, wanted.operation, wanted.origin, valid),
                host_.nowMs() + std::chrono::milliseconds(valid).count()};
    } catch (const gate::Failure& failure) {
        raise(failure.status, failure.what());
    }
}

TicketOwner Tickets::use(const TicketShown& shown) {
    const auto caller = auth::Tickets::shared().use(shown.word, shown.operation);
    if (!caller) throw NotFound("there is no such ticket, or it is over");
    return {caller->userId};
}

} // namespace talome::api
