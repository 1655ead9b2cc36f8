// Rows of the audit log as its readers see them.
#include "host/api/audit_rows.hpp"

#include "host/log/log.hpp"

namespace talome::api {

namespace {

Nullable<std::string> orNull(const std::string& text) {
    return {text.empty() ? std::nullopt : std::optional<std::string>(text)};
}

boost::json::value inputOf(const std::string& text) {
    if (text.empty()) return nullptr;
    boost::system::error_code error;
    auto value = boost::json::parse(text, error);
    return error ? boost::json::value(boost::json::string(text)) : value;
}

void cell(std::string& out, std::string_view text) {
    if (!out.empty() && out.back() != '\n') out += ',';
    const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
    if (!formula && text.find_first_of("\",\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    if (formula) out += '\'';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

} // namespace

std::string auditDetails(const audit::Entry& entry) {
    auto text = entry.outcome;
    if (!entry.target.empty())
        text += ": " + (entry.targetKind.empty() ? "" : entry.targetKind + " ") + "'" + entry.target + "'";
    if (!entry.words.empty()) text += ": " + entry.words;
    return text;
}

AuditRow auditRow(const audit::Row& from) {
    const auto& entry = from.entry;
    AuditRow row;
    row.id = from.id;
    row.timestamp = log::timestamp(entry.at);
    row.action = entry.action;
    row.tier = entry.tier;
    row.approved = entry.outcome != "blocked";
    row.details = auditDetails(entry);
    row.userId = orNull(entry.userId);
    row.username = orNull(entry.username);
    row.ip = orNull(entry.peer);
    row.source = entry.origin;
    row.targetType = orNull(entry.targetKind);
    row.targetId = orNull(entry.target);
    row.requestId = orNull(entry.requestId);
    row.outcome = entry.outcome;
    row.durationMs = entry.durationMs;
    row.input = inputOf(entry.input);
    row.credential = entry.credential;
    row.credentialId = orNull(entry.credentialId);
    row.plugin = orNull(entry.plugin);
    row.approvalId = orNull(entry.approvalId);
    row.userAgent = orNull(entry.userAgent);
    return row;
}

std::string auditCsvHead() {
    return "id,timestamp,action,tier,outcome,approved,userId,username,source,credential,credentialId,ip,userAgent,"
           "requestId,plugin,targetType,targetId,approvalId,durationMs,input,details\r\n";
}

void appendAuditCsv(std::string& out, const audit::Row& row) {
    const auto& entry = row.entry;
    out += std::to_string(row.id);
    for (const auto& text : {log::timestamp(entry.at),
                             entry.action,
                             entry.tier,
                             entry.outcome,
                             std::string(entry.outcome != "blocked" ? "true" : "false"),
                             entry.userId,
                             entry.username,
                             entry.origin,
                             entry.credential,
                             entry.credentialId,
                             entry.peer,
                             entry.userAgent,
                             entry.requestId,
                             entry.plugin,
                             entry.targetKind,
                             entry.target,
                             entry.approvalId,
                             std::to_string(entry.durationMs),
                             entry.input,
                             auditDetails(entry)})
        cell(out, text);
    out += "\r\n";
}

} // namespace talome::api
