// What an operation tells its caller while it runs, and what it asks: notifications and questions of MCP, in the manner
// of the client's era. An older client is asked within the stream of the answer; a newer one is told what is wanted,
// and makes the call once more with the answers.
#pragma once

#include "protocol/request_state.hpp"
#include "request.hpp"

namespace talome::mcp {

class Conversation {
public:
    /// `boundTo`: who calls what with which arguments. Throws RpcError for answers that are none.
    Conversation(Request&, const RequestState&, std::string boundTo, std::int64_t nowMs);

    OfferCall options(std::string approval = {});
    /// The result of the question, as the client gives it. Throws Cancelled: it comes with the next call; Unsupported:
    /// the client cannot be asked that.
    std::string ask(std::string_view key, std::string_view kind, std::string_view question,
                    std::chrono::milliseconds limit);

    /// Questions that this call leaves open: {"resultType": "input_required", …}; empty: none.
    std::string inputRequired() const;
    /// The capability for want of which something could not be asked; empty: none.
    const std::string& missing() const { return missing_; }

private:
    void tell(std::string_view kind, std::string_view json);
    std::string askNow(std::string_view method, std::string_view kind, const boost::json::value& question,
                       std::chrono::milliseconds limit);

    Request& request_;
    const RequestState& states_;
    const std::string boundTo_;
    const std::int64_t nowMs_;
    boost::json::object answers_; ///< by key, of all rounds
    boost::json::object open_;    ///< inputRequests of this round
    std::string missing_;
};

/// RFC 5424: 7 is "debug", 0 "emergency"; -1: none of these.
int severityOf(std::string_view level);

} // namespace talome::mcp
