// Tokens for clients of MCP: API tokens whose calls are judged as those of a model. /api/integrations/mcp/tokens.
#include "tokens.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace json = boost::json;

namespace talome::mcp {

namespace {

/// The highest of those named: a token that may destroy may read.
std::string highestOf(const std::vector<McpScope>& scopes) {
    const auto highest = std::ranges::max(scopes);
    return boost::describe::enum_to_string(highest, "");
}

std::vector<std::string> scopesUpTo(std::string_view highest) {
    std::vector<std::string> scopes;
    for (const char* each : {"read", "modify", "destructive"}) {
        scopes.emplace_back(each);
        if (each == highest) break;
    }
    return scopes;
}

std::string trimmed(std::string text) {
    const auto blank = [](unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    while (!text.empty() && blank(text.back())) text.pop_back();
    text.erase(text.begin(), std::ranges::find_if_not(text, blank));
    return text;
}

Nullable<std::string> maybe(const json::object& row, const char* name) {
    const auto* value = row.if_contains(name);
    return {value && value->is_string() ? std::optional(std::string(value->get_string())) : std::nullopt};
}

} // namespace

Tokens::Tokens(Registry& registry) : host_(registry.host()) {
    registry
        .operation("mcp.createToken", "Makes a token for a client of MCP; this answer alone has the token itself",
                   adminInPerson, Tier::modify, this, &Tokens::create)
        .route("POST", "/api/integrations/mcp/tokens", 201)
        .input("name", "what it is for", length(1, 100), pattern("\\S"))
        .input("scopes", "what it may call", std::vector{McpScope::read})
        .input("domains", "domains or categories of tools, or plugins, that it may use; all if missing", items(1, 100))
        .input("domains[]", "such as \"docker\"", length(1, 64), pattern("^[a-z][a-zA-Z0-9-]*$"))
        .input("expiresInDays", "when it ends; never if missing", range(1, 3650))
        .target("token", "name");
    registry.operation("mcp.listTokens", "The tokens of all clients of MCP", admin, Tier::read, this, &Tokens::list)
        .route("GET", "/api/integrations/mcp/tokens");
    registry
        .operation("mcp.removeToken", "Ends a client's token, and what it has open", adminInPerson, Tier::modify, this,
                   &Tokens::remove)
        .route("DELETE", "/api/integrations/mcp/tokens/{id}")
        .input("id", "as the list has it", length(1, 100))
        .target("token", "id");
    registry.uses("tokens.create");
    registry.uses("tokens.list");
    registry.uses("tokens.remove");
}

McpTokenMade Tokens::create(Call& call, const McpTokenWanted& input) {
    if (input.scopes.empty()) throw Invalid("scopes", "name at least one");
    json::object wanted{{"name", trimmed(input.name)}, {"scope", highestOf(input.scopes)}, {"origin", "mcp"}};
    if (input.domains) wanted["groups"] = json::value_from(*input.domains);
    if (input.expiresInDays) wanted["expiresInDays"] = *input.expiresInDays;
    const auto answer = host_.callText(&call, "tokens.create", json::serialize(wanted));
    const auto made = detail::parse(answer).as_object();
    call.header("Cache-Control", "no-store");
    return {true,
            std::string(made.at("id").as_string()),
            std::string(made.at("name").as_string()),
            std::string(made.at("token").as_string()),
            scopesUpTo(std::string(made.at("scope").as_string())),
            maybe(made, "expiresAt")};
}

std::vector<McpTokenInfo> Tokens::list(Call& call) const {
    std::vector<McpTokenInfo> found;
    const auto all = detail::parse(host_.callText(&call, "tokens.list", R"({"all":true})"));
    for (const auto& each : all.as_array()) {
        const auto& row = each.as_object();
        if (row.at("origin") != "mcp") continue;
        McpTokenInfo info;
        info.id = row.at("id").as_string();
        info.name = row.at("name").as_string();
        info.createdAt = row.at("createdAt").as_string();
        info.lastUsedAt = maybe(row, "lastUsedAt");
        info.expiresAt = maybe(row, "expiresAt");
        info.scopes = scopesUpTo(std::string(row.at("scope").as_string()));
        if (const auto* groups = row.if_contains("groups"); groups && groups->is_array())
            info.domains = json::value_to<std::vector<std::string>>(*groups);
        if (const auto* user = row.if_contains("username"); user && user->is_string())
            info.username = std::string(user->get_string());
        found.push_back(std::move(info));
    }
    return found;
}

void Tokens::remove(Call& call, const McpTokenId& input) {
    for (const auto& each : list(call))
        if (each.id == input.id) {
            host_.callText(&call, "tokens.remove", toJson(input));
            return;
        }
    throw NotFound("there is no such token");
}

} // namespace talome::mcp
