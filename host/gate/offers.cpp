// What operations offer to models.
#include "host/gate/offers.hpp"

#include "host/gate/input.hpp"
#include "host/gate/rest_input.hpp"
#include "host/gate/tier.hpp"
#include "host/http/query.hpp"

#include <algorithm>

namespace json = boost::json;

namespace talome::gate {

namespace {

std::string tierName(manifest::Tier tier) { return boost::describe::enum_to_string(tier, ""); }

/// "restart_container" -> "Restart container"
std::string titleOf(std::string name) {
    std::ranges::replace(name, '_', ' ');
    if (name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 32);
    return name;
}

std::string outerName(const std::map<std::string, std::string>& rename, std::string_view inner) {
    for (const auto& [outer, known] : rename)
        if (known == inner) return outer;
    return std::string(inner);
}

/// The schema of the input, with the names that the offer has for its members.
json::value renamed(json::value schema, const std::map<std::string, std::string>& rename) {
    if (rename.empty()) return schema;
    auto& object = schema.as_object();
    if (auto* properties = object.if_contains("properties")) {
        json::object outer;
        for (auto& [name, rule] : properties->as_object()) outer[outerName(rename, name)] = std::move(rule);
        *properties = std::move(outer);
    }
    if (auto* required = object.if_contains("required"))
        for (auto& name : required->as_array()) name = outerName(rename, name.as_string());
    return schema;
}

/// Members without the braces.
std::string membersOf(const json::object& object) {
    const auto text = json::serialize(object);
    return text.substr(1, text.size() - 2);
}

Offer begin(const std::shared_ptr<const Endpoint>& endpoint, std::string name,
            const std::map<std::string, std::string>& rename, const std::optional<std::string>& domain,
            std::string description) {
    Offer offer;
    offer.endpoint = endpoint;
    offer.name = std::move(name);
    offer.rename = rename;
    offer.domain = domain.value_or(std::string(kCoreDomain));
    offer.tier = endpoint->declared.tier;
    offer.lowest = lowestTier(endpoint->declared);
    offer.description = std::move(description);
    return offer;
}

std::string fixedOf(const manifest::Tool& tool, const Offer& offer) {
    const auto& endpoint = *offer.endpoint;
    const auto& declared = endpoint.declared;
    json::object object{{"name", tool.name},
                        {"title", tool.title.value_or(titleOf(tool.name))},
                        {"description", tool.summary},
                        {"domain", offer.domain},
                        {"category", tool.category.value_or(endpoint.plugin)},
                        {"tier", tierName(offer.tier)},
                        {"automationSafe", tool.automationSafe.value_or(offer.tier == manifest::Tier::read)},
                        {"idempotent", tool.idempotent.value_or(offer.tier == manifest::Tier::read)},
                        {"openWorld", tool.openWorld.value_or(false)},
                        {"source", endpoint.plugin == "host" ? "builtin" : "plugin"},
                        {"plugin", endpoint.plugin},
                        {"operation", declared.id},
                        {"permission", declared.permission}};
    if (declared.tierRules) {
        auto& rules = object["tierRules"].emplace_array();
        for (const auto& rule : *declared.tierRules)
            rules.push_back(json::object{
                {"input", outerName(tool.rename, rule.input)}, {"equals", rule.equals}, {"tier", tierName(rule.tier)}});
    }
    object["inputSchema"] = renamed(declared.input, tool.rename);
    object["outputType"] = declared.outputType;
    if (declared.output) object["outputSchema"] = *declared.output;
    return membersOf(object);
}

std::string fixedOf(const manifest::Resource& resource, const Offer& offer) {
    const auto& declared = offer.endpoint->declared;
    json::object object{{resource.uri.find('{') == resource.uri.npos ? "uri" : "uriTemplate", resource.uri},
                        {"name", resource.name},
                        {"description", resource.summary},
                        {"domain", offer.domain},
                        {"mimeType", declared.outputType.substr(0, declared.outputType.find(';'))},
                        {"operation", declared.id}};
    if (!resource.topics.empty()) object["topics"] = json::value_from(resource.topics);
    object["inputSchema"] = renamed(declared.input, resource.rename);
    return membersOf(object);
}

std::string fixedOf(const manifest::Prompt& prompt, const Offer& offer) {
    const auto& declared = offer.endpoint->declared;
    return membersOf({{"name", prompt.name},
                      {"description", prompt.summary},
                      {"domain", offer.domain},
                      {"operation", declared.id},
                      {"inputSchema", renamed(declared.input, prompt.rename)}});
}

template <class Declared> void put(Offers::Table& table, const std::shared_ptr<const Endpoint>& endpoint,
                                   const Declared& declared, const std::string& name, const char* what) {
    auto offer = begin(endpoint, name, declared.rename, declared.domain, declared.summary);
    offer.fixed = fixedOf(declared, offer);
    if (!table.emplace(name, std::move(offer)).second)
        throw std::invalid_argument(std::string(what) + " '" + name + "' exists already");
}

/// Something that a person has filled in.
bool isSet(const std::string& text) {
    return !text.empty() && text != "null" && text != "false" && text != "0" && text != "\"\"" && text != "[]";
}

/// The parts of a URI after its scheme.
std::vector<std::string_view> partsOf(std::string_view uri) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto slash = uri.find('/');
        parts.push_back(uri.substr(0, slash));
        if (slash == uri.npos) return parts;
        uri.remove_prefix(slash + 1);
    }
}

