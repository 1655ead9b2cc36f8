// The checks of operations, settings, topics, flags and migrations; those of http.h are in recorder_http.cpp, those of
// tasks.h in recorder_tasks.cpp.
#include "recorder.hpp"

#include "fields.hpp"
#include "fit.hpp"
#include "names.hpp"
#include "recorder_offers.hpp"
#include "schema_check.hpp"

#include <set>

namespace talome::manifest {

namespace {

constexpr std::uint64_t kDefaultBody = std::uint64_t{1} << 20;

Route routeOf(const talome_route* given, const boost::json::value& input, const std::string& where) {
    const talome_route from = fit(given, where.c_str());
    Route route;
    route.method = methodOf(from.method, where + ".method");
    route.rename = renameOf(from.rename, input, where + ".rename");
    route.path = pathOf(from.path, route, input, where + ".path");
    route.success = successOf(from.success, where);
    return route;
}

} // namespace

Operation record(const talome_operation* given) {
    const talome_operation from = fit(given, "operation");
    Operation to;
    to.id = nameOf(from.id, isOperationId, "operation");
    to.summary = summaryOf(from.summary, to.id);
    to.permission = permissionOf(from.permission, to.id + ".permission");
    to.tier = tierOf(from.tier, to.id);
    to.input = readInputSchema(from.input_schema, to.id + ".input");
    if (from.output_schema) to.output = readSchema(from.output_schema, to.id + ".output");
    to.outputType = from.output_type ? from.output_type : "application/json";
    if (!from.target_kind != !from.target_input)
        throw Invalid(to.id + ".target", "has a kind and an input, or neither");
    if (from.target_kind) to.targetKind = from.target_kind;
    if (from.target_input) to.targetInput = from.target_input;
    if (to.targetInput && !hasProperty(to.input, *to.targetInput))
        throw Invalid(to.id + ".target", "there is no input \"" + *to.targetInput + "\"");
    if ((from.n_routes && !from.routes) || (from.n_tools && !from.tools)) throw Invalid(to.id, "has a null list");
    if (from.n_routes > kMaxList || from.n_tools > kMaxList) throw Invalid(to.id, "has more than 32 routes or tools");
    for (std::uint32_t i = 0; i < from.n_routes; ++i)
        to.routes.push_back(routeOf(from.routes[i], to.input, to.id + ".routes[" + std::to_string(i) + "]"));
    for (std::uint32_t i = 0; i < from.n_tools; ++i)
        to.tools.push_back(toolOf(from.tools[i], to, to.id + ".tools[" + std::to_string(i) + "]"));
    recordOffers(from, to);
    to.maxBody = from.max_body ? from.max_body : kDefaultBody;
    constexpr std::int64_t day = 86'400'000;
    if (from.time_limit_ms < 0 || from.time_limit_ms > day)
        throw Invalid(to.id + ".time_limit_ms", "expected 1 to 86400000, or 0");
    if (from.time_limit_ms) to.timeLimitMs = from.time_limit_ms;
    requireFunction(from.invoke, to.id);
    return to;
}

Setting record(const talome_setting* given) {
    const talome_setting from = fit(given, "setting");
    Setting to;
    to.key = nameOf(from.key, isKey, "setting");
    to.summary = summaryOf(from.summary, to.key);
    requireKnown(from.flags, TALOME_SETTING_SECRET | TALOME_SETTING_RESTART | TALOME_SETTING_PORTABLE, to.key);
    to.secret = from.flags & TALOME_SETTING_SECRET;
    to.restart = from.flags & TALOME_SETTING_RESTART;
    to.portable = from.flags & TALOME_SETTING_PORTABLE;
    if (to.secret && to.portable) throw Invalid(to.key, "a secret is not exported");
    to.schema = readSchema(from.schema, to.key + ".schema");
    if (from.fallback) to.fallback = read<boost::json::value>(detail::parse(from.fallback), to.key + ".fallback");
    to.environment = variableOf(from.environment, to.key + ".environment");
    return to;
}

Topic record(const talome_topic* given) {
    const talome_topic from = fit(given, "topic");
    Topic to;
    to.name = nameOf(from.name, isOperationId, "topic");
    to.summary = summaryOf(from.summary, to.name);
    to.audience = permissionOf(from.audience, to.name + ".audience");
    requireKnown(from.flags, TALOME_TOPIC_DURABLE, to.name);
    if (from.flags & TALOME_TOPIC_DURABLE) to.durable = true;
    if (from.schema) to.schema = readSchema(from.schema, to.name + ".schema");
    return to;
}

Flag recordFlag(const char* flag, const char* summary, bool granted) {
    const std::string name = nameOf(flag, isFlag, "flag");
    return {name, summaryOf(summary, name), granted};
}

Program recordProgram(const char* program, const char* summary) {
    const std::string name = nameOf(program, isProgram, "program");
    return {name, summaryOf(summary, name)};
}

Migration recordMigration(unsigned version, std::uint32_t flags, const char* sql) {
    const std::string where = "migration " + std::to_string(version);
    if (version == 0) throw Invalid(where, "versions count from 1");
    if (flags & ~std::uint32_t{TALOME_MIGRATION_EXCLUSIVE}) throw Invalid(where, "has an unknown flag");
    if (!sql || !*sql) throw Invalid(where, "has no SQL");
    return {version, (flags & TALOME_MIGRATION_EXCLUSIVE) != 0, sql};
}

talome_operation whole(const talome_operation* given) { return fit(given, "operation"); }

std::vector<std::string> prefixesOf(const std::vector<Operation>& operations) {
    std::set<std::string> prefixes;
    for (const Operation& operation : operations) {
        for (const Route& route : operation.routes) {
            if (route.listener) continue;
            auto end = route.path.find('/', 1);
            if (end != std::string::npos && route.path[end + 1] != '{') end = route.path.find('/', end + 1);
            prefixes.insert(route.path.substr(0, end));
        }
    }
    return {prefixes.begin(), prefixes.end()};
}

bool isPermission(std::string_view text) {
    if (text == "public") return true;
    const auto isWord = [](std::string_view word) {
        return word == "session" || word == "admin" || word == "interactive" || isFlag(word);
    };
    for (std::size_t comma; (comma = text.find(',')) != text.npos; text.remove_prefix(comma + 1))
        if (!isWord(text.substr(0, comma))) return false;
    return isWord(text);
}

} // namespace talome::manifest
