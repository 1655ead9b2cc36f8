// Rows of the audit log as its readers see them: JSON, lines of JSON, CSV.
#pragma once

#include "host/audit/row.hpp"

#include <talome/plugin.hpp>

namespace talome::api {

struct AuditRow {
    std::int64_t id = 0;
    std::string timestamp, action, tier;
    bool approved = true;
    std::string details;
    Nullable<std::string> userId, username, ip;
    std::string source;
    Nullable<std::string> targetType, targetId, requestId;
    std::string outcome;
    std::int64_t durationMs = 0;
    boost::json::value input; ///< without secrets; a text if it was too long to be kept whole
    std::string credential;
    Nullable<std::string> credentialId, plugin, approvalId, userAgent;
};
BOOST_DESCRIBE_STRUCT(AuditRow, (),
                      (id, timestamp, action, tier, approved, details, userId, username, ip, source, targetType,
                       targetId, requestId, outcome, durationMs, input, credential, credentialId, plugin, approvalId,
                       userAgent))

AuditRow auditRow(const audit::Row&);

/// For people: what became of it, and on what.
std::string auditDetails(const audit::Entry&);

/// RFC 4180, with a first line of names. A cell that a spreadsheet would take for a formula begins with an apostrophe.
std::string auditCsvHead();
void appendAuditCsv(std::string& out, const audit::Row&);

} // namespace talome::api
