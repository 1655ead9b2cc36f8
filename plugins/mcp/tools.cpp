// tools/list and tools/call.
#include "server.hpp"

#include "protocol/base64.hpp"

#include <algorithm>

namespace json = boost::json;

namespace talome::mcp {

namespace {

constexpr std::size_t kPage = 500;
constexpr std::size_t kMostMade = 16;                 // lists that are kept
constexpr auto kPersonTime = std::chrono::minutes(2); // that a thread may be held for a person's answer
constexpr int kMostWaiting = 4;

std::string_view mediaOf(std::string_view type) { return type.substr(0, type.find(';')); }
bool isJson(std::string_view media) { return media == "application/json" || media.ends_with("+json"); }

bool isTrue(const json::object& entry, std::string_view name) {
    const auto* value = entry.if_contains(name);
    return value && value->is_bool() && value->get_bool();
}
std::string text(const json::object& entry, std::string_view name) {
    const auto* value = entry.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// A tool as the protocol has it, from what GET /api/tools says of it.
std::string describe(json::object entry) {
    auto description = text(entry, "description");
    if (!isTrue(entry, "active"))
        description += " (Not set up yet: the settings of " + text(entry, "domain") + " are empty.)";
    const auto tier = text(entry, "tier");
    json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}};
    for (auto& [key, value] : entry["inputSchema"].as_object()) schema[key] = std::move(value);
    json::object tool{{"name", std::move(entry["name"])},
                      {"title", std::move(entry["title"])},
                      {"description", std::move(description)},
                      {"inputSchema", std::move(schema)}};
    if (auto* output = entry.if_contains("outputSchema"); output && output->is_object()) {
        const auto* type = output->get_object().if_contains("type");
        if (type && *type == "object") tool["outputSchema"] = std::move(*output);
    }
    tool["annotations"] = json::object{{"readOnlyHint", tier == "read"},
                                       {"destructiveHint", tier == "destructive"},
                                       {"idempotentHint", isTrue(entry, "idempotent")},
                                       {"openWorldHint", isTrue(entry, "openWorld")}};
    return json::serialize(tool);
}

std::string block(std::string_view type, const json::object& more) {
    json::object object{{"type", type}};
    for (const auto& [key, value] : more) object[key] = value;
    return json::serialize(object);
}

std::string textContent(std::string_view words) { return R"({"type":"text","text":)" + toJson(words) + "}"; }

std::string failure(std::string_view words) { return R"("content":[)" + textContent(words) + R"(],"isError":true)"; }

/// UTF-8 without NUL.
bool isText(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size();) {
        const auto length = static_cast<unsigned char>(bytes[i]) < 0x80 ? std::size_t{bytes[i] != 0}
                                                                        : detail::utf8Length(bytes.substr(i));
        if (length == 0) return false;
        i += length;
    }
    return true;
}

/// What an operation has answered, as content blocks.
std::string content(const std::string& name, const OfferAnswer& answer) {
    const auto media = mediaOf(answer.type);
    if (media == TALOME_CONTENT_TYPE) { // is content already
        const auto from = answer.output.find('{'), to = answer.output.rfind('}');
        return from == std::string::npos ? failure("the tool answered nothing")
                                         : answer.output.substr(from + 1, to - from - 1);
    }
    if (isJson(media)) {
        auto result = R"("content":[)" + textContent(answer.output) + "]";
        if (answer.output.starts_with('{')) result += R"(,"structuredContent":)" + answer.output;
        return result;
    }
    for (const std::string_view family : {"image", "audio"})
        if (media.starts_with(family))
            return R"("content":[)" + block(family, {{"data", toBase64(answer.output)}, {"mimeType", media}}) + "]";
    if (isText(answer.output)) return R"("content":[)" + textContent(answer.output) + "]";
    const json::object resource{
        {"uri", "talome://tools/" + name}, {"mimeType", media}, {"blob", toBase64(answer.output)}};
    return R"("content":[)" + block("resource", {{"resource", resource}}) + "]";
}

