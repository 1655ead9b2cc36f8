// API tokens of the caller: /api/auth/tokens.
#pragma once

#include "host/auth/api_tokens.hpp"
#include "host/auth/users.hpp"

#include <talome/plugin.hpp>

namespace talome::api {

/// Always there, and null for a token that reaches all groups.
struct TokenGroups {
    std::optional<std::vector<std::string>> names;
};

enum class TokenScope { read, modify, destructive, full };
BOOST_DESCRIBE_ENUM(TokenScope, read, modify, destructive, full)

struct TokenWanted {
    std::string name;
    TokenScope scope = TokenScope::read;
    std::optional<std::vector<std::string>> groups;
    std::optional<std::string> expiresAt;
    std::optional<int> expiresInDays;
    std::string origin;
};
BOOST_DESCRIBE_STRUCT(TokenWanted, (), (name, scope, groups, expiresAt, expiresInDays, origin))

struct TokenMade {
    std::string id, name, scope;
    TokenGroups groups;
    std::string origin, createdAt;
    Nullable<std::string> expiresAt;
    std::string token;
};
BOOST_DESCRIBE_STRUCT(TokenMade, (), (id, name, scope, groups, origin, createdAt, expiresAt, token))

struct TokenInfo {
    std::string id, name, scope;
    TokenGroups groups;
    std::string origin, createdAt;
    Nullable<std::string> expiresAt, lastUsedAt, lastPeer;
    std::optional<std::string> userId, username; ///< in the list of all
};
BOOST_DESCRIBE_STRUCT(TokenInfo, (),
                      (id, name, scope, groups, origin, createdAt, expiresAt, lastUsedAt, lastPeer, userId, username))

struct TokenQuery {
    bool all = false;
};
BOOST_DESCRIBE_STRUCT(TokenQuery, (), (all))

struct TokenInput {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(TokenInput, (), (id))

/// Any thread.
class Tokens {
public:
    Tokens(Registry&, auth::ApiTokens&, const auth::Users&);

private:
    TokenMade create(Call&, const TokenWanted&);
    std::vector<TokenInfo> list(Call&, const TokenQuery&) const;
    void remove(Call&, const TokenInput&);

    std::optional<std::int64_t> endOf(const TokenWanted&) const;

    Host host_;
    auth::ApiTokens& tokens_;
    const auth::Users& users_;
};

} // namespace talome::api

namespace talome {

template <> struct Codec<api::TokenGroups> {
    using Names = std::optional<std::vector<std::string>>;
    static void write(std::string& out, const void* v) {
        Codec<Names>::write(out, &static_cast<const api::TokenGroups*>(v)->names);
    }
    static void read(const boost::json::value& from, void* v, const detail::Path& at) {
        Codec<Names>::read(from, &static_cast<api::TokenGroups*>(v)->names, at);
    }
    static void schema(detail::SchemaText& text) {
        text.out += R"({"type":["array","null"],"items":{"type":"string"}})";
    }
};

} // namespace talome
