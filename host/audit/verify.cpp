// Looks whether the audit log is as it was written: from the anchor, row by row, to the head.
#include "host/audit/verify.hpp"

#include "host/audit/tables.hpp"
#include "host/auth/secret.hpp"

#include <limits>

namespace talome::audit {

namespace {

constexpr std::int64_t kPage = 200; // rows in memory at a time

std::string range(std::int64_t first, std::int64_t last) {
    if (first == last) return "row " + std::to_string(first);
    return "rows " + std::to_string(first) + " to " + std::to_string(last);
}

class Walk {
public:
    Walk(storage::Database& database, const Chain& chain, const std::function<bool()>& cancelled)
        : database_(database), chain_(chain), cancelled_(cancelled), anchor_(readEnd(database, chain, kAnchor)),
          head_(readEnd(database, chain, kHead)), end_(anchor_.end) {}

    Verdict go() {
        if (anchor_.present && !anchor_.sealed)
            return wrong(Fault::anchor, anchor_.end.id,
                         "what is noted of the last pruned row was changed, or is sealed with another secret");
        const auto to = head_.sealed ? head_.end.id : std::numeric_limits<std::int64_t>::max();
        for (;;) {
            if (cancelled_ && cancelled_()) throw std::runtime_error("the verification was ended");
            const auto rows = nextRows(database_, end_.id, to, kPage);
            for (const auto& row : rows)
                if (!take(row, to)) return verdict_;
            if (rows.size() < kPage) break;
        }
        return atEnd();
    }

    const KnownEnd& anchor() const { return anchor_; }

private:
    Verdict wrong(Fault fault, std::int64_t id, std::string words) {
        verdict_.fault = fault;
        verdict_.id = id;
        verdict_.words = std::move(words);
        return verdict_;
    }

    bool take(const Row& row, std::int64_t to) {
        const auto expected = end_.id + 1;
        if (row.id != expected) {
            wrong(Fault::removed, expected, range(expected, row.id - 1) + " were removed, or the log's end was");
            return false;
        }
        if (!auth::equalConstantTime(chain_.mac(end_.mac, row.id, row.entry), row.mac)) {
            tellChanged(row, to);
            return false;
        }
        if (verdict_.rows++ == 0) verdict_.first = row.id;
        verdict_.last = row.id;
        end_ = {row.id, row.mac};
        return true;
    }

    /// Either the row was changed, or the one that belongs here stands elsewhere.
    void tellChanged(const Row& row, std::int64_t to) {
        for (auto at = row.id;;) {
            const auto rows = nextRows(database_, at, to, kPage);
            for (const auto& other : rows)
                if (auth::equalConstantTime(chain_.mac(end_.mac, row.id, other.entry), other.mac)) {
                    wrong(Fault::reordered, row.id,
                          "row " + std::to_string(other.id) + " belongs where row " + std::to_string(row.id) + " is");
                    return;
                }
            if (rows.size() < kPage) break;
            at = rows.back().id;
        }
        wrong(Fault::changed, row.id,
              "row " + std::to_string(row.id) + " is not as it was written, or another one was before it");
    }

    Verdict atEnd() {
        if (!head_.sealed)
            return wrong(Fault::head, end_.id,
                         head_.present ? "what is noted of the last row was changed, or is sealed with another secret"
                                       : "what was noted of the last row is missing");
        if (end_.id < head_.end.id)
            return wrong(Fault::truncated, end_.id + 1,
                         range(end_.id + 1, head_.end.id) + ", the last ones, are missing");
        if (end_.mac != head_.end.mac)
            return wrong(Fault::head, end_.id, "the last row is not the one that was written last");
        // In one statement, so that rows which are written meanwhile come with their head.
        const auto ends = database_.rows("SELECT (SELECT coalesce(min(id), 0) FROM audit_log), (SELECT "
                                         "coalesce(max(id), 0) FROM audit_log), (SELECT coalesce(max(id), 0) FROM "
                                         "audit_ends WHERE name = 'head'), (SELECT coalesce(max(id), 0) FROM "
                                         "audit_ends WHERE name = 'anchor')")[0];
        const auto number = [&](std::size_t at) {
            const auto* found = std::get_if<std::int64_t>(&ends[at]);
            return found ? *found : std::int64_t{0};
        };
        if (number(1) > number(2))
            return wrong(Fault::added, number(2) + 1, range(number(2) + 1, number(1)) + " were added by somebody else");
        if (number(0) != 0 && number(0) <= number(3))
            return wrong(Fault::added, number(0),
                         "row " + std::to_string(number(0)) + " was pruned, and is there again");
        return verdict_;
    }

    storage::Database& database_;
    const Chain& chain_;
    const std::function<bool()>& cancelled_;
    const KnownEnd anchor_, head_;
    End end_; ///< the last row that is right
    Verdict verdict_;
};

} // namespace

std::vector<Row> nextRows(storage::Database& database, std::int64_t from, std::int64_t to, std::int64_t most) {
    static const auto sql =
        std::string("SELECT ") + kColumns + " FROM audit_log WHERE id > ? AND id <= ? ORDER BY id LIMIT ?";
    std::vector<Row> rows;
    database.run(sql, {from, to, most}, [&](sqlite3_stmt* statement) {
        rows.push_back(readRow(statement));
        return true;
    });
    return rows;
}

Verdict verify(storage::Database& database, const Chain& chain, const std::function<bool()>& cancelled) {
    for (;;) {
        Walk walk(database, chain, cancelled);
        auto verdict = walk.go();
        if (verdict.fault == Fault::none) return verdict;
        // Rows that were pruned meanwhile only look as if they were removed.
        const auto anchor = readEnd(database, chain, kAnchor);
        if (!anchor.sealed || anchor.end == walk.anchor().end) return verdict;
    }
}

Verdict verifyFile(const std::filesystem::path& file, const std::string& key) {
    if (!std::filesystem::exists(file)) throw std::runtime_error(file.string() + " does not exist");
    storage::Database database(file, storage::Durability::powerCut);
    return verify(database, Chain(key));
}

} // namespace talome::audit