bool matches(const std::string& pattern, std::string_view uri,
             std::vector<std::pair<std::string, std::string>>& parameters) {
    const auto wanted = partsOf(pattern), given = partsOf(uri);
    if (wanted.size() != given.size()) return false;
    parameters.clear();
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (!wanted[i].starts_with('{')) {
            if (wanted[i] != given[i]) return false;
            continue;
        }
        const auto value = http::percentDecode(given[i]);
        if (!value || value->empty()) return false;
        parameters.emplace_back(wanted[i].substr(1, wanted[i].size() - 2), *value);
    }
    return true;
}

std::string whatIs(OfferKind kind) {
    return kind == OfferKind::tool ? "tool" : kind == OfferKind::resource ? "resource" : "prompt";
}

/// The operation's own names. A name that is known only inside is none.
json::object inner(const Offer& offer, json::object given) {
    if (offer.rename.empty()) return given;
    json::object input;
    for (auto& [key, value] : given) {
        const std::string name(key);
        const auto it = offer.rename.find(name);
        const bool hidden = it == offer.rename.end() && outerName(offer.rename, name) != name;
        if (hidden) throw Failure(std::vector<Detail>{{name, "is not known"}});
        input[it == offer.rename.end() ? name : it->second] = std::move(value);
    }
    return input;
}

} // namespace

const Offers::Table& Offers::of(OfferKind kind) const {
    return kind == OfferKind::tool ? tools : kind == OfferKind::resource ? resources : prompts;
}

void Offers::add(const std::shared_ptr<const Endpoint>& endpoint) {
    const auto& declared = endpoint->declared;
    if (!endpoint->invoke) return;
    for (const auto& tool : declared.tools) put(tools, endpoint, tool, tool.name, "the tool");
    if (declared.resources)
        for (const auto& each : *declared.resources) put(resources, endpoint, each, each.uri, "the resource");
    if (declared.prompts)
        for (const auto& each : *declared.prompts) put(prompts, endpoint, each, each.name, "the prompt");
}

OfferState stateOf(const Offers& offers, const std::function<std::string(const std::string& key)>& setting) {
    const auto value = [&](const std::string& key) -> std::string {
        try {
            return setting(key);
        } catch (const Failure&) {
            return {}; // its owner is not active
        }
    };
    OfferState state;
    for (const auto& [name, declared] : offers.domains) {
        const bool active = std::ranges::any_of(declared, [&](const manifest::ToolDomain& each) {
            return each.settings.empty() ||
                   std::ranges::any_of(each.settings, [&](const auto& key) { return isSet(value(key)); });
        });
        if (!active) state.inactive.insert(name);
    }
    if (const auto text = value("disabled_tools"); isSet(text)) {
        const auto list = json::parse(text);
        for (const auto& each : list.as_array()) state.disabled.emplace(each.as_string());
    }
    return state;
}

