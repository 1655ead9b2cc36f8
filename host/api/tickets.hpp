// Tickets of WebSockets, for plugins to ask for in their caller's name.
#pragma once

#include "host/auth/authenticator.hpp"
#include "host/auth/tickets.hpp"

#include <talome/plugin.hpp>

namespace talome::api {

struct TicketWanted {
    std::string operation, origin;
    int seconds = 60;
};
BOOST_DESCRIBE_STRUCT(TicketWanted, (), (operation, origin, seconds))

struct TicketMade {
    std::string word;
    std::int64_t expiresAt = 0; ///< ms since the epoch
};
BOOST_DESCRIBE_STRUCT(TicketMade, (), (word, expiresAt))

struct TicketShown {
    std::string operation, word;
};
BOOST_DESCRIBE_STRUCT(TicketShown, (), (operation, word))

struct TicketOwner {
    std::string userId;
};
BOOST_DESCRIBE_STRUCT(TicketOwner, (), (userId))

/// Any thread.
class Tickets {
public:
    Tickets(Registry&, const auth::Authenticator&);
    ~Tickets();
    Tickets(const Tickets&) = delete;
    Tickets& operator=(const Tickets&) = delete;

    TicketMade make(Call&, const TicketWanted&);
    TicketOwner use(const TicketShown&);

private:
    Host host_;
};

} // namespace talome::api
