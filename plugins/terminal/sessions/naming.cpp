#include "sessions/naming.hpp"

#include <algorithm>
#include <openssl/sha.h>

namespace talome::terminal {

namespace {

constexpr std::size_t kMostName = 40;

bool isIdByte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string digestOf(std::string_view text) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    std::string hex;
    for (const unsigned char byte : digest) {
        hex += "0123456789abcdef"[byte >> 4];
        hex += "0123456789abcdef"[byte & 15];
    }
    return hex;
}

} // namespace

std::string idOfName(std::string_view name) {
    std::string id = "sess_";
    for (const char c : name.substr(0, kMostName)) id += isIdByte(c) ? c : '-';
    return id;
}

std::string shownId(const Key& key, std::string_view viewer) {
    return key.owner == viewer ? key.id : key.id + "." + key.owner;
}

Caller callerOf(const Call& call) {
    Principal who = call.principal();
    return {std::move(who.userId), std::move(who.username), std::move(who.peer), call.granted("admin")};
}

Key keyOf(const Caller& who, std::string_view id) {
    const auto dot = id.find('.');
    Key key{who.userId, std::string(id.substr(0, dot))};
    const bool fine = !key.id.empty() && key.id.size() <= 60 && std::all_of(key.id.begin(), key.id.end(), isIdByte);
    if (dot != id.npos) key.owner = id.substr(dot + 1);
    if (!fine || (key.owner != who.userId && !who.admin))
        throw NotFound("there is no session " + std::string(id.substr(0, 100)));
    return key;
}

std::optional<std::string> Names::find(const Key& key) const {
    std::optional<std::string> name;
    host_.database().each(
        "SELECT display_name FROM names WHERE owner = ? AND id = ?",
        [&](const RowView& row) { name = row.get<std::string>(0); }, key.owner, key.id);
    return name;
}

void Names::set(const Key& key, const std::string& displayName) const {
    host_.database().transaction([&](Transaction& in) {
        const auto others =
            in.one<std::int64_t>("SELECT count(*) FROM names WHERE owner = ? AND id <> ?", key.owner, key.id);
        if (others.value_or(0) >= static_cast<std::int64_t>(kMostOfOwner))
            throw Conflict("too many sessions have a name: remove some");
        in.execute(
            "INSERT INTO names VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET display_name = excluded.display_name, "
            "changed_at = excluded.changed_at",
            key.owner, key.id, displayName, host_.nowMs());
    });
}

void Names::remove(const Key& key) const {
    host_.database().execute("DELETE FROM names WHERE owner = ? AND id = ?", key.owner, key.id);
}

void Names::bindTicket(const std::string& ticket, const std::string& session, std::int64_t expiresAt) const {
    const auto database = host_.database();
    database.execute("DELETE FROM tickets WHERE expires_at < ?", host_.nowMs());
    database.execute("INSERT INTO tickets VALUES (?, ?, ?)", digestOf(ticket), session, expiresAt);
}

std::optional<std::string> Names::takeTicket(const std::string& ticket) const {
    std::optional<std::string> session;
    host_.database().each(
        "DELETE FROM tickets WHERE digest = ? RETURNING session",
        [&](const RowView& row) { session = row.get<std::string>(0); }, digestOf(ticket));
    return session;
}

} // namespace talome::terminal
