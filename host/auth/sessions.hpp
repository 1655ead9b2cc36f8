// Sessions, and the tokens that stand for them: a JWT (RFC 7519, HS256) names the session, and everything else is read
// from memory at each request, so that revoking one, or changing a role, is in force at once.
#pragma once

#include "host/auth/secret.hpp"
#include "host/storage/database.hpp"

#include <Poco/Crypto/OpenSSLInitializer.h>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace talome::auth {

constexpr std::chrono::hours kIdleLifetime{24};       ///< slides with every use; unless the setting says otherwise
constexpr std::chrono::hours kWholeLifetime{24 * 30}; ///< counts from the login

struct Session {
    std::string id, userId, peer, userAgent;
    std::int64_t createdAt = 0, lastSeenAt = 0; ///< milliseconds since the epoch
    std::chrono::hours idleLifetime = kIdleLifetime;
    /// When it ends if it is not used before then.
    std::int64_t expiresAt() const;
    /// When it ends however much it is used.
    std::int64_t lastEnd() const;
};

/// Any thread.
class Sessions {
public:
    Sessions(storage::Database&, const Secret&);

    /// A new session and its token.
    std::pair<Session, std::string> create(const std::string& userId, const std::string& peer,
                                           const std::string& userAgent, std::int64_t now);
    /// The living session that a token stands for, marked as used now; nothing for a token that is forged, expired or
    /// revoked.
    std::optional<Session> use(const std::string& token, std::int64_t now);
    /// The same by its id, for somebody who showed the token before.
    std::optional<Session> useById(const std::string& id, std::int64_t now);
    void revoke(const std::string& id, std::int64_t now);
    /// Ends all sessions of a user but one ("": that one as well), and returns how many that were.
    std::size_t revokeAllOf(const std::string& userId, const std::string& exceptSessionId, std::int64_t now);
    /// The living ones of a user, the latest login first.
    std::vector<Session> of(const std::string& userId, std::int64_t now) const;

    /// The nearest point in time at which a living one ends however much it is used.
    std::optional<std::int64_t> nextEnd(std::int64_t now) const;
    /// Whether purge() will find something now or later.
    bool any() const;
    /// Clears away what has ended or was revoked. Returns how many ended by themselves.
    std::size_t purge(std::int64_t now);

    /// Called after each revoke() and revokeAllOf(). Set before the first use, as the next two.
    void onRevoked(std::function<void()> call) { revoked_ = std::move(call); }
    /// Called after each create(), with its last end.
    void onMade(std::function<void(std::int64_t end)> call) { made_ = std::move(call); }
    /// Asked at each use, so that a change is in force at once.
    void idleLifetime(std::function<std::chrono::hours()> ask) { idleLifetime_ = std::move(ask); }

private:
    struct Claims {
        std::string sessionId;
        std::int64_t expiresAt;
    };
    std::optional<Claims> verify(const std::string& token) const;
    std::optional<std::string> sessionOf(const std::string& token, std::int64_t now);

    /// Poco initialises OpenSSL when the first of its cryptographic objects is made and tears it down with the last,
    /// and is not safe when two threads do that at once (seen in 1.11). While this one lives, neither happens.
    const Poco::Crypto::OpenSSLInitializer openssl_;

    storage::Database& database_;
    std::function<void()> revoked_;
    std::function<void(std::int64_t)> made_;
    std::function<std::chrono::hours()> idleLifetime_ = [] { return kIdleLifetime; };
    const std::string key_;
    mutable std::mutex mutex_;
    struct Living {
        Session session;
        std::int64_t writtenAt; ///< lastSeenAt as the database has it
    };
    std::map<std::string, Living, std::less<>> living_;
    bool ended_ = false;                               ///< the database has rows of some that are over
    std::unordered_map<std::string, Claims> verified_; ///< tokens whose signature was found right lately
};

} // namespace talome::auth
