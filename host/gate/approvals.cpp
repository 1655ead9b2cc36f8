// Leave that a person gives for one call.
#include "host/gate/approvals.hpp"

#include "host/auth/secret.hpp"
#include "host/gate/failure.hpp"
#include "host/storage/columns.hpp"

namespace talome::gate {

namespace {

using storage::integerOf, storage::textOf;

constexpr std::int64_t kKeepMs = 30ll * 24 * 3600 * 1000; // what is over is kept so long
constexpr const char* kColumns = "id, operation, tier, origin, user_id, input, created_at, expires_at, decided_at, "
                                 "used_at, approved, decided_by, reason";

Approval read(const storage::Row& row) {
    Approval approval;
    approval.id = textOf(row[0]);
    approval.operation = textOf(row[1]);
    approval.tier = textOf(row[2]);
    approval.origin = textOf(row[3]);
    approval.userId = textOf(row[4]);
    approval.input = textOf(row[5]);
    approval.createdAt = integerOf(row[6]);
    approval.expiresAt = integerOf(row[7]);
    approval.decidedAt = integerOf(row[8]);
    approval.usedAt = integerOf(row[9]);
    approval.approved = integerOf(row[10]) != 0;
    approval.decidedBy = textOf(row[11]);
    approval.reason = textOf(row[12]);
    return approval;
}

/// Who exactly makes the call: another token, session or plugin of the same user is another caller.
std::string callerOf(const Approvals::Wanted& wanted) {
    const auto& who = wanted.caller;
    std::string caller = who.credential == Credential::token     ? "token:" + who.sessionId
                         : who.credential == Credential::session ? "session:" + who.sessionId
                         : who.credential == Credential::socket  ? "socket:" + who.userId
                                                                 : who.userId;
    if (!wanted.plugin.empty()) caller.append(" by ").append(wanted.plugin);
    return caller;
}

/// `pending`: the same call may be made again with it.
[[noreturn]] void refuse(const std::string& id, const std::string& why, bool pending = false) {
    Failure failure(TALOME_E_CONFLICT, "the approval " + id + " " + why);
    if (pending) failure.members = {{"code", "APPROVAL_REQUIRED"}, {"approvalId", id}};
    throw failure;
}

} // namespace

std::string statusOf(const Approval& approval, std::int64_t now) {
    if (approval.usedAt) return "used";
    if (approval.decidedAt && !approval.approved) return "denied";
    if (approval.expiresAt <= now) return "expired";
    return approval.decidedAt ? "approved" : "pending";
}

Approvals::Approvals(storage::Database& database, std::string key, Now now)
    : database_(database), key_(std::move(key)), now_(std::move(now)) {}

void Approvals::tell(const Approval& approval) const {
    if (changed_) changed_(approval);
}

std::string Approvals::digest(const Wanted& wanted) const {
    return auth::hmac(key_, wanted.operation + '\n' + wanted.input);
}

Approval Approvals::ask(const Wanted& wanted) {
    const auto now = now_();
    const auto caller = callerOf(wanted);
    const storage::Blob exact{digest(wanted)};
    std::optional<Approval> approval;
    bool fresh = false;
    database_.transaction([&] {
        database_.run("DELETE FROM approvals WHERE created_at < ?", {now - kKeepMs});
        const auto waiting = database_.rows(std::string("SELECT ") + kColumns +
                                                " FROM approvals WHERE caller = ? AND input_digest = ? AND user_id = ? "
                                                "AND decided_at IS NULL AND expires_at > ?",
                                            {caller, exact, wanted.caller.userId, now});
        if (!waiting.empty()) {
            approval = read(waiting[0]);
            return true;
        }
        const auto many =
            database_.rows("SELECT count(*) FROM approvals WHERE user_id = ? AND decided_at IS NULL AND expires_at > ?",
                           {wanted.caller.userId, now});
        if (integerOf(many[0][0]) >= kMostPending) return false;
        approval = Approval{auth::uuid(),
                            wanted.operation,
                            wanted.tier,
                            std::string(nameOf(wanted.caller.origin)),
                            wanted.caller.userId,
                            wanted.redacted,
                            now,
                            now + kLifetimeMs,
                            0,
                            0,
                            false,
                            {},
                            {}};
        database_.run("INSERT INTO approvals (id, operation, tier, origin, user_id, caller, input_digest, input, "
                      "created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      {approval->id, approval->operation, approval->tier, approval->origin, approval->userId, caller,
                       exact, approval->input, approval->createdAt, approval->expiresAt});
        fresh = true;
        return true;
    });
    if (!approval) {
        Failure failure(TALOME_E_LIMITED, std::to_string(kMostPending) +
                                              " calls wait for a person already; answer them at /api/tools/approvals");
        failure.retryAfter = 60;
        throw failure;
    }
    if (fresh) tell(*approval);
    return *approval;
}

