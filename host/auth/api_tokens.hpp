// API tokens: long-lived credentials of a user, for programs. One may reach less than its user may. The token itself is
// shown once; what is kept is a digest under a key of this server, so that a stolen database opens nothing.
#pragma once

#include "host/auth/secret.hpp"
#include "host/gate/principal.hpp"
#include "host/storage/database.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace talome::auth {

struct ApiToken {
    std::string id, userId, name;
    manifest::Tier most = manifest::Tier::read;
    std::optional<std::set<std::string, std::less<>>> groups; ///< see gate::Principal
    gate::Origin origin = gate::Origin::rest;                 ///< by whose rules its calls are judged
    std::int64_t createdAt = 0;                               ///< milliseconds since the epoch, as the others
    std::optional<std::int64_t> expiresAt, lastUsedAt;
    std::string lastPeer;

    bool isLiving(std::int64_t now) const { return !expiresAt || *expiresAt > now; }
};

/// The origins that a token may have. Nothing for another word.
std::optional<gate::Origin> originOfToken(std::string_view word);

/// Kept in memory, written through to host.db. Any thread.
class ApiTokens {
public:
    static constexpr int kMostOfUser = 100;

    ApiTokens(storage::Database&, const Secret&);

    /// Whether the text is of their kind, good or not.
    static bool isOne(std::string_view token) { return token.starts_with("tlm_"); }

    /// Makes one of `wanted`, whose id and times of making and use do not count, and its token. Nothing if its user has
    /// kMostOfUser already.
    std::optional<std::pair<ApiToken, std::string>> create(ApiToken wanted, std::int64_t now);
    /// The living one, marked as used now; nothing for a token that is unknown or over.
    std::optional<ApiToken> use(const std::string& token, const std::string& peer, std::int64_t now);
    /// The living one, for somebody who showed the token before.
    std::optional<ApiToken> byId(std::string_view id, std::int64_t now) const;
    /// The living ones of a user, or of all; the latest first.
    std::vector<ApiToken> list(const std::optional<std::string>& userId, std::int64_t now) const;
    /// False if there is none.
    bool remove(const std::string& id);
    /// Those of a user who is deleted. Returns how many.
    std::size_t removeAllOf(const std::string& userId);

    /// The nearest end of a living one.
    std::optional<std::int64_t> nextEnd(std::int64_t now) const;
    /// Clears away those that are over. Returns how many.
    std::size_t purge(std::int64_t now);

    /// Called after a token was removed. Set before the first, as the next one.
    void onEnded(std::function<void()> call) { ended_ = std::move(call); }
    /// Called after a token was made that will end, with its end.
    void onMade(std::function<void(std::int64_t end)> call) { made_ = std::move(call); }

private:
    struct Kept {
        ApiToken token;
        std::string digest;
        std::int64_t writtenAt = 0; ///< its last use as the database has it
    };
    std::string digestOf(std::string_view token) const;
    void keep(Kept);
    std::size_t drop(const std::function<bool(const ApiToken&)>& which);

    storage::Database& database_;
    const std::string key_;
    std::function<void()> ended_;
    std::function<void(std::int64_t)> made_;
    mutable std::mutex mutex_;                                     // of what follows
    std::map<std::string, Kept, std::less<>> kept_;                ///< by id
    std::unordered_multimap<std::uint64_t, std::string> byDigest_; ///< ids by the first bytes of the digest
};

} // namespace talome::auth
