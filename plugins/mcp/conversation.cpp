#include "conversation.hpp"

#include <algorithm>
#include <array>

namespace json = boost::json;

namespace talome::mcp {

namespace {

constexpr auto kAnswerTime = std::chrono::minutes(5);
constexpr std::size_t kMostAnswers = 64 * 1024; // bytes of all answers together

struct Question {
    std::string_view kind, method, capability;
};
constexpr std::array<Question, 3> kQuestions{{{"elicitation", "elicitation/create", "elicitation"},
                                              {"sampling", "sampling/createMessage", "sampling"},
                                              {"roots", "roots/list", "roots"}}};

const Question& questionOf(std::string_view kind) {
    const auto* found = std::ranges::find(kQuestions, kind, &Question::kind);
    if (found == kQuestions.end()) throw Unsupported("clients of MCP cannot be asked for " + std::string(kind));
    return *found;
}

/// What the client answers is what that request is answered with.
bool fits(std::string_view kind, const json::value& answer) {
    const auto* object = answer.if_object();
    if (!object) return false;
    if (kind == "elicitation") {
        const auto* action = object->if_contains("action");
        return action && action->is_string() && (*action == "accept" || *action == "decline" || *action == "cancel");
    }
    const auto* member = object->if_contains(kind == "roots" ? "roots" : "content");
    return member && (kind == "roots" ? member->is_array() : member->is_object() || member->is_array());
}

} // namespace

int severityOf(std::string_view level) {
    constexpr std::array<std::string_view, 8> levels = {"emergency", "alert",  "critical", "error",
                                                        "warning",   "notice", "info",     "debug"};
    const auto* found = std::ranges::find(levels, level);
    return found == levels.end() ? -1 : static_cast<int>(found - levels.begin());
}

Conversation::Conversation(Request& request, const RequestState& states, std::string boundTo, std::int64_t nowMs)
    : request_(request), states_(states), boundTo_(std::move(boundTo)), nowMs_(nowMs) {
    if (!request.modern) return;
    const auto& params = request.params();
    if (const auto* state = params.if_contains("requestState")) {
        if (!state->is_string()) throw RpcError(kInvalidParams, "requestState: expected a text");
        answers_ = states.open(boundTo_, state->get_string(), nowMs);
    }
    const auto* given = params.if_contains("inputResponses");
    if (!given) return;
    if (!given->is_object()) throw RpcError(kInvalidParams, "inputResponses: expected an object");
    for (const auto& [key, answer] : given->get_object()) {
        if (!answer.is_object())
            throw RpcError(kInvalidParams, "inputResponses." + std::string(key) + ": expected an object");
        answers_[key] = answer;
    }
    if (json::serialize(answers_).size() > kMostAnswers) throw RpcError(kInvalidParams, "inputResponses: are too long");
}

OfferCall Conversation::options(std::string approval) {
    return {"mcp", std::move(approval), [flag = request_.cancelled] { return flag->load(); },
            [this](std::string_view kind, std::string_view text) { tell(kind, text); },
            [this](std::string_view key, std::string_view kind, std::string_view question) {
                return ask(key, kind, question, kAnswerTime);
            }};
}

/// Nobody is told what he did not ask to hear.
void Conversation::tell(std::string_view kind, std::string_view text) {
    const auto* meta = request_.meta();
    auto params = detail::parse(text).as_object();
    if (kind == "progress") {
        const auto* token = meta ? meta->if_contains("progressToken") : nullptr;
        if (!token || !(token->is_string() || token->is_int64() || token->is_uint64())) return;
        params["progressToken"] = *token;
        return request_.reply.tell(notificationText("notifications/progress", params));
    }
    std::string wanted;
    if (request_.modern) {
        if (const auto* level = meta ? meta->if_contains(kMetaLogLevel) : nullptr; level && level->is_string())
            wanted = level->get_string();
    } else if (request_.session) {
        const std::lock_guard lock(request_.session->mutex);
        wanted = request_.session->logLevel;
    }
    const int least = severityOf(wanted);
    const auto* level = params.if_contains("level");
    const int is = level && level->is_string() ? severityOf(level->get_string()) : -1;
    if (least < 0 || is < 0 || is > least) return;
    params["logger"] = "talome";
    request_.reply.tell(notificationText("notifications/message", params));
}

std::string Conversation::ask(std::string_view key, std::string_view kind, std::string_view text,
                              std::chrono::milliseconds limit) {
    const auto& question = questionOf(kind);
    if (!request_.can(question.capability)) {
        missing_ = question.capability;
        throw Unsupported("the client does not offer " + std::string(question.capability));
    }
    const auto value = detail::parse(text);
    if (!request_.modern) return askNow(question.method, kind, value, limit);
    if (const auto* answer = answers_.if_contains(key); answer && fits(kind, *answer)) return json::serialize(*answer);
    open_[key] = json::object{{"method", question.method}, {"params", value}};
    throw Cancelled("the client is asked first");
}

std::string Conversation::askNow(std::string_view method, std::string_view kind, const json::value& question,
                                 std::chrono::milliseconds limit) {
    const auto session = request_.session;
    if (!session) {
        missing_ = kind;
        throw Unsupported("the client has no session in which it could be asked");
    }
    const auto pending = std::make_shared<Pending>();
    std::string id;
    {
        const std::lock_guard lock(session->mutex);
        if (session->pending.size() >= 8) throw Limited("the client is asked too much at once");
        id = "talome-" + std::to_string(++session->asked);
        session->pending.emplace(id, pending);
    }
    struct Forget {
        Session& session;
        const std::string& id;
        ~Forget() {
            const std::lock_guard lock(session.mutex);
            session.pending.erase(id);
        }
    } forget{*session, id};
    request_.reply.tell(
        json::serialize(json::object{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", question}}));
    const auto response = pending->wait(limit, [&] { return request_.cancelled->load() || request_.call.cancelled(); });
    if (!response) {
        if (request_.call.cancelled() || *request_.cancelled) throw Cancelled("the client has left");
        throw Timeout("the client did not answer in time");
    }
    const auto* result = response->if_contains("result");
    if (!result) throw Unavailable("the client could not answer");
    if (!fits(kind, *result)) throw BadUpstream("the client's answer is none to what it was asked");
    return json::serialize(*result);
}

std::string Conversation::inputRequired() const {
    if (open_.empty()) return {};
    return json::serialize(json::object{{"resultType", "input_required"},
                                        {"inputRequests", open_},
                                        {"requestState", states_.sign(boundTo_, answers_, nowMs_)}});
}

} // namespace talome::mcp
