// The checks of what operations offer to models: tools, resources, prompts, the domains they belong to, and tiers that
// depend on the input.
#include "recorder_offers.hpp"

#include "fields.hpp"
#include "fit.hpp"
#include "names.hpp"
#include "recorder.hpp"
#include "schema_check.hpp"

#include <algorithm>
#include <cctype>

namespace talome::manifest {

namespace {

constexpr std::size_t kMaxUri = 512, kMaxTitle = 100, kMaxWords = 64;

std::optional<std::string> domainOf(const char* text, const std::string& where) {
    if (!text) return std::nullopt;
    return nameOf(text, isPluginId, (where + ".domain").c_str());
}

/// Words between commas, each once.
std::vector<std::string> listOf(const char* text, const std::string& where, bool (*is)(std::string_view)) {
    std::vector<std::string> words;
    if (!text) return words;
    std::string_view rest = text;
    for (bool more = true; more;) {
        const auto comma = rest.find(',');
        const std::string word(rest.substr(0, comma));
        more = comma != rest.npos;
        if (more) rest.remove_prefix(comma + 1);
        if (!is(word)) throw Invalid(where, "\"" + word + "\" cannot stand there");
        if (std::ranges::find(words, word) != words.end()) throw Invalid(where, "has " + word + " twice");
        if (words.size() == kMaxWords) throw Invalid(where, "has more than 64");
        words.push_back(word);
    }
    return words;
}

bool isKeyword(std::string_view word) {
    return !word.empty() && word.size() <= 64 && word.front() != ' ' && word.back() != ' ' &&
           std::ranges::none_of(word, [](unsigned char c) { return c < 0x20 || c == 0x7f || std::isupper(c); });
}

bool isResourceName(std::string_view text) {
    return !text.empty() && text.size() <= 64 && text[0] >= 'a' && text[0] <= 'z' &&
           std::ranges::all_of(
               text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

/// A scheme, and printable ASCII without blanks; what is in braces is a whole part between slashes, and an input.
std::string uriOf(const char* text, const std::map<std::string, std::string>& rename, const boost::json::value& input,
                  const std::string& where) {
    std::string uri = orEmpty(text);
    const auto scheme = uri.find("://");
    if (scheme == uri.npos || scheme == 0 || uri.size() > kMaxUri ||
        !std::ranges::all_of(uri, [](unsigned char c) { return c > 0x20 && c < 0x7f; }) ||
        !std::ranges::all_of(uri.substr(0, scheme), [](unsigned char c) { return std::islower(c) || std::isdigit(c); }))
        throw Invalid(where, "expected a URI such as talome://logs/{container}");
    std::string_view rest = std::string_view(uri).substr(scheme + 3);
    for (bool more = true; more;) {
        const auto slash = rest.find('/');
        const auto part = rest.substr(0, slash);
        more = slash != rest.npos;
        if (more) rest.remove_prefix(slash + 1);
        if (part.find_first_of("{}") == part.npos) continue;
        if (!part.starts_with('{') || !part.ends_with('}') || part.find_first_of("{}", 1) != part.size() - 1)
            throw Invalid(where, "\"" + std::string(part) + "\": what is in braces is a whole part");
        const std::string name(part.substr(1, part.size() - 2));
        const auto renamed = rename.find(name);
        const auto& inner = renamed == rename.end() ? name : renamed->second;
        if (!hasProperty(input, inner)) throw Invalid(where, "there is no input \"" + inner + "\"");
    }
    return uri;
}

template <class T> void requireList(const T* const* list, std::uint32_t n, const std::string& where) {
    if (n && !list) throw Invalid(where, "has a null list");
    if (n > kMaxList) throw Invalid(where, "has more than 32");
}

std::string at(const std::string& where, std::uint32_t i) { return where + "[" + std::to_string(i) + "]"; }

TierRule ruleOf(const talome_tier_rule* given, const Operation& of, const std::string& where) {
    const talome_tier_rule from = fit(given, where.c_str());
    TierRule rule;
    rule.tier = tierOf(from.tier, where);
    if (rule.tier >= of.tier) throw Invalid(where + ".tier", "must be below the operation's");
    rule.input = orEmpty(from.input);
    if (!hasProperty(of.input, rule.input)) throw Invalid(where, "there is no input \"" + rule.input + "\"");
    if (!from.equals) throw Invalid(where + ".equals", "is required");
    rule.equals = read<boost::json::value>(detail::parse(from.equals), where + ".equals");
    return rule;
}

Resource resourceOf(const talome_resource* given, const Operation& of, const std::string& where) {
    const talome_resource from = fit(given, where.c_str());
    Resource to;
    to.name = nameOf(from.name, isResourceName, where.c_str());
    to.summary = from.summary ? summaryOf(from.summary, where) : of.summary;
    to.rename = renameOf(from.rename, of.input, where + ".rename");
    to.uri = uriOf(from.uri, to.rename, of.input, where + ".uri");
    to.domain = domainOf(from.domain, where);
    to.topics = listOf(from.topics, where + ".topics", isTopicPattern);
    return to;
}

Prompt promptOf(const talome_prompt* given, const Operation& of, const std::string& where) {
    const talome_prompt from = fit(given, where.c_str());
    Prompt to;
    to.name = nameOf(from.name, isResourceName, where.c_str());
    to.summary = from.summary ? summaryOf(from.summary, where) : of.summary;
    to.rename = renameOf(from.rename, of.input, where + ".rename");
    to.domain = domainOf(from.domain, where);
    return to;
}

} // namespace

Tool toolOf(const talome_tool* given, const Operation& of, const std::string& where) {
    const talome_tool from = fit(given, where.c_str());
    Tool to;
    to.name = nameOf(from.name, isKey, where.c_str());
    to.summary = from.summary ? summaryOf(from.summary, where) : of.summary;
    to.rename = renameOf(from.rename, of.input, where + ".rename");
    to.domain = domainOf(from.domain, where);
    if (from.category) to.category = nameOf(from.category, isPluginId, (where + ".category").c_str());
    if (from.title) {
        to.title = from.title;
        if (to.title->empty() || to.title->size() > kMaxTitle)
            throw Invalid(where + ".title", "expected 1 to 100 bytes");
    }
    requireKnown(from.flags, TALOME_TOOL_AUTOMATION_SAFE | TALOME_TOOL_IDEMPOTENT | TALOME_TOOL_OPEN_WORLD, where);
    if (from.flags & TALOME_TOOL_AUTOMATION_SAFE) to.automationSafe = true;
    if (from.flags & TALOME_TOOL_IDEMPOTENT) to.idempotent = true;
    if (from.flags & TALOME_TOOL_OPEN_WORLD) to.openWorld = true;
    return to;
}

bool passesOnOf(const Operation& of) {
    if (of.tier != Tier::read) throw Invalid(of.id + ".tier", "must be read, for it passes calls on");
    return true;
}

void recordOffers(const talome_operation& from, Operation& to) {
    requireList(from.tier_rules, from.n_tier_rules, to.id + ".tier_rules");
    requireList(from.resources, from.n_resources, to.id + ".resources");
    requireList(from.prompts, from.n_prompts, to.id + ".prompts");
    if (from.n_tier_rules) to.tierRules.emplace();
    for (std::uint32_t i = 0; i < from.n_tier_rules; ++i)
        to.tierRules->push_back(ruleOf(from.tier_rules[i], to, at(to.id + ".tier_rules", i)));
    if (from.n_resources) to.resources.emplace();
    for (std::uint32_t i = 0; i < from.n_resources; ++i)
        to.resources->push_back(resourceOf(from.resources[i], to, at(to.id + ".resources", i)));
    if (from.n_prompts) to.prompts.emplace();
    for (std::uint32_t i = 0; i < from.n_prompts; ++i)
        to.prompts->push_back(promptOf(from.prompts[i], to, at(to.id + ".prompts", i)));
    requireKnown(from.flags, TALOME_PASSES_ON, to.id);
    if (from.flags & TALOME_PASSES_ON) to.passesOn = passesOnOf(to);
    if (to.resources && to.tier != Tier::read)
        throw Invalid(to.id, "is a resource: its tier must be read, for clients read those unasked");
}

ToolDomain record(const talome_tool_domain* given) {
    const talome_tool_domain from = fit(given, "domain");
    ToolDomain to;
    to.name = nameOf(from.name, isPluginId, "domain");
    to.summary = summaryOf(from.summary, to.name);
    to.settings = listOf(from.settings, to.name + ".settings", isKey);
    to.keywords = listOf(from.keywords, to.name + ".keywords", isKeyword);
    return to;
}

} // namespace talome::manifest