/// Sorted by name at each depth, so that the same arguments are the same text.
void writeSorted(std::string& out, const json::value& value) {
    if (const auto* object = value.if_object()) {
        std::map<std::string, const json::value*> sorted;
        for (const auto& [key, each] : *object) sorted.emplace(key, &each);
        out += '{';
        for (const auto& [key, each] : sorted) {
            if (out.back() != '{') out += ',';
            out += toJson(key) + ":";
            writeSorted(out, *each);
        }
        out += '}';
    } else if (const auto* list = value.if_array()) {
        out += '[';
        for (const auto& each : *list) {
            if (out.back() != '[') out += ',';
            writeSorted(out, each);
        }
        out += ']';
    } else {
        out += json::serialize(value);
    }
}

} // namespace

json::array Server::listed(Request& request, Offer kind) {
    return narrowed(request, detail::parse(offers_.list(request.call, kind)).as_array());
}

json::array Server::narrowed(const Request& request, json::array all) const {
    if (request.domains.empty()) return all;
    json::array some;
    for (auto& each : all) {
        const auto wanted = [&](const char* name) {
            return std::ranges::find(request.domains, text(each.as_object(), name)) != request.domains.end();
        };
        if (wanted("domain") || wanted("category")) some.push_back(std::move(each));
    }
    return some;
}

std::string Server::page(Request& request, std::string_view member, const std::vector<std::string>& entries) {
    std::size_t from = 0;
    if (const auto cursor = maybeTextOf(request.params(), "cursor")) {
        const auto plain = fromBase64(*cursor);
        if (!plain || plain->empty() || plain->size() > 9 ||
            !std::ranges::all_of(*plain, [](char c) { return c >= '0' && c <= '9'; }) ||
            (from = std::stoul(*plain)) >= entries.size())
            throw RpcError(kInvalidParams, "cursor: is none of this list; begin again without it");
    }
    const auto to = std::min(entries.size(), from + kPage);
    std::size_t size = member.size() + 100;
    for (auto i = from; i < to; ++i) size += entries[i].size() + 1;
    std::string result;
    result.reserve(size); // it may be large: it is not copied again
    result.append("\"").append(member).append("\":[");
    for (auto i = from; i < to; ++i) result.append(i > from ? "," : "").append(entries[i]);
    result += ']';
    if (to < entries.size()) result += R"(,"nextCursor":")" + toBase64Url(std::to_string(to)) + "\"";
    return result;
}

std::string Server::toolsList(Request& request) {
    // Which tools the caller has is asked each time; what is made of the same list is the same.
    const auto keyOf = [&](std::string digest) {
        for (const auto& domain : request.domains) digest += "," + domain;
        return digest;
    };
    Digest digest;
    offers_.listTo(request.call, Offer::tool, [&](std::string_view piece) { digest.add(piece); });
    Entries entries;
    {
        const std::lock_guard lock(madeMutex_);
        if (const auto it = made_.find(keyOf(digest.end())); it != made_.end()) entries = it->second;
    }
    if (!entries) {
        const auto list = offers_.list(request.call, Offer::tool); // it may be another one by now
        auto tools = std::make_shared<std::vector<std::string>>();
        for (auto& entry : narrowed(request, detail::parse(list).as_array()))
            tools->push_back(describe(std::move(entry.as_object())));
        entries = std::move(tools);
        const std::lock_guard lock(madeMutex_);
        if (made_.size() >= kMostMade) made_.clear();
        made_.insert_or_assign(keyOf(digestOf(list)), entries);
    }
    return page(request, "tools", *entries);
}

