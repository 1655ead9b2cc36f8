// API tokens of the caller: /api/auth/tokens.
#include "host/api/tokens.hpp"

#include "host/api/rfc3339.hpp"
#include "host/log/log.hpp"

namespace talome::api {

namespace {

constexpr int kMostDays = 3650;
constexpr std::int64_t kDayMs = 86'400'000;

manifest::Tier tierOf(TokenScope scope) {
    switch (scope) {
    case TokenScope::read:
        return manifest::Tier::read;
    case TokenScope::modify:
        return manifest::Tier::modify;
    case TokenScope::destructive:
    case TokenScope::full:
        break;
    }
    return manifest::Tier::destructive;
}

Nullable<std::string> timeText(const std::optional<std::int64_t>& time) {
    return {time ? std::optional(log::timestamp(*time)) : std::nullopt};
}

TokenGroups groupsOf(const auth::ApiToken& token) {
    if (!token.groups) return {};
    return {std::vector<std::string>(token.groups->begin(), token.groups->end())};
}

/// What the answer to making one and the list have in common.
template <class Out> Out describe(const auth::ApiToken& token) {
    Out out;
    out.id = token.id;
    out.name = token.name;
    out.scope = boost::describe::enum_to_string(token.most, "");
    out.groups = groupsOf(token);
    out.origin = gate::nameOf(token.origin);
    out.createdAt = log::timestamp(token.createdAt);
    out.expiresAt = timeText(token.expiresAt);
    return out;
}

} // namespace

Tokens::Tokens(Registry& registry, auth::ApiTokens& tokens, const auth::Users& users)
    : host_(registry.host()), tokens_(tokens), users_(users) {
    registry
        .operation("tokens.create", "Makes an API token for a program; the answer alone has the token itself", inPerson,
                   Tier::modify, this, &Tokens::create)
        .route("POST", "/api/auth/tokens", 201)
        .input("name", "what it is for", length(1, 100), pattern("\\S"))
        .input("scope", "what it may call at most; full is the same as destructive", TokenScope::read)
        .input("groups", "plugins, or first words of operation ids, that it may call; all if missing", items(1, 100))
        .input("groups[]", "such as \"docker\" or \"containers\"", length(1, 64), pattern("^[a-z][a-zA-Z0-9-]*$"))
        .input("expiresAt", "when it ends (RFC 3339), at most ten years from now; never if missing", length(1, 64))
        .input("expiresInDays", "the same in days from now", range(1, kMostDays))
        .input("origin", "by which rules its calls are judged: those of a person's program, of AI, or of automations",
               oneOf({"rest", "mcp", "automation"}), "rest")
        .target("token", "name");
    registry
        .operation("tokens.list", "The API tokens of the caller, or of all users, the latest first", session,
                   Tier::read, this, &Tokens::list)
        .route("GET", "/api/auth/tokens")
        .input("all", "of all users; needs an administrator", false);
    registry
        .operation("tokens.remove",
                   "Ends an API token of the caller, or for an administrator any, and what it has open", inPerson,
                   Tier::modify, this, &Tokens::remove)
        .route("DELETE", "/api/auth/tokens/{id}")
        .input("id", "as the list has it", length(1, 100))
        .target("token", "id");
}

std::optional<std::int64_t> Tokens::endOf(const TokenWanted& input) const {
    const auto now = host_.nowMs();
    if (input.expiresAt && input.expiresInDays)
        throw Invalid("expiresInDays", "says the same as expiresAt: send one of the two");
    if (input.expiresInDays) return now + *input.expiresInDays * kDayMs;
    if (!input.expiresAt) return std::nullopt;
    const auto end = epochMsOf(*input.expiresAt);
    if (!end) throw Invalid("expiresAt", "expected a time such as 2027-01-31T12:00:00Z");
    if (*end <= now) throw Invalid("expiresAt", "is in the past");
    if (*end > now + kMostDays * kDayMs) throw Invalid("expiresAt", "is more than ten years from now");
    return end;
}

TokenMade Tokens::create(Call& call, const TokenWanted& input) {
    const auto caller = call.principal();
    if (!users_.byId(caller.userId)) throw Conflict("an API token acts for a user: log in as one, and make it there");
    auth::ApiToken wanted;
    wanted.userId = caller.userId;
    wanted.name = input.name;
    wanted.most = tierOf(input.scope);
    wanted.origin = auth::originOfToken(input.origin).value_or(gate::Origin::rest);
    if (input.groups) wanted.groups.emplace(input.groups->begin(), input.groups->end());
    wanted.expiresAt = endOf(input);
    const auto made = tokens_.create(std::move(wanted), host_.nowMs());
    if (!made)
        throw Conflict("you have " + std::to_string(auth::ApiTokens::kMostOfUser) +
                       " API tokens already: remove one that is not needed");
    auto out = describe<TokenMade>(made->first);
    out.token = made->second;
    call.header("Cache-Control", "no-store");
    return out;
}

std::vector<TokenInfo> Tokens::list(Call& call, const TokenQuery& query) const {
    if (query.all && !call.granted("admin")) throw Denied("the tokens of all users are for an administrator");
    std::vector<TokenInfo> found;
    const auto whose = query.all ? std::nullopt : std::optional(call.principal().userId);
    for (const auto& token : tokens_.list(whose, host_.nowMs())) {
        auto info = describe<TokenInfo>(token);
        info.lastUsedAt = timeText(token.lastUsedAt);
        if (!token.lastPeer.empty()) info.lastPeer.value = token.lastPeer;
        if (query.all) {
            const auto user = users_.byId(token.userId);
            if (!user) continue; // deleted a moment ago
            info.userId = user->id;
            info.username = user->username;
        }
        found.push_back(std::move(info));
    }
    return found;
}

void Tokens::remove(Call& call, const TokenInput& input) {
    const auto token = tokens_.byId(input.id, host_.nowMs());
    const bool mayEnd = token && (token->userId == call.principal().userId || call.granted("admin"));
    if (!mayEnd || !tokens_.remove(input.id)) throw NotFound("you have no such API token");
}

} // namespace talome::api
