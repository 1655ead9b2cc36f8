// What is read of the audit log.
#include "host/audit/query.hpp"

#include "host/storage/columns.hpp"

namespace talome::audit {

namespace {

constexpr std::int64_t kPage = 200; // rows in memory at a time

/// The conditions of a statement, and their values.
class Where {
public:
    explicit Where(const Filter& filter) {
        same("tier", filter.tier);
        same("outcome", filter.outcome);
        same("origin", filter.origin);
        same("user_id", filter.userId);
        if (filter.action.ends_with('*')) {
            // A range, so that the index is used; no text has a byte 0xff.
            const auto prefix = filter.action.substr(0, filter.action.size() - 1);
            add("action >= ? AND action < ?", {prefix, prefix + "\xff"});
        } else {
            same("action", filter.action);
        }
        if (!filter.user.empty()) add("(user_id = ? OR username = ? COLLATE NOCASE)", {filter.user, filter.user});
        if (filter.approved) add(*filter.approved ? "outcome <> 'blocked'" : "outcome = 'blocked'", {});
        if (filter.from) add("at >= ?", {*filter.from});
        if (filter.to) add("at <= ?", {*filter.to});
        if (!filter.text.empty()) contains(filter.text);
    }
    void add(const char* condition, std::initializer_list<storage::Value> values) {
        text_.append(text_.empty() ? " WHERE " : " AND ").append(condition);
        values_.insert(values_.end(), values);
    }
    const std::string& text() const { return text_; }
    std::vector<storage::Value> values(std::initializer_list<storage::Value> more = {}) const {
        auto all = values_;
        all.insert(all.end(), more);
        return all;
    }

private:
    void same(const std::string& column, const std::string& value) {
        if (!value.empty()) add((column + " = ?").c_str(), {value});
    }
    void contains(const std::string& text) {
        std::string pattern = "%";
        for (const char c : text) {
            if (c == '%' || c == '_' || c == '\\') pattern += '\\';
            pattern += c;
        }
        pattern += '%';
        std::string any;
        for (const char* column : {"action", "target", "username", "peer", "input", "words", "request_id"}) {
            any.append(any.empty() ? "(" : " OR ").append(column).append(" LIKE ? ESCAPE '\\'");
            values_.emplace_back(pattern);
        }
        add((any + ")").c_str(), {});
    }

    std::string text_;
    std::vector<storage::Value> values_;
};

std::vector<Row> select(storage::Database& database, const Where& where, const char* order, std::int64_t most) {
    std::vector<Row> rows;
    database.run(std::string("SELECT ") + kColumns + " FROM audit_log" + where.text() + " ORDER BY id " + order +
                     " LIMIT ?",
                 where.values({most}), [&](sqlite3_stmt* statement) {
                     rows.push_back(readRow(statement));
                     return true;
                 });
    return rows;
}

std::int64_t number(storage::Database& database, const std::string& sql,
                    const std::vector<storage::Value>& values = {}) {
    const auto rows = database.rows(sql, values);
    return rows.empty() ? 0 : storage::integerOf(rows[0][0]);
}

} // namespace

std::vector<Row> newest(storage::Database& database, const Filter& filter, std::int64_t before, std::int64_t most) {
    Where where(filter);
    if (before > 0) where.add("id < ?", {before});
    return select(database, where, "DESC", most);
}

std::int64_t count(storage::Database& database, const Filter& filter) {
    const Where where(filter);
    if (where.text().empty()) // ids have no gap, and counting would read them all
        return number(database, "SELECT (SELECT max(id) FROM audit_log) - (SELECT min(id) FROM audit_log) + 1");
    return number(database, "SELECT count(*) FROM audit_log" + where.text(), where.values());
}

void each(storage::Database& database, const Filter& filter, const std::function<bool(const Row&)>& take) {
    const auto last = number(database, "SELECT max(id) FROM audit_log");
    for (std::int64_t after = 0;;) {
        Where where(filter);
        where.add("id > ? AND id <= ?", {after, last});
        const auto rows = select(database, where, "ASC", kPage);
        for (const auto& row : rows)
            if (!take(row)) return;
        if (static_cast<std::int64_t>(rows.size()) < kPage) return;
        after = rows.back().id;
    }
}

} // namespace talome::audit
