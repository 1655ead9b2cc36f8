// What is offered to models, automations and bots: /api/tools.
#pragma once

#include "host/gate/offers.hpp"
#include "host/plugins/self.hpp"

#include <array>
#include <mutex>
#include <talome/plugin.hpp>

namespace talome::api {

struct ToolQuery {
    std::optional<std::string> domain, tier, q;
    std::optional<bool> active;
};
BOOST_DESCRIBE_STRUCT(ToolQuery, (), (domain, tier, q, active))

struct ToolName {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(ToolName, (), (name))

struct ToolInput {
    std::string name;
    std::optional<boost::json::value> input;
    std::optional<std::string> approvalId;
    bool dryRun = false;
};
BOOST_DESCRIBE_STRUCT(ToolInput, (), (name, input, approvalId, dryRun))

struct ToolsChanged {
    bool tools = false, resources = false, prompts = false;
};
BOOST_DESCRIBE_STRUCT(ToolsChanged, (), (tools, resources, prompts))

/// Any thread.
class Tools {
public:
    Tools(Registry&, const plugins::Services&);

    /// Something may have changed the lists: tells whoever listens, if so.
    void review();

private:
    Json list(Call&, const ToolQuery&) const;
    Json get(Call&, const ToolName&) const;
    Json call(Call&, const ToolInput&);

    gate::OfferState state(const gate::Offers&) const;

    Host host_;
    const plugins::Services& services_;
    std::mutex mutex_;                  ///< of what follows
    std::array<std::size_t, 3> seen_{}; ///< digests of the lists, by kind
};

} // namespace talome::api
