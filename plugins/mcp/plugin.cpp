// The mcp plugin: what it declares, as a table.
#include "approval_page.hpp"
#include "guides.hpp"
#include "server.hpp"
#include "tokens.hpp"

namespace talome::mcp {

struct ToolsChanged {
    bool tools = false, resources = false, prompts = false;
};
BOOST_DESCRIBE_STRUCT(ToolsChanged, (), (tools, resources, prompts))

class Mcp : public Plugin {
public:
    explicit Mcp(Registry& registry) : server_(registry.host()), tokens_(registry), guides_(registry), page_(registry) {
        registry.needs(TALOME_TOOLS);
        declare(registry, "/mcp", "");
        declare(registry, "/api/mcp", "Api");

        registry.setting("mcp_enabled", "Whether clients of MCP are served", true);
        registry
            .setting(
                "mcp_allowed_origins",
                "Pages that may use /mcp, and names by which this server is reached: https://talome.example.com, with "
                "commas between them",
                "")
            .length(0, 2000);

        registry.on("tools.changed", this, &Mcp::listsChanged);
        registry.on("*", this, &Mcp::happened);
    }

    void quiesce() { server_.close(); }

private:
    static constexpr std::uint64_t kMostBody = 4u << 20;

    void declare(Registry& registry, std::string_view path, const std::string& suffix) {
        registry
            .raw("mcp.message" + suffix, "A message of the Model Context Protocol", session, Tier::read, "POST", path,
                 this, &Mcp::post)
            .maxBody(kMostBody)
            .input("domains", "only tools of these domains or categories: docker,system", length(0, 1000))
            .passesOn();
        registry
            .raw("mcp.listen" + suffix, "What a client of an older revision is told unasked", session, Tier::read,
                 "GET", path, this, &Mcp::get)
            .passesOn();
        registry
            .raw("mcp.leave" + suffix, "Ends a session of an older revision", session, Tier::read, "DELETE", path, this,
                 &Mcp::remove)
            .passesOn();
    }

    void post(Call& call, const McpQuery& query, Exchange& exchange) { server_.post(call, query, exchange); }
    void get(Call& call, const Nothing&, Exchange& exchange) { server_.get(call, exchange); }
    void remove(Call& call, const Nothing&, Exchange& exchange) { server_.remove(call, exchange); }
    void listsChanged(std::string_view, const ToolsChanged& which) {
        server_.listsChanged(which.tools, which.resources, which.prompts);
    }
    void happened(std::string_view topic, std::string_view) { server_.happened(topic); }

    Server server_;
    Tokens tokens_;
    Guides guides_;
    ApprovalPage page_;
};

} // namespace talome::mcp

TALOME_PLUGIN(talome::mcp::Mcp, "mcp", "1.0.0",
              "Tools, resources and prompts for AI clients, by the Model Context Protocol.")
