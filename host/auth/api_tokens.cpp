// API tokens: kept in memory, written through to host.db.
#include "host/auth/api_tokens.hpp"

#include "host/log/log.hpp"
#include "host/storage/columns.hpp"

#include <algorithm>
#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <boost/json.hpp>
#include <cstring>
#include <tuple>

namespace talome::auth {

namespace {

constexpr std::int64_t kWriteEveryMs = 5 * 60'000; // a use is written this often, not at every request
constexpr std::size_t kRandom = 32;                // bytes of a token
constexpr std::size_t kLength = 4 + 43;            // "tlm_" and those in base64url

std::uint64_t prefixOf(std::string_view digest) {
    std::uint64_t prefix = 0;
    std::memcpy(&prefix, digest.data(), sizeof prefix);
    return prefix;
}

storage::Value fromGroups(const ApiToken& token) {
    if (!token.groups) return nullptr;
    boost::json::array list;
    for (const auto& group : *token.groups) list.emplace_back(group);
    return boost::json::serialize(list);
}

/// A list that cannot be read is an empty one: the token reaches nothing.
std::optional<std::set<std::string, std::less<>>> toGroups(const storage::Value& stored) {
    if (std::holds_alternative<std::nullptr_t>(stored)) return std::nullopt;
    std::set<std::string, std::less<>> groups;
    const auto* text = std::get_if<std::string>(&stored);
    boost::system::error_code error;
    const auto list = boost::json::parse(text ? *text : "", error);
    if (!error && list.is_array())
        for (const auto& each : list.get_array())
            if (each.is_string()) groups.emplace(each.get_string());
    return groups;
}

} // namespace

std::optional<gate::Origin> originOfToken(std::string_view word) {
    for (const auto origin : {gate::Origin::rest, gate::Origin::mcp, gate::Origin::automation})
        if (gate::nameOf(origin) == word) return origin;
    return std::nullopt;
}

ApiTokens::ApiTokens(storage::Database& database, const Secret& secret)
    : database_(database), key_(secret.key("talome api tokens")) {
    for (const auto& row : database_.rows("SELECT id, user_id, name, digest, tier, groups, origin, created_at, "
                                          "expires_at, last_used_at, last_peer FROM api_tokens")) {
        ApiToken token;
        token.id = std::get<std::string>(row[0]);
        token.userId = std::get<std::string>(row[1]);
        token.name = std::get<std::string>(row[2]);
        token.groups = toGroups(row[5]);
        token.createdAt = std::get<std::int64_t>(row[7]);
        token.expiresAt = storage::valueOf<std::int64_t>(row[8]);
        token.lastUsedAt = storage::valueOf<std::int64_t>(row[9]);
        token.lastPeer = storage::textOf(row[10]);
        const auto* digest = std::get_if<storage::Blob>(&row[3]);
        const auto origin = originOfToken(std::get<std::string>(row[6]));
        if (!origin || !digest || digest->bytes.size() != kRandom ||
            !boost::describe::enum_from_string(std::get<std::string>(row[4]).c_str(), token.most)) {
            log::warn("host", "the API token '" + token.name + "' cannot be read, and is refused");
            continue;
        }
        token.origin = *origin;
        keep({token, digest->bytes, token.lastUsedAt.value_or(0)});
    }
}

std::string ApiTokens::digestOf(std::string_view token) const { return hmac(key_, token); }

void ApiTokens::keep(Kept kept) {
    byDigest_.emplace(prefixOf(kept.digest), kept.token.id);
    auto id = kept.token.id;
    kept_.insert_or_assign(std::move(id), std::move(kept));
}

std::optional<std::pair<ApiToken, std::string>> ApiTokens::create(ApiToken wanted, std::int64_t now) {
    const auto text = "tlm_" + base64Url(randomBytes(kRandom));
    wanted.id = uuid();
    wanted.createdAt = now;
    wanted.lastUsedAt.reset();
    wanted.lastPeer.clear();
    const auto digest = digestOf(text);
    const auto changed = database_.run(
        "INSERT INTO api_tokens (id, user_id, name, digest, tier, groups, origin, created_at, expires_at) "
        "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM api_tokens WHERE user_id = ? AND "
        "(expires_at IS NULL OR expires_at > ?)) < ?",
        {wanted.id, wanted.userId, wanted.name, storage::Blob{digest},
         std::string(boost::describe::enum_to_string(wanted.most, "")), fromGroups(wanted),
         std::string(gate::nameOf(wanted.origin)), now, storage::orNull(wanted.expiresAt), wanted.userId, now,
         std::int64_t{kMostOfUser}});
    if (changed == 0) return std::nullopt;
    {
        const std::lock_guard lock(mutex_);
        keep({wanted, digest, 0});
    }
    if (wanted.expiresAt && made_) made_(*wanted.expiresAt);
    return std::pair(std::move(wanted), text);
}

// Who guesses learns nothing from the time it takes: the index is of digests under a key that only this server has, and
// the whole digests are compared in constant time.
std::optional<ApiToken> ApiTokens::use(const std::string& token, const std::string& peer, std::int64_t now) {
    if (!isOne(token) || token.size() != kLength) return std::nullopt;
    const auto digest = digestOf(token);
    ApiToken found;
    {
        const std::lock_guard lock(mutex_);
        Kept* match = nullptr;
        const auto [begin, end] = byDigest_.equal_range(prefixOf(digest));
        for (auto it = begin; it != end; ++it)
            if (auto& kept = kept_.at(it->second); equalConstantTime(kept.digest, digest)) match = &kept;
        if (!match || !match->token.isLiving(now)) return std::nullopt;
        match->token.lastUsedAt = std::max(now, match->token.lastUsedAt.value_or(0));
        match->token.lastPeer = peer;
        found = match->token;
        if (now - match->writtenAt < kWriteEveryMs) return found;
        match->writtenAt = now;
    }
    database_.run("UPDATE api_tokens SET last_used_at = ?, last_peer = ? WHERE id = ?", {now, peer, found.id});
    return found;
}

std::optional<ApiToken> ApiTokens::byId(std::string_view id, std::int64_t now) const {
    const std::lock_guard lock(mutex_);
    const auto it = kept_.find(id);
    if (it == kept_.end() || !it->second.token.isLiving(now)) return std::nullopt;
    return it->second.token;
}

std::vector<ApiToken> ApiTokens::list(const std::optional<std::string>& userId, std::int64_t now) const {
    std::vector<ApiToken> found;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, each] : kept_)
            if ((!userId || each.token.userId == *userId) && each.token.isLiving(now)) found.push_back(each.token);
    }
    std::sort(found.begin(), found.end(), [](const ApiToken& a, const ApiToken& b) {
        return std::tie(b.createdAt, b.id) < std::tie(a.createdAt, a.id);
    });
    return found;
}

