// The page at which a person answers an approval: /mcp/approvals/{id}.
#pragma once

#include <talome/plugin.hpp>

namespace talome::mcp {

struct ApprovalPath {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(ApprovalPath, (), (id))

/// A page without state or secrets: what it shows and does goes by the REST API, in the name of who is logged in there.
class ApprovalPage {
public:
    explicit ApprovalPage(Registry&);

private:
    void show(Call&, const ApprovalPath&, Exchange&);
};

} // namespace talome::mcp
