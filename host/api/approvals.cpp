// What waits for a person, and the person's answer: /api/tools/approvals. Neither is a tool: a model must not answer
// itself.
#include "host/api/approvals.hpp"

#include "host/gate/call.hpp"
#include "host/gate/failure.hpp"
#include "host/log/log.hpp"

namespace talome::api {

namespace {

constexpr int kMost = 500;

/// Of the operations that can be called now; none for one whose plugin is not enabled.
std::optional<std::string> toolOf(const gate::Snapshot& snapshot, const std::string& operation) {
    const auto it = snapshot.operations.find(operation);
    if (it == snapshot.operations.end() || it->second->declared.tools.empty()) return std::nullopt;
    return it->second->declared.tools.front().name;
}

std::optional<std::string> orNone(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

ApprovalInfo infoOf(const gate::Approval& each, const gate::Snapshot& snapshot, std::int64_t now) {
    return {each.id,
            toolOf(snapshot, each.operation),
            each.operation,
            boost::json::parse(each.input),
            each.tier,
            each.origin,
            each.userId,
            log::timestamp(each.createdAt),
            log::timestamp(each.expiresAt),
            gate::statusOf(each, now),
            orNone(each.decidedBy),
            orNone(each.reason)};
}

} // namespace

Approvals::Approvals(Registry& registry, gate::Approvals& approvals) : host_(registry.host()), approvals_(approvals) {
    registry
        .operation("approvals.list",
                   "Calls of models, automations and bots that wait, or waited, for a person: one's own, for "
                   "administrators everybody's",
                   session, Tier::read, this, &Approvals::list)
        .route("GET", "/api/tools/approvals")
        .input("status", "only those", oneOf({"pending", "approved", "denied", "used", "expired", "all"}),
               std::string("pending"))
        .input("limit", "how many, the newest first", range(1, kMost), 100);
    registry
        .operation("approvals.answer",
                   "Gives leave for the one call that an approval stands for, or denies it; by whom the call is made "
                   "for, or an administrator, logged in themself",
                   inPerson, Tier::modify, this, &Approvals::answer)
        .route("POST", "/api/tools/approvals/{id}")
        .input("id", "the approval", length(1, 64))
        .input("approved", "whether the call may be made")
        .input("reason", "told to the caller", length(0, 500))
        .target("approval", "id");
}

ApprovalList Approvals::list(Call& call, const ApprovalQuery& query) const {
    const auto now = host_.nowMs();
    const auto& snapshot = *call.raw()->snapshot;
    ApprovalList result;
    for (const auto& each :
         approvals_.list(call.granted("admin") ? "" : call.principal().userId,
                         query.status == "all" ? "" : query.status, static_cast<std::size_t>(query.limit)))
        result.approvals.push_back(infoOf(each, snapshot, now));
    return result;
}

ApprovalDone Approvals::answer(Call& call, const ApprovalAnswer& answer) {
    // At the socket sits whoever may run a program as that user: a model's own shell, maybe.
    if (call.raw()->principal->credential != gate::Credential::session)
        throw Denied("only a person who has logged in may answer");
    const auto approval = approvals_.find(answer.id);
    const auto caller = call.principal();
    if (!approval || (approval->userId != caller.userId && !call.granted("admin")))
        throw NotFound("there is no approval " + answer.id);
    try {
        approvals_.decide(answer.id, answer.approved, caller.userId, answer.reason.value_or(""));
    } catch (const gate::Failure& failure) {
        raise(failure.status, failure.what());
    }
    return {};
}

} // namespace talome::api
