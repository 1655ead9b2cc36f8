// The jobs in host.db.
#include "host/jobs/store.hpp"

#include "host/storage/columns.hpp"

#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <stdexcept>

namespace talome::jobs {

namespace {

using storage::integerOf;
using storage::textOf;
using storage::Value;

constexpr const char* kColumns = "id, kind, plugin, title, permission, user_id, username, token_id, origin, resumable, "
                                 "state, cancel_asked, attempts, progress, progress_event, status, words, "
                                 "idempotency_key, request_id, created_at, started_at, ended_at, events_reserved";
constexpr std::size_t kSealed = 23; // input, checkpoint and result come after these

std::string nameOf(State state) { return boost::describe::enum_to_string(state, ""); }

State stateOf(const std::string& name) {
    State state{};
    if (!boost::describe::enum_from_string(name.c_str(), state))
        throw std::runtime_error("jobs: unknown state " + name);
    return state;
}

gate::Origin originOf(const std::string& name) {
    using gate::Origin;
    for (const auto each : {Origin::rest, Origin::mcp, Origin::chat, Origin::automation, Origin::task, Origin::webhook,
                            Origin::bot, Origin::plugin, Origin::cli, Origin::agent})
        if (gate::nameOf(each) == name) return each;
    throw std::runtime_error("jobs: unknown origin " + name);
}

/// What of the filter holds, with its values.
std::string where(const Filter& filter, std::vector<Value>& values) {
    std::string sql;
    const auto add = [&](const char* column, const std::string& value) {
        if (value.empty()) return;
        sql += std::string(sql.empty() ? " WHERE " : " AND ") + column + " = ?";
        values.emplace_back(value);
    };
    add("user_id", filter.userId);
    add("state", filter.state ? nameOf(*filter.state) : "");
    add("kind", filter.kind);
    add("plugin", filter.plugin);
    return sql;
}

Value orNull(const std::string& text) { return text.empty() ? Value(nullptr) : Value(text); }

} // namespace

std::string Store::open(const Record& record, const char* what, const Value& sealed) const {
    const auto text = textOf(sealed);
    return text.empty() ? text : seal_.open("job " + record.id + " " + what, text);
}

Value Store::close(const Record& record, const char* what, const std::string& plain) const {
    if (plain.empty()) return nullptr;
    return seal_.close("job " + record.id + " " + what, plain);
}

void Store::insert(const Record& r) {
    database_.run(std::string("INSERT INTO jobs (") + kColumns +
                      ", input, checkpoint, result) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                  {r.id,
                   r.kind,
                   r.plugin,
                   r.title,
                   r.permission,
                   r.owner.userId,
                   r.owner.username,
                   r.owner.tokenId,
                   std::string(gate::nameOf(r.owner.origin)),
                   std::int64_t{r.resumable},
                   nameOf(r.state),
                   std::int64_t{r.cancelAsked},
                   std::int64_t{r.attempts},
                   nullptr,
                   r.progressEvent,
                   std::int64_t{r.status},
                   r.words,
                   orNull(r.idempotencyKey),
                   r.requestId,
                   r.createdAt,
                   r.startedAt,
                   r.endedAt,
                   r.eventsReserved,
                   close(r, "input", r.input),
                   nullptr,
                   nullptr});
}

void Store::update(const Record& r, const std::vector<Event>& added, bool checkpoint) {
    const bool over = isOver(r.state);
    database_.transaction([&] {
        database_.run("UPDATE jobs SET state = ?, cancel_asked = ?, attempts = ?, progress = ?, progress_event = ?, "
                      "status = ?, words = ?, started_at = ?, ended_at = ?, events_reserved = ? WHERE id = ?",
                      {nameOf(r.state), std::int64_t{r.cancelAsked}, std::int64_t{r.attempts},
                       r.progress ? Value(toJson(*r.progress)) : Value(nullptr), r.progressEvent,
                       std::int64_t{r.status}, r.words, r.startedAt, r.endedAt, r.eventsReserved, r.id});
        if (over) // what it began with is nobody's any more
            database_.run("UPDATE jobs SET input = NULL, checkpoint = NULL, result = ? WHERE id = ?",
                          {close(r, "result", r.result.value_or("")), r.id});
        else if (checkpoint)
            database_.run("UPDATE jobs SET checkpoint = ? WHERE id = ?", {close(r, "checkpoint", r.checkpoint), r.id});
        for (const auto& event : added)
            database_.run("INSERT INTO job_events (job_id, number, type, data) VALUES (?, ?, ?, ?)",
                          {r.id, event.number, event.type, event.data});
        if (!added.empty())
            database_.run("DELETE FROM job_events WHERE job_id = ? AND number <= (SELECT number FROM job_events "
                          "WHERE job_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?)",
                          {r.id, r.id, static_cast<std::int64_t>(kMostEvents)});
        return true;
    });
}

