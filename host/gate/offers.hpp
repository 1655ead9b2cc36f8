// What operations offer to models: tools, resources and prompts, as one table beside the operations of a snapshot. Who
// sees what of it follows from the same rules as a call: permission, and the reach of a token.
#pragma once

#include "host/gate/gate.hpp"

#include <map>
#include <set>
#include <string>
#include <talome/tools.h>
#include <vector>

namespace talome::gate {

enum class OfferKind { tool = TALOME_OFFER_TOOL, resource = TALOME_OFFER_RESOURCE, prompt = TALOME_OFFER_PROMPT };

struct Offer {
    std::shared_ptr<const Endpoint> endpoint;
    std::string name;                          ///< of a resource its URI, with inputs in braces
    std::map<std::string, std::string> rename; ///< outer name -> name of the input
    std::string domain;
    std::string fixed; ///< members of its JSON object that do not change, without the braces
    manifest::Tier tier = manifest::Tier::destructive, lowest = manifest::Tier::destructive;
    std::string description;
};

/// Immutable.
struct Offers {
    using Table = std::map<std::string, Offer, std::less<>>;
    Table tools, resources, prompts;
    std::map<std::string, std::vector<manifest::ToolDomain>, std::less<>> domains; ///< as each plugin declares it

    const Table& of(OfferKind) const;
    /// Adds what one plugin offers. Throws std::invalid_argument if a name is taken.
    void add(const std::shared_ptr<const Endpoint>&);
    void add(const manifest::ToolDomain& domain) { domains[domain.name].push_back(domain); }
};

/// What settings say of them at one moment.
struct OfferState {
    std::set<std::string, std::less<>> inactive; ///< domains
    std::set<std::string, std::less<>> disabled; ///< tools
    bool operator==(const OfferState&) const = default;
};
/// `setting`: JSON of a setting's value; throws if there is no such setting.
OfferState stateOf(const Offers&, const std::function<std::string(const std::string& key)>& setting);

/// Whether the caller may use it at all: with what input is asked when it is called.
bool isVisible(const Offer&, const Principal&, const Flags&);
/// It can be used now: not disabled, and for all but tools its domain is active.
bool isOn(OfferKind, const Offer&, const OfferState&);

/// One of them as JSON.
std::string textOf(OfferKind, const Offer&, const OfferState&);
/// What the caller may use, as a JSON array in the order of names, in many small pieces: all of it together is large.
void listTo(OfferKind, const Snapshot&, const Principal&, const OfferState&,
            const std::function<void(std::string_view)>& piece);

/// What a caller means by a name, and the input that it brings with it (a resource's URI). Null if there is nothing.
struct FoundOffer {
    const Offer* offer = nullptr;
    std::vector<std::pair<std::string, std::string>> parameters; ///< outer names
};
FoundOffer find(OfferKind, const Offers&, std::string_view name);

/// Calls one for the caller of `from`. `found` is told before anything runs. Throws Failure.
void callOffer(const Gate&, talome_call& from, const Gate::Nested&, OfferKind, std::string_view name,
               boost::json::value input, const OfferState&, const std::function<void(const Offer&)>& found,
               talome_sink out, void* to);

} // namespace talome::gate