void Approvals::use(const std::string& id, const Wanted& wanted) {
    const auto now = now_();
    std::string why;
    bool pending = false;
    std::optional<Approval> taken;
    database_.transaction([&] {
        const auto rows =
            database_.rows(std::string("SELECT ") + kColumns +
                               ", caller = ? AND input_digest = ? AND user_id = ? FROM approvals WHERE id = ?",
                           {callerOf(wanted), storage::Blob{digest(wanted)}, wanted.caller.userId, id});
        if (rows.empty() || integerOf(rows[0][13]) == 0) {
            why = "is not for this call: it counts for one caller, one operation and one exact input";
            return false;
        }
        auto approval = read(rows[0]);
        const auto status = statusOf(approval, now);
        if (status != "approved") {
            pending = status == "pending";
            why = pending              ? "is not answered yet"
                  : status == "denied" ? "was denied" + (approval.reason.empty() ? "" : ": " + approval.reason)
                  : status == "used"   ? "was used already: it is good for one call"
                                       : "has expired";
            return false;
        }
        approval.usedAt = now;
        database_.run("UPDATE approvals SET used_at = ? WHERE id = ?", {now, id});
        taken = std::move(approval);
        return true;
    });
    if (!taken) refuse(id, why, pending);
    tell(*taken);
}

std::vector<Approval> Approvals::list(const std::string& userId, const std::string& status, std::size_t most) const {
    const auto now = now_();
    std::vector<Approval> found;
    database_.run(std::string("SELECT ") + kColumns +
                      " FROM approvals WHERE ? = '' OR user_id = ? ORDER BY created_at DESC, id",
                  {userId, userId}, [&](sqlite3_stmt* statement) {
                      storage::Row row;
                      for (int i = 0; i < 13; ++i) row.push_back(storage::column(statement, i));
                      auto approval = read(row);
                      if (status.empty() || statusOf(approval, now) == status) found.push_back(std::move(approval));
                      return found.size() < most;
                  });
    return found;
}

std::optional<Approval> Approvals::find(const std::string& id) const {
    const auto rows = database_.rows(std::string("SELECT ") + kColumns + " FROM approvals WHERE id = ?", {id});
    return rows.empty() ? std::nullopt : std::optional(read(rows[0]));
}

Approval Approvals::decide(const std::string& id, bool approved, const std::string& by, const std::string& reason) {
    const auto now = now_();
    const auto changed = database_.run("UPDATE approvals SET decided_at = ?, decided_by = ?, approved = ?, reason = ? "
                                       "WHERE id = ? AND decided_at IS NULL AND expires_at > ?",
                                       {now, by, std::int64_t{approved}, reason, id, now});
    const auto approval = find(id);
    if (!approval) throw Failure(TALOME_E_NOT_FOUND, "there is no approval " + id);
    if (changed == 0) refuse(id, approval->decidedAt ? "is answered already" : "has expired");
    tell(*approval);
    return *approval;
}

} // namespace talome::gate