void Store::remove(const std::string& id) {
    database_.transaction([&] {
        database_.run("DELETE FROM job_events WHERE job_id = ?", {id});
        database_.run("DELETE FROM jobs WHERE id = ?", {id});
        return true;
    });
}

void Store::prune(std::int64_t now) {
    std::vector<std::string> old;
    for (const auto& row :
         database_.rows("SELECT id FROM jobs WHERE ended_at BETWEEN 1 AND ? UNION SELECT id FROM (SELECT id FROM jobs "
                        "WHERE ended_at > 0 ORDER BY ended_at DESC LIMIT -1 OFFSET ?)",
                        {now - kKeptFor, kMostKept}))
        old.push_back(textOf(row[0]));
    for (const auto& id : old) remove(id);
}

Record Store::recordOf(const storage::Row& row, bool whole) const {
    Record r;
    r.id = textOf(row[0]);
    r.kind = textOf(row[1]);
    r.plugin = textOf(row[2]);
    r.title = textOf(row[3]);
    r.permission = textOf(row[4]);
    r.owner = {textOf(row[5]), textOf(row[6]), textOf(row[7]), originOf(textOf(row[8]))};
    r.resumable = integerOf(row[9]) != 0;
    r.state = stateOf(textOf(row[10]));
    r.cancelAsked = integerOf(row[11]) != 0;
    r.attempts = static_cast<unsigned>(integerOf(row[12]));
    if (const auto text = textOf(row[13]); !text.empty()) r.progress = readText<Progress>(text);
    r.progressEvent = integerOf(row[14]);
    r.status = static_cast<std::int32_t>(integerOf(row[15]));
    r.words = textOf(row[16]);
    r.idempotencyKey = textOf(row[17]);
    r.requestId = textOf(row[18]);
    r.createdAt = integerOf(row[19]);
    r.startedAt = integerOf(row[20]);
    r.endedAt = integerOf(row[21]);
    r.eventsReserved = integerOf(row[22]);
    if (!whole) return r;
    r.input = open(r, "input", row[kSealed]);
    r.checkpoint = open(r, "checkpoint", row[kSealed + 1]);
    if (auto result = open(r, "result", row[kSealed + 2]); !result.empty()) r.result = std::move(result);
    return r;
}

std::optional<Record> Store::byId(const std::string& id) const {
    const auto rows =
        database_.rows(std::string("SELECT ") + kColumns + ", input, checkpoint, result FROM jobs WHERE id = ?", {id});
    if (rows.empty()) return std::nullopt;
    return recordOf(rows[0], true);
}

std::optional<std::string> Store::byKey(const std::string& userId, const std::string& kind, const std::string& key,
                                        std::int64_t since) const {
    const auto rows = database_.rows("SELECT id FROM jobs WHERE user_id = ? AND kind = ? AND idempotency_key = ? AND "
                                     "created_at > ? ORDER BY created_at DESC LIMIT 1",
                                     {userId, kind, key, since});
    if (rows.empty()) return std::nullopt;
    return textOf(rows[0][0]);
}

std::vector<Record> Store::unfinished() const {
    std::vector<Record> found;
    for (const auto& row : database_.rows(std::string("SELECT ") + kColumns +
                                          ", input, checkpoint, result FROM jobs WHERE ended_at = 0 ORDER BY rowid"))
        found.push_back(recordOf(row, true));
    return found;
}

std::vector<Record> Store::list(const Filter& filter, int limit, int offset) const {
    std::vector<Value> values;
    const auto sql = std::string("SELECT ") + kColumns + " FROM jobs" + where(filter, values) +
                     " ORDER BY rowid DESC LIMIT ? OFFSET ?";
    values.emplace_back(std::int64_t{limit});
    values.emplace_back(std::int64_t{offset});
    std::vector<Record> found;
    for (const auto& row : database_.rows(sql, values)) found.push_back(recordOf(row, false));
    return found;
}

std::int64_t Store::count(const Filter& filter) const {
    std::vector<Value> values;
    const auto sql = "SELECT count(*) FROM jobs" + where(filter, values);
    return integerOf(database_.rows(sql, values)[0][0]);
}

std::vector<Event> Store::events(const std::string& id, std::int64_t after) const {
    std::vector<Event> found;
    for (const auto& row : database_.rows(
             "SELECT number, type, data FROM job_events WHERE job_id = ? AND number > ? ORDER BY number", {id, after}))
        found.push_back({integerOf(row[0]), textOf(row[1]), textOf(row[2])});
    return found;
}

} // namespace talome::jobs
