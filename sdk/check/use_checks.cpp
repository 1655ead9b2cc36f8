// What is checked of what a plugin does: it is called as its schemas say, and as they do not.
#include "host/gate/failure.hpp"
#include "host/gate/schema.hpp"
#include "host/http/query.hpp"
#include "sdk/check/samples.hpp"
#include "sdk/check/script.hpp"

namespace json = boost::json;

namespace talome::check {

namespace {

std::string textOf(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

/// The request that brings this input, all of it in path and query.
std::string targetOf(const manifest::Route& route, json::object input) {
    for (const auto& [theirs, ours] : route.rename)
        if (auto* value = input.if_contains(ours)) {
            auto moved = std::move(*value);
            input.erase(ours);
            input[theirs] = std::move(moved);
        }
    std::string target = route.path, query;
    for (const auto& [name, value] : input) {
        const auto place = "{" + std::string(name) + "}";
        if (const auto at = target.find(place); at != target.npos) {
            target.replace(at, place.size(), http::percentEncode(textOf(value)));
            continue;
        }
        const json::array one{value};
        for (const auto& item : value.is_array() ? value.get_array() : one)
            query += (query.empty() ? "?" : "&") + http::percentEncode(name) + "=" + http::percentEncode(textOf(item));
    }
    return target + query;
}

const char* whySkipped(const manifest::Operation& operation, bool all) {
    using manifest::Kind;
    if (!all && operation.tier != manifest::Tier::read) return "it may change something: --all";
    if (operation.kind == Kind::upload) return "no upload is made";
    if (operation.kind == Kind::websocket) return "no WebSocket is opened";
    if (operation.kind != Kind::call && operation.routes.at(0).listener) return "it has a port of its own";
    if (operation.kind == Kind::raw && operation.routes.at(0).method != "GET")
        return "it reads a body that only it knows";
    return nullptr;
}

} // namespace

void Script::checkOperations() {
    for (const auto& each : manifest_.operations) {
        const auto name = "operation " + each.id;
        if (const auto* why = whySkipped(each, options_.all))
            report_.skipped(name, why);
        else
            within(name,
                   [&](Session&) { each.kind == manifest::Kind::call ? checkOperation(each) : checkRequest(each); });
    }
}

/// What is wrong with how it answers; empty if nothing is.
std::string Script::answerWrong(const manifest::Operation& operation, const json::value& input) {
    std::string text;
    try {
        text = session_->house().call(0, nullptr, operation.id, json::serialize(input));
    } catch (const gate::Failure& failure) {
        if (failure.status == TALOME_E_INTERNAL) return "an internal error: " + std::string(failure.what());
        if (failure.status < TALOME_E_CANCELLED)
            return "a status that does not exist, " + std::to_string(failure.status);
        return {};
    }
    if (operation.outputType != "application/json" || (text.empty() && !operation.output)) return {};
    boost::system::error_code error;
    auto answer = json::parse(text, error);
    if (error) return "what is not JSON";
    if (!operation.output) return {};
    const auto details = gate::Schema(*operation.output).check(answer);
    return details.empty() ? "" : "not what its schema says: " + details[0].text();
}

void Script::checkOperation(const manifest::Operation& operation) {
    for (const auto& input : samplesOf(operation.input)) {
        const auto wrong = answerWrong(operation, input);
        if (session_->near().death()) return;
        if (!wrong.empty()) throw std::runtime_error("answers " + json::serialize(input) + " with " + wrong);
    }
    // Past the gate, which would refuse them: whatever it answers, it must survive.
    session_->house().withCall([&](talome_call& call) {
        for (const auto& input : garbage()) {
            std::string answer;
            session_->near().invoke(operation.id, call, input, answer);
            if (session_->near().death()) return;
        }
    });
}

void Script::checkRequest(const manifest::Operation& operation) {
    auto samples = samplesOf(operation.input);
    if (samples.empty()) throw std::runtime_error("no input could be made that its schema allows");
    for (const auto& input : samples) {
        const auto target = targetOf(operation.routes.at(0), input.as_object());
        const auto answer = session_->house().request(0, "GET", target, {}, {}, true);
        if (session_->near().death()) return;
        if (answer.status == 500) throw std::runtime_error("answers " + target + " with an internal error");
    }
}

/// Each is set to what its schema allows, which its owner may refuse, and then back.
void Script::checkSettings() {
    for (const auto& setting : manifest_.settings)
        within("setting " + setting.key, [&](Session& now) {
            const json::object wrapped{
                {"type", "object"}, {"properties", {{"v", setting.schema}}}, {"required", {"v"}}};
            auto values = samplesOf(wrapped);
            values.push_back(json::object{{"v", nullptr}});
            for (const auto& value : values) {
                try {
                    now.house().setSetting(setting.key, json::serialize(value.at("v")));
                } catch (const gate::Failure& failure) {
                    if (failure.status == TALOME_E_INTERNAL) throw;
                }
                if (now.near().death()) return;
            }
        });
}

/// What it hears is made by others, who may be newer than it: it must survive any object.
void Script::checkEvents() {
    for (const auto& pattern : manifest_.subscriptions)
        within("event " + pattern, [&](Session& now) {
            auto topic = pattern == "*" ? "some.topic" : pattern;
            if (topic.ends_with('*')) topic.replace(topic.size() - 1, 1, "happened");
            for (const char* event : {"{}", R"({"id":null,"keys":[],"unknown":[{}]})", "[]", "null"}) {
                now.house().publish(topic, event);
                if (now.near().death()) return;
            }
        });
}

void Script::checkTasks() {
    for (const auto& task : manifest_.tasks) {
        const auto name = "task " + task.id;
        if (!options_.all)
            report_.skipped(name, "it may change something: --all");
        else if (task.periodMs == 0 && !task.cron)
            report_.skipped(name, "it runs only when the plugin wakes it");
        else
            within(name, [&](Session& now) {
                now.house().advance(task.cron ? std::chrono::hours(24) : std::chrono::milliseconds(task.periodMs));
            });
    }
}

} // namespace talome::check
