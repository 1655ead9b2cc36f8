// Which web pages may use this server from another place than its own (CORS, Fetch standard 3.2).
#pragma once

#include "host/http/exchange.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace talome::gate {

/// Immutable; any thread.
class Origins {
public:
    /// `listed`: "http://localhost:3000", written as browsers send it. Throws std::invalid_argument for what is none.
    explicit Origins(const std::vector<std::string>& listed);

    enum class Trust {
        none,
        /// On an address or under a name of this network: it may read answers, with a token that it was given. The
        /// browser sends it no cookie along, since any device in the house can serve a page.
        local,
        listed ///< the owner's choice: with the cookie as well
    };
    Trust of(std::string_view origin) const;

    /// Says in the answer what a page of another origin may see.
    void mark(http::Exchange&) const;
    /// Answers a browser that asks before a request (preflight). False: this is no such question.
    bool answerPreflight(http::Exchange&) const;

private:
    std::vector<std::string> listed_;
};

} // namespace talome::gate
