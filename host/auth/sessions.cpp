// Sessions, and the tokens that stand for them.
#include "host/auth/sessions.hpp"

#include <Poco/Exception.h>
#include <Poco/JWT/Signer.h>
#include <Poco/JWT/Token.h>
#include <algorithm>
#include <tuple>
#include <utility>

namespace talome::auth {

namespace {

constexpr std::int64_t kWriteEveryMs = 5 * 60'000; // a use is written this often, not at every request
constexpr std::size_t kMostToken = 2'048;          // bytes
constexpr std::size_t kMostVerified = 1'024;       // tokens remembered

std::int64_t ms(std::chrono::hours hours) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(hours).count();
}

/// Three parts of base64url and nothing else (RFC 7515, 7.1): Poco overlooks what stands behind them.
bool isCompact(const std::string& text) {
    std::size_t dots = 0;
    for (const char c : text) {
        if (c == '.')
            ++dots;
        else if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    return dots == 2;
}

} // namespace

std::int64_t Session::expiresAt() const { return std::min(lastSeenAt + ms(idleLifetime), lastEnd()); }

std::int64_t Session::lastEnd() const { return createdAt + ms(kWholeLifetime); }

Sessions::Sessions(storage::Database& database, const Secret& secret)
    : database_(database), key_(secret.key("talome jwt")) {
    for (const auto& row : database_.rows(
             "SELECT id, user_id, peer, user_agent, created_at, last_seen_at FROM sessions WHERE revoked_at IS NULL")) {
        Session session{std::get<std::string>(row[0]), std::get<std::string>(row[1]),  std::get<std::string>(row[2]),
                        std::get<std::string>(row[3]), std::get<std::int64_t>(row[4]), std::get<std::int64_t>(row[5])};
        living_.emplace(session.id, Living{session, session.lastSeenAt});
    }
    ended_ = !database_.rows("SELECT 1 FROM sessions WHERE revoked_at IS NOT NULL LIMIT 1").empty();
}

std::pair<Session, std::string> Sessions::create(const std::string& userId, const std::string& peer,
                                                 const std::string& userAgent, std::int64_t now) {
    const Session session{uuid(), userId, peer, userAgent.substr(0, 256), now, now, idleLifetime_()};
    database_.run(
        "INSERT INTO sessions (id, user_id, peer, user_agent, created_at, last_seen_at) VALUES (?, ?, ?, ?, ?, ?)",
        {session.id, session.userId, session.peer, session.userAgent, session.createdAt, session.lastSeenAt});
    Poco::JWT::Token token;
    token.setType("JWT");
    auto& claims = token.payload();
    claims.set("sub", userId);
    claims.set("jti", session.id);
    claims.set("iat", static_cast<Poco::Int64>(now / 1000));
    claims.set("exp", static_cast<Poco::Int64>((now + ms(kWholeLifetime)) / 1000));
    const auto text = Poco::JWT::Signer(key_).sign(token, Poco::JWT::Signer::ALGO_HS256);
    {
        const std::lock_guard lock(mutex_);
        living_.emplace(session.id, Living{session, now});
    }
    if (made_) made_(session.lastEnd());
    return {session, text};
}

std::optional<Sessions::Claims> Sessions::verify(const std::string& text) const {
    if (!isCompact(text)) return std::nullopt;
    try {
        Poco::JWT::Signer signer(key_);
        signer.setAlgorithms({Poco::JWT::Signer::ALGO_HS256}); // no other, and never "none"
        Poco::JWT::Token token;
        if (!signer.tryVerify(text, token)) return std::nullopt;
        const auto& claims = token.payload();
        return Claims{claims.getValue<std::string>("jti"), claims.getValue<Poco::Int64>("exp") * 1000};
    } catch (const Poco::Exception&) {
        return std::nullopt; // not a token at all
    }
}

std::optional<std::string> Sessions::sessionOf(const std::string& token, std::int64_t now) {
    if (token.size() > kMostToken) return std::nullopt;
    std::optional<Claims> claims;
    {
        const std::lock_guard lock(mutex_);
        if (const auto it = verified_.find(token); it != verified_.end()) claims = it->second;
    }
    if (!claims) {
        claims = verify(token);
        if (!claims) return std::nullopt;
        const std::lock_guard lock(mutex_);
        if (verified_.size() >= kMostVerified) verified_.clear();
        verified_.emplace(token, *claims);
    }
    if (claims->expiresAt <= now) return std::nullopt;
    return claims->sessionId;
}

std::optional<Session> Sessions::use(const std::string& token, std::int64_t now) {
    const auto id = sessionOf(token, now);
    return id ? useById(*id, now) : std::nullopt;
}

std::optional<Session> Sessions::useById(const std::string& id, std::int64_t now) {
    Session session;
    const auto idle = idleLifetime_();
    {
        const std::lock_guard lock(mutex_);
        const auto it = living_.find(id);
        if (it == living_.end()) return std::nullopt;
        it->second.session.idleLifetime = idle;
        session = it->second.session;
        if (session.expiresAt() <= now) {
            living_.erase(it);
        } else {
            it->second.session.lastSeenAt = session.lastSeenAt = std::max(now, session.lastSeenAt);
            if (now - it->second.writtenAt < kWriteEveryMs) return session;
            it->second.writtenAt = now;
        }
    }
    if (session.expiresAt() <= now) { // for good, also if the setting allows more again
        database_.run("DELETE FROM sessions WHERE id = ?", {id});
        return std::nullopt;
    }
    database_.run("UPDATE sessions SET last_seen_at = ? WHERE id = ?", {now, session.id});
    return session;
}

void Sessions::revoke(const std::string& id, std::int64_t now) {
    database_.run("UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", {now, id});
    {
        const std::lock_guard lock(mutex_);
        ended_ |= living_.erase(id) > 0;
    }
    if (revoked_) revoked_();
}

std::size_t Sessions::revokeAllOf(const std::string& userId, const std::string& exceptSessionId, std::int64_t now) {
    database_.run("UPDATE sessions SET revoked_at = ? WHERE user_id = ? AND id <> ? AND revoked_at IS NULL",
                  {now, userId, exceptSessionId});
    std::size_t ended = 0;
    const auto idle = idleLifetime_();
    {
        const std::lock_guard lock(mutex_);
        for (auto it = living_.begin(); it != living_.end();) {
            auto& session = it->second.session;
            if (session.userId != userId || session.id == exceptSessionId) {
                ++it;
                continue;
            }
            session.idleLifetime = idle;
            ended_ = true;
            ended += session.expiresAt() > now; // the others had ended by themselves
            it = living_.erase(it);
        }
    }
    if (revoked_) revoked_();
    return ended;
}

std::vector<Session> Sessions::of(const std::string& userId, std::int64_t now) const {
    std::vector<Session> found;
    const auto idle = idleLifetime_();
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, each] : living_)
            if (each.session.userId == userId) found.push_back(each.session);
    }
    for (auto& each : found) each.idleLifetime = idle;
    std::erase_if(found, [now](const Session& each) { return each.expiresAt() <= now; });
    std::sort(found.begin(), found.end(), [](const Session& a, const Session& b) {
        return std::tie(b.createdAt, b.id) < std::tie(a.createdAt, a.id);
    });
    return found;
}

std::optional<std::int64_t> Sessions::nextEnd(std::int64_t now) const {
    std::optional<std::int64_t> nearest;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, each] : living_)
        if (const auto end = each.session.lastEnd(); end > now && (!nearest || end < *nearest)) nearest = end;
    return nearest;
}

bool Sessions::any() const {
    const std::lock_guard lock(mutex_);
    return ended_ || !living_.empty();
}

std::size_t Sessions::purge(std::int64_t now) {
    const auto idle = idleLifetime_();
    std::vector<std::string> ended;
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(living_, [&](const auto& each) {
            auto session = each.second.session;
            session.idleLifetime = idle;
            if (session.expiresAt() > now) return false;
            ended.push_back(each.first);
            return true;
        });
        if (!std::exchange(ended_, false) && ended.empty()) return 0;
    }
    database_.transaction([&] {
        database_.run("DELETE FROM sessions WHERE revoked_at IS NOT NULL");
        for (const auto& id : ended) database_.run("DELETE FROM sessions WHERE id = ?", {id});
        return true;
    });
    return ended.size();
}

} // namespace talome::auth
