// Tokens for clients of MCP: /api/integrations/mcp/tokens.
#pragma once

#include <talome/plugin.hpp>

namespace talome::mcp {

enum class McpScope { read, modify, destructive };
BOOST_DESCRIBE_ENUM(McpScope, read, modify, destructive)

struct McpTokenWanted {
    std::string name;
    std::vector<McpScope> scopes;
    std::optional<std::vector<std::string>> domains;
    std::optional<int> expiresInDays;
};
BOOST_DESCRIBE_STRUCT(McpTokenWanted, (), (name, scopes, domains, expiresInDays))

struct McpTokenMade {
    bool ok = true;
    std::string id, name, token;
    std::vector<std::string> scopes;
    Nullable<std::string> expiresAt;
};
BOOST_DESCRIBE_STRUCT(McpTokenMade, (), (ok, id, name, token, scopes, expiresAt))

struct McpTokenInfo {
    std::string id, name, createdAt;
    Nullable<std::string> lastUsedAt, expiresAt;
    std::vector<std::string> scopes;
    std::optional<std::vector<std::string>> domains; ///< missing: all
    std::optional<std::string> username;             ///< in whose name it acts
};
BOOST_DESCRIBE_STRUCT(McpTokenInfo, (), (id, name, createdAt, lastUsedAt, expiresAt, scopes, domains, username))

struct McpTokenId {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(McpTokenId, (), (id))

class Tokens {
public:
    explicit Tokens(Registry&);

private:
    McpTokenMade create(Call&, const McpTokenWanted&);
    std::vector<McpTokenInfo> list(Call&) const;
    void remove(Call&, const McpTokenId&);

    Host host_;
};

} // namespace talome::mcp
