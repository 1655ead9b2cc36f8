// What is offered to models, automations and bots: /api/tools. The table is the snapshot's; there is no other list.
#include "host/api/tools.hpp"

#include "host/gate/call.hpp"
#include "host/http/query.hpp"

#include <Poco/Base64Encoder.h>
#include <Poco/String.h>
#include <chrono>
#include <sstream>

namespace json = boost::json;

namespace talome::api {

namespace {

using gate::OfferKind;

std::string tierName(manifest::Tier tier) { return boost::describe::enum_to_string(tier, ""); }

bool contains(const std::string& text, const std::string& wanted) {
    return Poco::toLower(text).find(Poco::toLower(wanted)) != std::string::npos;
}

std::string base64(const std::string& bytes) {
    std::ostringstream text;
    Poco::Base64Encoder encoder(text);
    encoder.rdbuf()->setLineLength(0);
    encoder << bytes;
    encoder.close();
    return text.str();
}

/// An operation's answer within JSON: as it is, as a text, or what is no text in base64.
std::string outputOf(const std::string& type, std::string answer) {
    const auto media = type.substr(0, type.find(';'));
    if (media == "application/json" || media.ends_with("+json")) return answer.empty() ? "null" : answer;
    if (http::isUtf8(answer)) return toJson(answer);
    return "{\"type\":" + toJson(media) + ",\"base64\":" + toJson(base64(answer)) + "}";
}

/// With what the gate knows of a failure, so that the caller is answered as at the operation's own route.
template <class F> void passingOn(F&& body) {
    try {
        body();
    } catch (const gate::Failure& failure) {
        gate::rememberFailure(failure);
        raise(failure.status, failure.what());
    }
}

} // namespace

Tools::Tools(Registry& registry, const plugins::Services& services) : host_(registry.host()), services_(services) {
    registry
        .operation("tools.list", "The tools that the caller may use, by name, and their domains", session, Tier::read,
                   this, &Tools::list)
        .route("GET", "/api/tools")
        .input("domain", "only its", length(1, 32))
        .input("tier", "only those", oneOf({"read", "modify", "destructive"}))
        .input("q", "only those whose name or description has this", length(1, 100))
        .input("active", "only those whose domain is set up, or only those whose is not")
        .passesOn();
    registry.operation("tools.get", "One tool", session, Tier::read, this, &Tools::get)
        .route("GET", "/api/tools/{name}")
        .input("name", "of the tool", length(1, 64))
        .passesOn();
    registry
        .operation("tools.call",
                   "Calls a tool as its caller, by the rules of its operation; one that waits for a person is "
                   "answered 409 with code APPROVAL_REQUIRED and the approval",
                   session, Tier::read, this, &Tools::call)
        .route("POST", "/api/tools/{name}/call")
        .input("name", "of the tool", length(1, 64))
        .input("input", "its arguments, an object")
        .input("approvalId", "of the leave that a person has given for this very call", length(1, 64))
        .input("dryRun", "only of tools that have such an argument: nothing is changed", false)
        .passesOn();
    registry.setting("disabled_tools", "Tools that nobody may use", std::vector<std::string>{}).portable();
    registry.topic<ToolsChanged>("tools.changed", "What is offered to models is not what it was", session);
    services.settings.onChanged([this](const std::vector<std::string>&) { review(); });
}

gate::OfferState Tools::state(const gate::Offers& offers) const {
    return gate::stateOf(offers, [&](const std::string& key) { return services_.settings.get(key); });
}

void Tools::review() {
    const auto snapshot = services_.registry.snapshot();
    if (!snapshot->offers) return;
    const auto now = state(*snapshot->offers);
    ToolsChanged changed;
    {
        const std::lock_guard lock(mutex_);
        bool* const flags[] = {&changed.tools, &changed.resources, &changed.prompts};
        for (const auto kind : {OfferKind::tool, OfferKind::resource, OfferKind::prompt}) {
            std::string all;
            for (const auto& [name, offer] : snapshot->offers->of(kind))
                if (gate::isOn(kind, offer, now)) all += gate::textOf(kind, offer, now);
            const auto digest = std::hash<std::string>()(all);
            const auto i = static_cast<std::size_t>(kind);
            *flags[i] = std::exchange(seen_[i], digest) != digest;
        }
    }
    if (changed.tools || changed.resources || changed.prompts) host_.publish("tools.changed", changed);
}

Json Tools::list(Call& call, const ToolQuery& query) const {
    const auto& snapshot = *call.raw()->snapshot;
    const auto& caller = *call.raw()->principal;
    if (!snapshot.offers) return {R"({"tools":[],"domains":[],"total":0})"};
    const auto& offers = *snapshot.offers;
    const auto now = state(offers);
    const bool admin = call.granted("admin");
    std::string tools;
    std::size_t total = 0;
    std::map<std::string, std::size_t, std::less<>> counts;
    for (const auto& [name, offer] : offers.tools) {
        if (!gate::isVisible(offer, caller, snapshot.flags)) continue;
        if (now.disabled.contains(name) && !admin) continue; // whoever can enable it must see it
        ++counts[offer.domain];
        if (query.domain && offer.domain != *query.domain) continue;
        if (query.tier && tierName(offer.tier) != *query.tier) continue;
        if (query.active && now.inactive.contains(offer.domain) == *query.active) continue;
        if (query.q && !contains(name, *query.q) && !contains(offer.description, *query.q)) continue;
        tools += (total++ ? "," : "") + gate::textOf(OfferKind::tool, offer, now);
    }
    json::array domains;
    for (const auto& [name, declared] : offers.domains) {
        json::array keys, words;
        for (const auto& each : declared) {
            for (const auto& key : each.settings) keys.emplace_back(key);
            for (const auto& word : each.keywords) words.emplace_back(word);
        }
        domains.push_back(json::object{{"name", name},
                                       {"description", declared.front().summary},
                                       {"active", !now.inactive.contains(name)},
                                       {"settingsKeys", std::move(keys)},
                                       {"keywords", std::move(words)},
                                       {"toolCount", counts[name]}});
    }
    return {"{\"tools\":[" + tools + "],\"domains\":" + json::serialize(domains) +
            ",\"total\":" + std::to_string(total) + "}"};
}

Json Tools::get(Call& call, const ToolName& input) const {
    const auto& snapshot = *call.raw()->snapshot;
    if (snapshot.offers) {
        const auto now = state(*snapshot.offers);
        const auto& tools = snapshot.offers->tools;
        const auto it = tools.find(input.name);
        if (it != tools.end() && gate::isVisible(it->second, *call.raw()->principal, snapshot.flags) &&
            (!now.disabled.contains(input.name) || call.granted("admin")))
            return {gate::textOf(OfferKind::tool, it->second, now)};
    }
    throw NotFound("there is no tool " + input.name);
}

Json Tools::call(Call& call, const ToolInput& input) {
    auto& raw = *call.raw();
    static const std::set<std::string, std::less<>> none;
    const auto approval = input.approvalId.value_or(raw.approval);
    const gate::Gate::Nested nested{raw.plugin, none, std::nullopt, approval};
    detail::Collected answer;
    std::string type;
    auto given = input.input.value_or(json::object());
    const auto began = std::chrono::steady_clock::now();
    passingOn([&] {
        const auto now = raw.snapshot->offers ? state(*raw.snapshot->offers) : gate::OfferState();
        if (input.dryRun) {
            const auto found = raw.snapshot->offers ? gate::find(OfferKind::tool, *raw.snapshot->offers, input.name)
                                                    : gate::FoundOffer();
            if (found.offer && !found.offer->endpoint->input.has("dryRun"))
                throw gate::Failure(
                    std::vector<gate::Detail>{{"dryRun", "this tool cannot be tried without being done"}});
            if (auto* object = given.if_object()) (*object)["dryRun"] = true;
        }
        const auto found = [&](const gate::Offer& offer) { type = offer.endpoint->declared.outputType; };
        gate::callOffer(services_.gate, raw, nested, OfferKind::tool, input.name, std::move(given), now, found,
                        &detail::Collected::take, &answer);
    });
    const auto took = std::chrono::steady_clock::now() - began;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    return {"{\"ok\":true,\"output\":" + outputOf(type, answer.done()) + ",\"durationMs\":" + std::to_string(ms) + "}"};
}

} // namespace talome::api
