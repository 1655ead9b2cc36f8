// The chain of the rows, see the head of chain.hpp.
#include "host/audit/chain.hpp"

#include "host/auth/secret.hpp"

namespace talome::audit {

namespace {

void put(std::string& out, std::int64_t number) {
    auto rest = static_cast<std::uint64_t>(number);
    for (int i = 0; i < 8; ++i, rest >>= 8) out += static_cast<char>(rest & 0xff);
}

void put(std::string& out, std::string_view text) {
    put(out, static_cast<std::int64_t>(text.size()));
    out += text;
}

} // namespace

std::string Chain::mac(const std::string& before, std::int64_t id, const Entry& e) const {
    std::string bytes;
    bytes.reserve(512 + e.input.size() + e.words.size());
    put(bytes, "row");
    put(bytes, before);
    put(bytes, id);
    put(bytes, e.at);
    for (const auto* text :
         {&e.action, &e.tier, &e.outcome, &e.userId, &e.username, &e.origin, &e.credential, &e.credentialId, &e.peer,
          &e.userAgent, &e.requestId, &e.plugin, &e.targetKind, &e.target, &e.approvalId})
        put(bytes, *text);
    put(bytes, e.durationMs);
    put(bytes, e.input);
    put(bytes, e.words);
    return auth::hmac(key_, bytes);
}

std::string Chain::seal(std::string_view name, const End& end) const {
    std::string bytes;
    put(bytes, name);
    put(bytes, end.id);
    put(bytes, end.mac);
    return auth::hmac(key_, bytes);
}

bool Chain::isSealed(std::string_view name, const End& end, std::string_view seal) const {
    return auth::equalConstantTime(this->seal(name, end), seal);
}

} // namespace talome::audit
