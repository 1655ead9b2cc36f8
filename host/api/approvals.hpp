// What waits for a person, and the person's answer: /api/tools/approvals.
#pragma once

#include "host/gate/approvals.hpp"

#include <talome/plugin.hpp>

namespace talome::api {

struct ApprovalQuery {
    std::string status;
    int limit = 0;
};
BOOST_DESCRIBE_STRUCT(ApprovalQuery, (), (status, limit))

struct ApprovalInfo {
    std::string id;
    std::optional<std::string> tool; ///< its name among the tools, if it has one
    std::string operation;
    boost::json::value input; ///< without secrets
    std::string tier, origin, userId, createdAt, expiresAt, status;
    std::optional<std::string> decidedBy, reason;
};
BOOST_DESCRIBE_STRUCT(ApprovalInfo, (),
                      (id, tool, operation, input, tier, origin, userId, createdAt, expiresAt, status, decidedBy,
                       reason))

struct ApprovalList {
    std::vector<ApprovalInfo> approvals;
};
BOOST_DESCRIBE_STRUCT(ApprovalList, (), (approvals))

struct ApprovalAnswer {
    std::string id;
    bool approved = false;
    std::optional<std::string> reason;
};
BOOST_DESCRIBE_STRUCT(ApprovalAnswer, (), (id, approved, reason))

struct ApprovalDone {
    bool ok = true;
};
BOOST_DESCRIBE_STRUCT(ApprovalDone, (), (ok))

/// Any thread.
class Approvals {
public:
    Approvals(Registry&, gate::Approvals&);

private:
    ApprovalList list(Call&, const ApprovalQuery&) const;
    ApprovalDone answer(Call&, const ApprovalAnswer&);

    Host host_;
    gate::Approvals& approvals_;
};

} // namespace talome::api