bool isVisible(const Offer& offer, const Principal& caller, const Flags& flags) {
    const auto& endpoint = *offer.endpoint;
    return isGranted(caller, endpoint.declared.permission, flags) &&
           isWithinReach(caller, endpoint.plugin, endpoint.declared, offer.lowest);
}

bool isOn(OfferKind kind, const Offer& offer, const OfferState& state) {
    return kind == OfferKind::tool ? !state.disabled.contains(offer.name) : !state.inactive.contains(offer.domain);
}

std::string textOf(OfferKind kind, const Offer& offer, const OfferState& state) {
    std::string text;
    text.reserve(offer.fixed.size() + 40);
    text += '{';
    text += offer.fixed;
    if (kind == OfferKind::tool) {
        text += state.inactive.contains(offer.domain) ? R"(,"active":false)" : R"(,"active":true)";
        text += state.disabled.contains(offer.name) ? R"(,"enabled":false)" : R"(,"enabled":true)";
    }
    return text += '}';
}

void listTo(OfferKind kind, const Snapshot& snapshot, const Principal& caller, const OfferState& state,
            const std::function<void(std::string_view)>& piece) {
    piece("[");
    std::string text;
    if (snapshot.offers)
        for (const auto& [name, offer] : snapshot.offers->of(kind)) {
            if (!isOn(kind, offer, state) || !isVisible(offer, caller, snapshot.flags)) continue;
            const bool first = text.empty();
            text = textOf(kind, offer, state);
            if (!first) piece(",");
            piece(text);
        }
    piece("]");
}

FoundOffer find(OfferKind kind, const Offers& offers, std::string_view name) {
    FoundOffer found;
    const auto& table = offers.of(kind);
    if (const auto it = table.find(name);
        it != table.end() && (kind != OfferKind::resource || name.find('{') == name.npos)) {
        found.offer = &it->second;
        return found;
    }
    if (kind != OfferKind::resource) return found;
    for (const auto& [pattern, offer] : table)
        if (pattern.find('{') != pattern.npos && matches(pattern, name, found.parameters)) {
            found.offer = &offer;
            return found;
        }
    found.parameters.clear();
    return found;
}

void callOffer(const Gate& gate, talome_call& from, const Gate::Nested& nested, OfferKind kind, std::string_view name,
               json::value input, const OfferState& state, const std::function<void(const Offer&)>& found,
               talome_sink out, void* to) {
    const CallUse use(from);
    const auto offers = from.snapshot->offers;
    const auto it = offers ? find(kind, *offers, name) : FoundOffer{};
    if (!it.offer || !isOn(kind, *it.offer, state) || !isVisible(*it.offer, *from.principal, from.snapshot->flags))
        throw Failure(TALOME_E_NOT_FOUND, "there is no " + whatIs(kind) + " " + std::string(name));
    const auto& offer = *it.offer;
    found(offer);
    if (!input.is_object()) throw Failure(TALOME_E_INVALID, "expected an object of arguments");
    auto merged = inner(offer, std::move(input.get_object()));
    try {
        for (const auto& [outer, value] : it.parameters) {
            const auto known = offer.rename.find(outer);
            offer.endpoint->input.put(merged, known == offer.rename.end() ? outer : known->second, value);
        }
        if (kind == OfferKind::prompt) { // whose arguments are texts
            json::object typed;
            for (auto& [key, value] : merged)
                if (value.is_string())
                    offer.endpoint->input.put(typed, key, value.get_string());
                else
                    typed[key] = std::move(value);
            merged = std::move(typed);
        }
        gate.callOffered(from, nested, offer.endpoint->declared.id, std::move(merged), out, to);
    } catch (Failure& failure) {
        if (failure.details.empty()) throw;
        auto details = std::move(failure.details);
        renameDetails(details, offer.rename);
        Failure told(std::move(details));
        told.members = std::move(failure.members);
        throw told;
    }
}

} // namespace talome::gate
