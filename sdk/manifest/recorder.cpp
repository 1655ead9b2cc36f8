// The checks of each kind of declaration.
#include "recorder.hpp"

#include "names.hpp"
#include "schema_check.hpp"

#include <algorithm>
#include <cstring>
#include <set>

namespace talome::manifest {

namespace {

constexpr std::size_t kMaxSummary = 500;
constexpr std::uint64_t kDefaultBody = std::uint64_t{1} << 20;
constexpr std::uint32_t kMaxStruct = 4096; ///< bytes; more is a pointer gone astray

/// The struct as this side knows it: zeros for what the other side lacks, and nothing of what only that side knows.
template <class T> T fit(const T* from, const char* what) {
    if (!from) throw Invalid(what, "is null");
    std::uint32_t size = 0;
    std::memcpy(&size, from, sizeof size);
    if (size < sizeof size || size > kMaxStruct)
        throw Invalid(what, "has the impossible struct_size " + std::to_string(size));
    const auto* raw = reinterpret_cast<const unsigned char*>(from);
    if (size > sizeof(T) && std::any_of(raw + sizeof(T), raw + size, [](unsigned char byte) { return byte != 0; }))
        throw Invalid(what, "uses fields that this host does not know");
    T known{};
    std::memcpy(&known, from, std::min<std::size_t>(size, sizeof(T)));
    return known;
}

std::string orEmpty(const char* text) { return text ? text : ""; }

std::string nameOf(const char* text, bool (*is)(std::string_view), const char* what) {
    std::string name = orEmpty(text);
    if (!is(name))
        throw Invalid(what, name.empty() ? "has no name" : "\"" + name + "\" is not a name that it can have");
    return name;
}

std::string summaryOf(const char* text, const std::string& where) {
    std::string summary = orEmpty(text);
    if (summary.empty()) throw Invalid(where + ".summary", "is required");
    if (summary.size() > kMaxSummary) throw Invalid(where + ".summary", "is longer than 500 bytes");
    return summary;
}

std::string permissionOf(const char* text, const std::string& where) {
    std::string permission = orEmpty(text);
    if (permission.empty()) throw Invalid(where, "is required");
    if (!isPermission(permission))
        throw Invalid(where, "expected public, session, admin or feature flags, and not \"" + permission + "\"");
    return permission;
}

Tier tierOf(std::int32_t tier, const std::string& where) {
    if (tier < TALOME_TIER_READ || tier > TALOME_TIER_DESTRUCTIVE)
        throw Invalid(where + ".tier", "expected read, modify or destructive");
    return static_cast<Tier>(tier);
}

void requireFunction(bool set, const std::string& where) {
    if (!set) throw Invalid(where, "has no function to call");
}

std::string methodOf(const char* text, const std::string& where) {
    std::string method = orEmpty(text);
    for (const char* known : {"GET", "POST", "PUT", "PATCH", "DELETE"})
        if (method == known) return method;
    throw Invalid(where, "expected GET, POST, PUT, PATCH or DELETE, and not \"" + method + "\"");
}

/// Pairs "lines=tail,…", each of an input that exists.
std::map<std::string, std::string> renameOf(const char* text, const boost::json::value& input,
                                            const std::string& where) {
    std::map<std::string, std::string> pairs;
    std::string_view rest = text ? text : "";
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        if (equals == pair.npos || equals == 0) throw Invalid(where, "expected \"outer=inner,…\"");
        const std::string inner(pair.substr(equals + 1));
        if (!hasProperty(input, inner)) throw Invalid(where, "there is no input \"" + inner + "\"");
        if (!pairs.emplace(pair.substr(0, equals), inner).second) throw Invalid(where, "has a name twice");
    }
    return pairs;
}

bool isSegment(std::string_view segment) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    return !segment.empty() && segment != "." && segment != ".." && segment.find_first_not_of(plain) == segment.npos;
}

/// A path of whole literal segments and {name}s, each of an input that exists.
std::string pathOf(const char* text, const Route& route, const boost::json::value& input, const std::string& where) {
    std::string path = orEmpty(text);
    if (!path.starts_with('/') || path.size() > 256) throw Invalid(where, "expected a path that begins with /");
    std::set<std::string> seen;
    std::string_view rest = std::string_view(path).substr(1);
    for (bool more = true; more;) {
        const auto slash = rest.find('/');
        std::string_view segment = rest.substr(0, slash);
        more = slash != rest.npos;
        if (more) rest.remove_prefix(slash + 1);
        if (!segment.starts_with('{') || !segment.ends_with('}')) {
            if (!isSegment(segment))
                throw Invalid(where, "\"" + std::string(segment) + "\" is neither a word nor a {name}");
            continue;
        }
        const std::string name(segment.substr(1, segment.size() - 2));
        const auto renamed = route.rename.find(name);
        const std::string& inner = renamed == route.rename.end() ? name : renamed->second;
        if (!hasProperty(input, inner)) throw Invalid(where, "there is no input \"" + inner + "\"");
        if (!seen.insert(name).second) throw Invalid(where, "has {" + name + "} twice");
    }
    return path;
}

Route routeOf(const talome_route* given, const boost::json::value& input, const std::string& where) {
    const talome_route from = fit(given, where.c_str());
    Route route;
    route.method = methodOf(from.method, where + ".method");
    route.rename = renameOf(from.rename, input, where + ".rename");
    route.path = pathOf(from.path, route, input, where + ".path");
    route.success = from.success ? from.success : 200;
    if (route.success < 200 || route.success > 299) throw Invalid(where + ".success", "expected 200 to 299");
    return route;
}

