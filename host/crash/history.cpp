// What is known of crashes, and who is held back because of them.
#include "host/crash/history.hpp"

#include "host/crash/handler.hpp"
#include "host/log/log.hpp"

#include <boost/json.hpp>
#include <fstream>

namespace json = boost::json;

namespace talome::crash {

namespace {

constexpr std::int64_t kKept = 1000; // of all plugins together
constexpr const char* kColumns = "at, signal, address, operation, caller, module, offset, version";

std::string text(const json::object& record, const char* name) {
    const auto* value = record.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number(const json::object& record, const char* name) {
    const auto* value = record.if_contains(name);
    return value && value->is_int64() ? value->get_int64() : 0;
}

CrashInfo infoOf(const storage::Row& row) {
    const auto at = [&](std::size_t i) { return std::get<std::string>(row[i]); };
    return {log::timestamp(std::get<std::int64_t>(row[0])), at(1), at(2), at(3), at(4), at(5), at(6), at(7)};
}

std::string placeOf(const CrashInfo& crash) {
    return (crash.operation.empty() ? "a thread of its own" : crash.operation) + " (" + crash.signal + ", " +
           (crash.module.empty() ? "at no known code" : crash.module + " + " + crash.offset) + ")";
}

/// The lines that are records; one that was cut off, or written by somebody else, is logged.
std::vector<json::object> recordsIn(const std::filesystem::path& file) {
    std::vector<json::object> records;
    std::ifstream lines(file, std::ios::binary);
    for (std::string line; std::getline(lines, line);) {
        boost::system::error_code error;
        auto value = json::parse(line, error);
        if (!error && value.is_object() && number(value.get_object(), "at"))
            records.push_back(std::move(value.get_object()));
        else
            log::warn("host", file.string() + ": a line is no record of a crash, and is left out");
    }
    return records;
}

void logCrash(const json::object& record) {
    const auto plugin = text(record, "plugin"), operation = text(record, "operation");
    const bool own = plugin.empty() || plugin == "host";
    log::error("host",
               "talomed crashed by " + text(record, "signal") + " in " + (own ? "the host" : plugin) +
                   (!operation.empty() ? ", " + operation
                    : own              ? ""
                                       : ", in a thread of its own"),
               json::serialize(record));
}

} // namespace

std::string Quarantine::words() const {
    std::string all;
    for (const auto& crash : crashes) all += (all.empty() ? "" : "; ") + crash.at + " in " + placeOf(crash);
    return "it is held back, because it crashed the server " + std::to_string(crashes.size()) +
           " times in a short while: " + all +
           ". Its data is untouched. Enable it again to try it once more, best after it was replaced by a version that "
           "does not do this";
}

History::History(storage::Database& host, const std::filesystem::path& file, Rule rule) : database_(host), rule_(rule) {
    const auto records = recordsIn(file);
    if (records.empty()) return;
    try {
        database_.transaction([&] {
            for (const auto& record : records) {
                const auto value = [&](const char* name) -> storage::Value { return text(record, name); };
                auto plugin = text(record, "plugin");
                if (plugin == "host") plugin.clear();
                // One that was kept already, before the file could be emptied, is left out.
                database_.run("INSERT OR IGNORE INTO crashes (at, pid, thread, plugin, signal, address, operation, "
                              "caller, module, offset, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                              {number(record, "at"), number(record, "pid"), number(record, "thread"), plugin,
                               value("signal"), value("address"), value("operation"), value("caller"), value("module"),
                               value("offset"), value("version")});
            }
            database_.run("DELETE FROM crashes WHERE id <= (SELECT max(id) FROM crashes) - ?", {kKept});
            return true;
        });
        emptyFile();
    } catch (const std::exception& error) {
        log::error("host", std::string("the records of crashes stay in their file: ") + error.what());
    }
    for (const auto& record : records) logCrash(record);
}

std::optional<Quarantine> History::quarantine(const std::string& plugin) const {
    if (rule_.within.count() <= 0) return std::nullopt;
    const auto rows = database_.rows(std::string("SELECT ") + kColumns +
                                         " FROM crashes WHERE plugin = ? AND settled = 0 ORDER BY at DESC, id DESC",
                                     {plugin});
    const auto at = [&](std::size_t i) { return std::get<std::int64_t>(rows[i][0]); };
    for (std::size_t first = 0; first + rule_.crashes <= rows.size(); ++first) {
        if (at(first) - at(first + rule_.crashes - 1) > rule_.within.count()) continue;
        Quarantine found;
        for (std::size_t i = first; i < first + rule_.crashes; ++i) found.crashes.push_back(infoOf(rows[i]));
        return found;
    }
    return std::nullopt;
}

void History::clear(const std::string& plugin) {
    database_.run("UPDATE crashes SET settled = 1 WHERE plugin = ?", {plugin});
}

std::vector<CrashInfo> History::crashes(const std::string& plugin) const {
    std::vector<CrashInfo> found;
    for (const auto& row : database_.rows(std::string("SELECT ") + kColumns +
                                              " FROM crashes WHERE plugin = ? ORDER BY at DESC, id DESC LIMIT 20",
                                          {plugin}))
        found.push_back(infoOf(row));
    return found;
}

} // namespace talome::crash