std::size_t ApiTokens::drop(const std::function<bool(const ApiToken&)>& which) {
    const std::lock_guard lock(mutex_);
    return std::erase_if(kept_, [&](const auto& each) {
        if (!which(each.second.token)) return false;
        std::erase_if(byDigest_, [&](const auto& entry) { return entry.second == each.first; });
        return true;
    });
}

bool ApiTokens::remove(const std::string& id) {
    database_.run("DELETE FROM api_tokens WHERE id = ?", {id});
    const bool was = drop([&](const ApiToken& token) { return token.id == id; }) > 0;
    if (was && ended_) ended_();
    return was;
}

std::size_t ApiTokens::removeAllOf(const std::string& userId) {
    database_.run("DELETE FROM api_tokens WHERE user_id = ?", {userId});
    const auto ended = drop([&](const ApiToken& token) { return token.userId == userId; });
    if (ended && ended_) ended_();
    return ended;
}

std::optional<std::int64_t> ApiTokens::nextEnd(std::int64_t now) const {
    std::optional<std::int64_t> nearest;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, each] : kept_)
        if (const auto& end = each.token.expiresAt; end && *end > now && (!nearest || *end < *nearest)) nearest = end;
    return nearest;
}

std::size_t ApiTokens::purge(std::int64_t now) {
    const auto gone = drop([&](const ApiToken& token) { return !token.isLiving(now); });
    if (gone) database_.run("DELETE FROM api_tokens WHERE expires_at <= ?", {now});
    return gone;
}

} // namespace talome::auth