Tool toolOf(const talome_tool* given, const boost::json::value& input, const std::string& summary,
            const std::string& where) {
    const talome_tool from = fit(given, where.c_str());
    return {nameOf(from.name, isKey, where.c_str()), from.summary ? summaryOf(from.summary, where) : summary,
            renameOf(from.rename, input, where + ".rename")};
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
    if (from.n_routes > 32 || from.n_tools > 32) throw Invalid(to.id, "has more than 32 routes or tools");
    for (std::uint32_t i = 0; i < from.n_routes; ++i)
        to.routes.push_back(routeOf(from.routes[i], to.input, to.id + ".routes[" + std::to_string(i) + "]"));
    for (std::uint32_t i = 0; i < from.n_tools; ++i)
        to.tools.push_back(toolOf(from.tools[i], to.input, to.summary, to.id + ".tools[" + std::to_string(i) + "]"));
    to.maxBody = from.max_body ? from.max_body : kDefaultBody;
    requireFunction(from.invoke, to.id);
    return to;
}

Operation record(const talome_raw_route* given) {
    const talome_raw_route from = fit(given, "raw route");
    Operation to;
    to.id = nameOf(from.id, isOperationId, "raw route");
    to.summary = summaryOf(from.summary, to.id);
    to.permission = permissionOf(from.permission, to.id + ".permission");
    to.tier = tierOf(from.tier, to.id);
    to.input = readInputSchema(from.input_schema, to.id + ".input");
    const talome_route route{sizeof route, 200, from.method, from.path, nullptr};
    to.routes.push_back(routeOf(&route, to.input, to.id));
    to.maxBody = from.max_body;
    to.kind = Kind::raw;
    requireFunction(from.handle, to.id);
    return to;
}

Setting record(const talome_setting* given) {
    const talome_setting from = fit(given, "setting");
    Setting to;
    to.key = nameOf(from.key, isKey, "setting");
    to.summary = summaryOf(from.summary, to.key);
    if (from.flags & ~std::uint32_t{TALOME_SETTING_SECRET}) throw Invalid(to.key + ".flags", "has an unknown bit");
    to.secret = from.flags & TALOME_SETTING_SECRET;
    to.schema = readSchema(from.schema, to.key + ".schema");
    if (from.fallback) to.fallback = read<boost::json::value>(detail::parse(from.fallback), to.key + ".fallback");
    return to;
}

Task record(const talome_task* given) {
    const talome_task from = fit(given, "task");
    Task to;
    to.id = nameOf(from.id, isTaskId, "task");
    to.summary = orEmpty(from.summary);
    to.periodMs = from.period_ms;
    if (from.flags) throw Invalid(to.id + ".flags", "has an unknown bit");
    if (to.periodMs != 0 && to.periodMs < 100) throw Invalid(to.id + ".period", "expected 100 ms or more, or 0");
    requireFunction(from.run, to.id);
    return to;
}

Topic record(const talome_topic* given) {
    const talome_topic from = fit(given, "topic");
    Topic to;
    to.name = nameOf(from.name, isOperationId, "topic");
    to.summary = summaryOf(from.summary, to.name);
    to.audience = permissionOf(from.audience, to.name + ".audience");
    if (from.flags) throw Invalid(to.name + ".flags", "has an unknown bit");
    if (from.schema) to.schema = readSchema(from.schema, to.name + ".schema");
    return to;
}

Flag recordFlag(const char* flag, const char* summary, bool granted) {
    const std::string name = nameOf(flag, isFlag, "flag");
    return {name, summaryOf(summary, name), granted};
}

Migration recordMigration(unsigned version, std::uint32_t flags, const char* sql) {
    const std::string where = "migration " + std::to_string(version);
    if (version == 0) throw Invalid(where, "versions count from 1");
    if (flags & ~std::uint32_t{TALOME_MIGRATION_EXCLUSIVE}) throw Invalid(where, "has an unknown flag");
    if (!sql || !*sql) throw Invalid(where, "has no SQL");
    return {version, (flags & TALOME_MIGRATION_EXCLUSIVE) != 0, sql};
}

talome_operation whole(const talome_operation* given) { return fit(given, "operation"); }
talome_raw_route whole(const talome_raw_route* given) { return fit(given, "raw route"); }
talome_task whole(const talome_task* given) { return fit(given, "task"); }

std::vector<std::string> prefixesOf(const std::vector<Operation>& operations) {
    std::set<std::string> prefixes;
    for (const Operation& operation : operations) {
        for (const Route& route : operation.routes) {
            auto end = route.path.find('/', 1);
            if (end != std::string::npos && route.path[end + 1] != '{') end = route.path.find('/', end + 1);
            prefixes.insert(route.path.substr(0, end));
        }
    }
    return {prefixes.begin(), prefixes.end()};
}

bool isPermission(std::string_view text) {
    if (text == "public" || text == "session" || text == "admin") return true;
    for (std::size_t comma; (comma = text.find(',')) != text.npos; text.remove_prefix(comma + 1))
        if (!isFlag(text.substr(0, comma))) return false;
    return isFlag(text);
}

} // namespace talome::manifest
