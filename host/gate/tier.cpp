#include "host/gate/tier.hpp"

#include <algorithm>

namespace talome::gate {

manifest::Tier lowestTier(const manifest::Operation& operation) noexcept {
    auto tier = operation.tier;
    if (operation.tierRules)
        for (const auto& rule : *operation.tierRules) tier = std::min(tier, rule.tier);
    return tier;
}

manifest::Tier tierOf(const manifest::Operation& operation, const boost::json::value& input) {
    const auto* members = input.if_object();
    if (!operation.tierRules || !members) return operation.tier;
    for (const auto& rule : *operation.tierRules)
        if (const auto* given = members->if_contains(rule.input); given && *given == rule.equals) return rule.tier;
    return operation.tier;
}

} // namespace talome::gate
