// An entry of the audit log as it is kept.
#include "host/audit/row.hpp"

#include "host/http/utf8_checker.hpp"
#include "host/storage/columns.hpp"

#include <algorithm>

namespace talome::audit {

namespace {

constexpr std::string_view kMark = "…";
constexpr std::string_view kReplacement = "\xef\xbf\xbd"; // U+FFFD

std::string Entry::*const kBeforeDuration[] = {
    &Entry::action,    &Entry::tier,       &Entry::outcome,      &Entry::userId, &Entry::username,
    &Entry::origin,    &Entry::credential, &Entry::credentialId, &Entry::peer,   &Entry::userAgent,
    &Entry::requestId, &Entry::plugin,     &Entry::targetKind,   &Entry::target, &Entry::approvalId};
std::string Entry::*const kAfterDuration[] = {&Entry::input, &Entry::words};

bool isUtf8(std::string_view text) {
    http::Utf8Checker checker;
    return checker.take(text) && checker.complete();
}

/// The length of the character at the beginning; 0 if there is none.
std::size_t character(std::string_view text) {
    for (std::size_t n = 1; n <= std::min<std::size_t>(4, text.size()); ++n)
        if (isUtf8(text.substr(0, n))) return n;
    return 0;
}

void mend(std::string& text) {
    if (isUtf8(text)) return;
    std::string mended;
    for (std::size_t at = 0; at < text.size();) {
        const auto n = character(std::string_view(text).substr(at));
        mended += n ? std::string_view(text).substr(at, n) : kReplacement;
        at += std::max<std::size_t>(n, 1);
    }
    text = std::move(mended);
}

void cut(std::string& text, std::size_t most) {
    if (text.size() <= most) return;
    auto end = most - kMark.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end; // not inside a character
    text.resize(end);
    text += kMark;
}

} // namespace

Row readRow(sqlite3_stmt* statement) {
    Row row;
    int at = 0;
    row.id = storage::integerOf(storage::column(statement, at++));
    row.entry.at = storage::integerOf(storage::column(statement, at++));
    for (const auto field : kBeforeDuration) row.entry.*field = storage::textOf(storage::column(statement, at++));
    row.entry.durationMs = storage::integerOf(storage::column(statement, at++));
    for (const auto field : kAfterDuration) row.entry.*field = storage::textOf(storage::column(statement, at++));
    auto mac = storage::column(statement, at);
    if (auto* bytes = std::get_if<storage::Blob>(&mac)) row.mac = std::move(bytes->bytes);
    return row;
}

std::vector<storage::Value> valuesOf(const Row& row) {
    std::vector<storage::Value> values{row.id, row.entry.at};
    for (const auto field : kBeforeDuration) values.emplace_back(row.entry.*field);
    values.emplace_back(row.entry.durationMs);
    for (const auto field : kAfterDuration) values.emplace_back(row.entry.*field);
    values.emplace_back(storage::Blob{row.mac});
    return values;
}

Entry bounded(Entry entry) {
    for (const auto field : kBeforeDuration) {
        mend(entry.*field);
        cut(entry.*field, field == &Entry::userAgent || field == &Entry::target ? 512 : 200);
    }
    mend(entry.input);
    cut(entry.input, kMostInput);
    mend(entry.words);
    cut(entry.words, 1024);
    return entry;
}

} // namespace talome::audit
