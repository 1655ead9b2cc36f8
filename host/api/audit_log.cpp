// Reading the audit log: /api/audit-log.
#include "host/api/audit_log.hpp"

#include "host/api/rfc3339.hpp"
#include "host/audit/query.hpp"
#include "host/log/log.hpp"

namespace talome::api {

namespace {

constexpr int kMostExports = 2;           // each holds a worker for as long as its client takes
constexpr std::size_t kPiece = 64 * 1024; // bytes of an export in memory
constexpr std::int64_t kDayMs = 86'400'000;
constexpr int kSummaryRows = 5;

/// A day is meant as a whole: from its first to its last millisecond.
std::int64_t timeOf(const char* name, const std::string& text, bool end) {
    const bool day = text.size() == 10;
    const auto time = epochMsOf(day ? text + "T00:00:00Z" : text);
    if (!time) throw Invalid(name, "expected a time such as 2027-01-31T12:00:00Z, or a day");
    return day && end ? *time + kDayMs - 1 : *time;
}

audit::Filter filterOf(const AuditFilter& input) {
    audit::Filter filter;
    filter.action = input.action.value_or("");
    filter.tier = input.tier.value_or("");
    filter.outcome = input.outcome.value_or("");
    filter.origin = input.source.value_or("");
    filter.user = input.user.value_or("");
    filter.text = input.q.value_or("");
    filter.approved = input.approved;
    if (input.from) filter.from = timeOf("from", *input.from, false);
    if (input.to) filter.to = timeOf("to", *input.to, true);
    return filter;
}

template <class Chain> void describeFilter(Chain& chain) {
    chain.input("action", "an operation, or its beginning and a *", length(1, 200))
        .input("tier", "only that", oneOf({"read", "modify", "destructive"}))
        .input("approved", "false: only what the security mode has blocked")
        .input("user", "id or name", length(1, 200))
        .input("source", "by which way the call came",
               oneOf({"rest", "mcp", "chat", "automation", "task", "webhook", "bot", "plugin", "cli", "agent"}))
        .input("outcome", "how it ended", oneOf({"intent", "done", "failed", "denied", "blocked"}))
        .input("q", "found in action, target, user, address, input, words or request id", length(1, 200))
        .input("from", "not before this time or day (RFC 3339)", length(1, 64))
        .input("to", "not after this time or day", length(1, 64));
}

/// One of a few that may be under way; for as long as it lives.
class Place {
public:
    Place(std::atomic<int>& taken, int most) : taken_(taken), free_(++taken <= most) {}
    ~Place() { --taken_; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    bool isFree() const { return free_; }

private:
    std::atomic<int>& taken_;
    const bool free_;
};

std::vector<AuditRow> shown(const std::vector<audit::Row>& rows) {
    std::vector<AuditRow> shown;
    shown.reserve(rows.size());
    for (const auto& row : rows) shown.push_back(auditRow(row));
    return shown;
}

} // namespace

AuditLog::AuditLog(Registry& registry, audit::Log& log) : host_(registry.host()), log_(log) {
    auto list =
        registry.operation("auditLog.list", "Who did what, the newest first", admin, Tier::read, this, &AuditLog::list);
    list.route("GET", "/api/audit-log").tool("get_audit_log", "Who did what on this server, the newest first");
    describeFilter(list);
    list.input("limit", "rows of one page", range(1, 1000), 100)
        .input("cursor", "X-Next-Cursor of the page before", atLeast(1));
    registry
        .operation("auditLog.recent", "The newest rows: one's own, for administrators everybody's", session, Tier::read,
                   this, &AuditLog::recent)
        .route("GET", "/api/audit-log/recent")
        .input("limit", "how many", range(1, 100), 10);
    registry
        .operation("auditLog.summary", "The newest rows as a text for people", session, Tier::read, this,
                   &AuditLog::summary)
        .route("GET", "/api/audit-log/summary");
    auto exported = registry.raw("auditLog.export", "All rows, the oldest first, as CSV or as lines of JSON", admin,
                                 Tier::read, "GET", "/api/audit-log/export", this, &AuditLog::exportRows);
    describeFilter(exported);
    exported.input("format", "of the file", oneOf({"csv", "jsonl"}), std::string("csv"));
    registry
        .operation("auditLog.verify", "Whether the log is as it was written: none changed, removed, moved or added",
                   admin, Tier::read, this, &AuditLog::verify)
        .route("GET", "/api/audit-log/verify");
    registry.setting("audit_retention_days", "How long rows of the audit log are kept", 365).range(1, 36'500);
    registry.setting("audit_log_reads", "Whether calls that only read have rows in the audit log as well", false);
}

std::vector<AuditRow> AuditLog::list(Call& call, const AuditQuery& query) const {
    const auto filter = filterOf(query);
    auto rows = audit::newest(log_.reader(), filter, query.cursor.value_or(0), query.limit + 1);
    if (rows.size() > static_cast<std::size_t>(query.limit)) {
        rows.pop_back();
        call.header("X-Next-Cursor", std::to_string(rows.back().id));
    }
    call.header("X-Total-Count", std::to_string(audit::count(log_.reader(), filter)));
    return shown(rows);
}

std::vector<audit::Row> AuditLog::latest(Call& call, int limit) const {
    audit::Filter filter;
    if (!call.granted("admin")) {
        filter.userId = call.principal().userId;
        if (filter.userId.empty()) throw Denied("this session has no user");
    }
    return audit::newest(log_.reader(), filter, 0, limit);
}

std::vector<AuditRow> AuditLog::recent(Call& call, const AuditRecent& input) const {
    return shown(latest(call, input.limit));
}

AuditSummary AuditLog::summary(Call& call) const {
    AuditSummary summary;
    summary.source = "raw";
    std::string text;
    for (const auto& row : latest(call, kSummaryRows))
        text += log::timestamp(row.entry.at) + " " + (row.entry.username.empty() ? "nobody" : row.entry.username) +
                " " + row.entry.action + ": " + auditDetails(row.entry) + "\n";
    if (text.empty()) return summary;
    text.pop_back();
    summary.summary = {std::move(text)};
    summary.generatedAt = {log::timestamp(host_.nowMs())};
    return summary;
}

void AuditLog::exportRows(Call& call, const AuditExport& input, Exchange& exchange) {
    const auto filter = filterOf(input);
    const Place place(exports_, kMostExports);
    if (!place.isFree()) throw Limited("the audit log is being exported already; try again later");
    const bool csv = input.format == "csv";
    exchange.begin(200, {{"Content-Type", csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson"},
                         {"Content-Disposition",
                          csv ? "attachment; filename=\"audit-log.csv\"" : "attachment; filename=\"audit-log.jsonl\""},
                         {"Cache-Control", "no-store"}});
    auto piece = csv ? auditCsvHead() : std::string();
    audit::each(log_.reader(), filter, [&](const audit::Row& row) {
        if (csv) {
            appendAuditCsv(piece, row);
        } else {
            write(piece, auditRow(row));
            piece += '\n';
        }
        if (piece.size() < kPiece) return true;
        exchange.write(piece);
        piece.clear();
        return !call.cancelled();
    });
    if (!piece.empty()) exchange.write(piece);
}

AuditVerdict AuditLog::verify(Call& call) {
    const std::unique_lock one(verifying_, std::try_to_lock);
    if (!one) throw Limited("the audit log is being verified already; try again later");
    const auto found = audit::verify(log_.reader(), log_.chain(), [&] { return call.cancelled(); });
    AuditVerdict verdict{found.fault == audit::Fault::none, found.rows, found.first, found.last, std::nullopt};
    if (!verdict.ok) verdict.problem = AuditProblem{found.fault, found.id, found.words};
    return verdict;
}

} // namespace talome::api
