// Reading the audit log: /api/audit-log.
#pragma once

#include "host/api/audit_rows.hpp"
#include "host/audit/log.hpp"
#include "host/audit/verify.hpp"

#include <atomic>
#include <mutex>

namespace talome::api {

struct AuditFilter {
    std::optional<std::string> action, tier;
    std::optional<bool> approved;
    std::optional<std::string> user, source, outcome, q, from, to;
};
BOOST_DESCRIBE_STRUCT(AuditFilter, (), (action, tier, approved, user, source, outcome, q, from, to))

struct AuditQuery : AuditFilter {
    int limit = 0;
    std::optional<std::int64_t> cursor;
};
BOOST_DESCRIBE_STRUCT(AuditQuery, (AuditFilter), (limit, cursor))

struct AuditExport : AuditFilter {
    std::string format;
};
BOOST_DESCRIBE_STRUCT(AuditExport, (AuditFilter), (format))

struct AuditRecent {
    int limit = 0;
};
BOOST_DESCRIBE_STRUCT(AuditRecent, (), (limit))

struct AuditSummary {
    Nullable<std::string> summary, generatedAt;
    std::string source;
};
BOOST_DESCRIBE_STRUCT(AuditSummary, (), (summary, generatedAt, source))

struct AuditProblem {
    audit::Fault kind{};
    std::int64_t id = 0; ///< of the first row that is not right
    std::string message;
};
BOOST_DESCRIBE_STRUCT(AuditProblem, (), (kind, id, message))

struct AuditVerdict {
    bool ok = true;
    std::int64_t rows = 0, firstId = 0, lastId = 0; ///< that are right
    std::optional<AuditProblem> problem;
};
BOOST_DESCRIBE_STRUCT(AuditVerdict, (), (ok, rows, firstId, lastId, problem))

/// Any thread.
class AuditLog {
public:
    AuditLog(Registry&, audit::Log&);

private:
    std::vector<AuditRow> list(Call&, const AuditQuery&) const;
    std::vector<AuditRow> recent(Call&, const AuditRecent&) const;
    AuditSummary summary(Call&) const;
    void exportRows(Call&, const AuditExport&, Exchange&);
    AuditVerdict verify(Call&);

    std::vector<audit::Row> latest(Call&, int limit) const;

    Host host_;
    audit::Log& log_;
    std::atomic<int> exports_{0};
    std::mutex verifying_;
};

} // namespace talome::api