std::optional<OfferAnswer> Server::callOffer(Request& request, Conversation& conversation, Offer kind,
                                             const std::string& name, const std::string& input,
                                             const std::string& approval, std::string& result) {
    auto answer = offers_.call(request.call, conversation.options(approval), kind, name, input);
    if (answer.status >= 0) return answer;
    if (auto required = conversation.inputRequired(); !required.empty()) {
        result = required.substr(1, required.size() - 2);
        return std::nullopt;
    }
    if (!conversation.missing().empty() && answer.status == TALOME_E_UNSUPPORTED) {
        const json::object needed{{conversation.missing(), json::object()}};
        if (request.modern)
            throw RpcError(kMissingCapability, answer.words, json::object{{"requiredCapabilities", needed}}, 400);
    }
    if (answer.status == TALOME_E_INTERNAL) {
        host_.error("mcp: " + name + ": " + answer.words);
        answer.words =
            "internal error; the server's log has the reason under request " + std::string(request.call.requestId());
    }
    return answer;
}

std::string Server::toolsCall(Request& request) {
    const auto name = textOf(request.params(), "name");
    const auto* arguments = objectOf(request.params(), "arguments");
    std::string input;
    writeSorted(input, arguments ? json::value(*arguments) : json::value(json::object()));
    const auto call = request.owner + "\n" + name + "\n" + input;
    Conversation conversation(request, states_, "tools/call\n" + call, host_.nowMs());
    std::string result;
    const auto approval = approvals_.of(call, host_.nowMs());
    auto answer = callOffer(request, conversation, Offer::tool, name, input, approval, result);
    if (!answer) return result;
    if (!answer->known) throw RpcError(kInvalidParams, "Unknown tool: " + name);
    if (!approval.empty() && answer->approval.empty()) approvals_.forget(call); // given and used, denied, or too late
    if (answer->status >= 0) return content(name, *answer);
    if (answer->approval.empty()) return failure(answer->words);
    return waitForPerson(request, conversation, {call, name, input, answer->approval});
}

/// Only a person who has logged in can give leave, out of the reach of whatever speaks here: an answer of the client is
/// no leave, it only says that it is worth to look once more.
std::string Server::waitForPerson(Request& request, Conversation& conversation, const Waiting& call) {
    approvals_.remember(call.call, call.approval, host_.nowMs());
    const auto place = request.base.empty() ? "POST /api/tools/approvals/" + call.approval
                                            : request.base + "/mcp/approvals/" + call.approval;
    const auto words = "The tool " + call.tool + " waits for a person's approval: " + call.approval +
                       ". A person who is logged in can give it at " + place +
                       "; then call the tool again with the same arguments.";
    if (!request.can("elicitation")) return failure(words);
    const auto& modes = request.capabilities->at("elicitation");
    const bool url = modes.is_object() && modes.get_object().contains("url") && !request.base.empty();
    json::object question{{"message", "Talome: may the tool " + call.tool + " be called? Give or refuse leave at " +
                                          place + ", then go on here."}};
    if (url) {
        question["mode"] = "url";
        question["url"] = place;
        question["elicitationId"] = call.approval;
    } else {
        question["requestedSchema"] = json::object{{"type", "object"}, {"properties", json::object()}};
    }
    if (!request.modern && url) // of 2025-11-25: the client opens the page, and calls again
        throw RpcError(kUrlElicitation, words, json::object{{"elicitations", json::array{question}}});
    struct Held {
        std::atomic<int>& count;
        const bool fits;
        explicit Held(std::atomic<int>& of) : count(of), fits(++of <= kMostWaiting) {}
        ~Held() { --count; }
    };
    try {
        const Held held(waiting_);
        if (!request.modern && !held.fits) return failure(words);
        const auto answer = detail::parse(
            conversation.ask("approval-" + call.approval, "elicitation", json::serialize(question), kPersonTime));
        if (answer.at("action") != "accept") return failure("The person did not go on. " + words);
    } catch (const Cancelled&) {
        const auto required = conversation.inputRequired();
        return required.empty() ? failure(words) : required.substr(1, required.size() - 2);
    } catch (const Error&) {
        return failure(words); // nobody can be asked, or nobody has answered
    }
    std::string result;
    const auto again = callOffer(request, conversation, Offer::tool, call.tool, call.input, call.approval, result);
    if (!again) return result;
    if (!again->approval.empty()) return failure(words);
    approvals_.forget(call.call);
    return again->status < 0 ? failure(again->words) : content(call.tool, *again);
}

} // namespace talome::mcp
