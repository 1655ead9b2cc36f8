// prompts/list and prompts/get.
#include "server.hpp"

#include <algorithm>

namespace json = boost::json;

namespace talome::mcp {

namespace {

/// Its arguments, from the schema of its input.
json::array argumentsOf(const json::object& schema) {
    json::array arguments;
    const auto* properties = schema.if_contains("properties");
    const auto* required = schema.if_contains("required");
    if (!properties) return arguments;
    for (const auto& [name, rule] : properties->as_object()) {
        json::object argument{{"name", name}};
        if (const auto* words = rule.as_object().if_contains("description")) argument["description"] = *words;
        argument["required"] =
            required && std::ranges::find(required->as_array(), json::value(name)) != required->as_array().end();
        arguments.push_back(std::move(argument));
    }
    return arguments;
}

} // namespace

std::string Server::promptsList(Request& request) {
    std::vector<std::string> prompts;
    for (auto& each : listed(request, Offer::prompt)) {
        auto& entry = each.as_object();
        json::object prompt{{"name", std::move(entry["name"])}, {"description", std::move(entry["description"])}};
        if (auto arguments = argumentsOf(entry["inputSchema"].as_object()); !arguments.empty())
            prompt["arguments"] = std::move(arguments);
        prompts.push_back(json::serialize(prompt));
    }
    return page(request, "prompts", prompts);
}

std::string Server::promptsGet(Request& request) {
    const auto name = textOf(request.params(), "name");
    const auto* arguments = objectOf(request.params(), "arguments");
    if (arguments)
        for (const auto& [key, value] : *arguments)
            if (!value.is_string())
                throw RpcError(kInvalidParams, "arguments." + std::string(key) + ": expected a text");
    const auto input = arguments ? json::serialize(*arguments) : "{}";
    Conversation conversation(request, states_, "prompts/get\n" + request.owner + "\n" + name + "\n" + input,
                              host_.nowMs());
    std::string result;
    const auto answer = callOffer(request, conversation, Offer::prompt, name, input, {}, result);
    if (!answer) return result;
    if (!answer->known) throw RpcError(kInvalidParams, "Unknown prompt: " + name);
    if (answer->status < 0)
        throw RpcError(answer->status == TALOME_E_INTERNAL ? kInternalError : kInvalidParams, answer->words);
    if (answer->output.starts_with('{')) return answer->output.substr(1, answer->output.size() - 2);
    const auto text = answer->type.starts_with("application/json") ? answer->output : toJson(answer->output);
    return R"("messages":[{"role":"user","content":{"type":"text","text":)" + text + "}}]";
}

} // namespace talome::mcp
