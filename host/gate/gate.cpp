// The one path of every call.
#include "host/gate/gate.hpp"

#include "host/gate/input.hpp"
#include "host/log/log.hpp"

#include <chrono>
#include <talome/json.hpp>

namespace json = boost::json;

namespace talome::gate {

namespace {

constexpr int kMostDepth = 8;

std::string tierName(manifest::Tier tier) { return boost::describe::enum_to_string(tier, ""); }

/// One line for each change, and for each refusal, with who, from where and on what; never the input itself.
void auditLine(const talome_call& call, const Endpoint& endpoint, const json::value& input, std::string_view outcome,
               std::chrono::steady_clock::time_point began) {
    const auto& declared = endpoint.declared;
    std::string target;
    if (declared.targetInput && input.is_object())
        if (const auto* value = input.get_object().if_contains(*declared.targetInput); value && value->is_string())
            target = std::string(value->get_string());
    const auto& who = *call.principal;
    json::object fields{
        {"operation", declared.id},
        {"tier", tierName(declared.tier)},
        {"outcome", outcome},
        {"user", who.username},
        {"origin", nameOf(who.origin)},
        {"peer", who.peer},
        {"requestId", call.requestId},
        {"durationMs",
         std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count()}};
    if (!target.empty()) fields["target"] = target;
    log::info("audit", std::string(declared.id), json::serialize(fields));
}

} // namespace

std::string& lastWords() {
    static thread_local std::string words;
    return words;
}

void Gate::require(const talome_call& call, std::string_view permission) const {
    if (isGranted(*call.principal, permission, call.snapshot->flags)) return;
    if (!call.principal->authenticated)
        throw Failure(TALOME_E_UNAUTHENTICATED,
                      "log in first: send a token as `Authorization: Bearer …`, or the session cookie");
    throw Failure(TALOME_E_DENIED, permission == "admin"
                                       ? "this needs an administrator"
                                       : "this needs the permission '" + std::string(permission) + "'");
}

void Gate::authorise(const talome_call& call, const Endpoint& endpoint) const {
    require(call, endpoint.declared.permission);
}

void Gate::admit(const talome_call& call, const Endpoint& endpoint) const {
    const auto began = std::chrono::steady_clock::now();
    try {
        authorise(call, endpoint);
    } catch (const Failure& failure) {
        if (failure.status == TALOME_E_DENIED || endpoint.declared.tier != manifest::Tier::read)
            auditLine(call, endpoint, {}, "denied", began);
        throw;
    }
}

void Gate::applySecurityMode(const talome_call& call, const Endpoint& endpoint) const {
    const auto tier = endpoint.declared.tier;
    if (tier == manifest::Tier::read || isPerson(call.principal->origin)) return;
    const auto mode = mode_();
    if (mode == "permissive") return;
    if (mode == "cautious" && tier == manifest::Tier::modify) return;
    throw Failure(TALOME_E_DENIED, "the security mode is " + mode + ": " + endpoint.declared.id + " is " +
                                       tierName(tier) + ", and needs a person");
}

std::string Gate::prepare(talome_call& call, const Endpoint& endpoint, json::value& input) const {
    authorise(call, endpoint);
    if (auto wrong = endpoint.input.check(input); !wrong.empty()) throw Failure(std::move(wrong));
    applySecurityMode(call, endpoint);
    return canonical(input);
}

template <class Invoke>
void Gate::audited(const talome_call& call, const Endpoint& endpoint, const json::value& input, Invoke&& invoke) const {
    const auto began = std::chrono::steady_clock::now();
    const bool changes = endpoint.declared.tier != manifest::Tier::read;
    bool done = true;
    try {
        if constexpr (std::is_same_v<decltype(invoke()), bool>)
            done = invoke();
        else
            invoke();
    } catch (const Failure& failure) {
        if (changes || failure.status == TALOME_E_DENIED)
            auditLine(call, endpoint, input, failure.status == TALOME_E_DENIED ? "denied" : "failed", began);
        throw;
    } catch (...) {
        if (changes) auditLine(call, endpoint, input, "failed", began);
        throw;
    }
    if (changes && done) auditLine(call, endpoint, input, "done", began);
}

void succeedOrThrow(talome_status status, const std::string& operation) {
    if (status >= 0) return;
    auto words = std::exchange(lastWords(), {});
    if (words.empty()) words = operation + " failed";
    throw Failure(status, words);
}

void Gate::run(talome_call& call, const Endpoint& endpoint, json::value input, talome_sink out, void* to) const {
    if (!endpoint.invoke)
        throw Failure(TALOME_E_UNSUPPORTED, endpoint.declared.id + " is a raw route, which cannot be called");
    audited(call, endpoint, input, [&] {
        const auto text = prepare(call, endpoint, input);
        lastWords().clear();
        succeedOrThrow(endpoint.invoke(endpoint.user, &call, {text.data(), text.size()}, out, to),
                       endpoint.declared.id);
    });
}

void Gate::runWire(talome_call& call, const Endpoint& endpoint, json::value input, http::Exchange& exchange) const {
    if (endpoint.lateAuthentication && !call.principal->authenticated) {
        if (auto wrong = endpoint.input.check(input); !wrong.empty()) throw Failure(std::move(wrong));
        endpoint.wire(call, canonical(input), exchange); // it authorises by runLate()
        return;
    }
    audited(call, endpoint, input, [&]() -> bool {
        const auto text = prepare(call, endpoint, input);
        lastWords().clear();
        return endpoint.wire(call, text, exchange);
    });
}

void Gate::noteFailure(const talome_call& call, const Endpoint& endpoint, const std::string& input,
                       talome_status status) const {
    const bool denied = status == TALOME_E_DENIED;
    if (denied || endpoint.declared.tier != manifest::Tier::read)
        auditLine(call, endpoint, parseJson(input), denied ? "denied" : "failed", std::chrono::steady_clock::now());
}

void Gate::runLate(talome_call& call, const Endpoint& endpoint, const std::string& input,
                   const std::function<void()>& invoke) const {
    audited(call, endpoint, parseJson(input), [&] {
        authorise(call, endpoint);
        applySecurityMode(call, endpoint);
        lastWords().clear();
        invoke();
    });
}

void Gate::call(talome_call& from, std::string_view plugin, std::string_view operation, std::string_view input,
                talome_sink out, void* to) const {
    if (from.depth >= kMostDepth)
        throw Failure(TALOME_E_INTERNAL, "calls inside calls are nested too deeply at " + std::string(operation));
    const auto it = from.snapshot->operations.find(operation);
    if (it == from.snapshot->operations.end())
        throw Failure(TALOME_E_UNAVAILABLE, "no enabled plugin offers " + std::string(operation));
    const auto endpoint = it->second;
    if (from.principal->role == "plugin") {
        const auto uses = from.snapshot->uses.find(plugin);
        if (uses == from.snapshot->uses.end() || !uses->second.contains(operation))
            throw Failure(TALOME_E_DENIED,
                          std::string(plugin) + " does not say in its manifest that it uses " + std::string(operation));
    }
    talome_call inner{
        from.principal, from.snapshot, from.requestId, from.deadlineMs, from.cancelled, from.depth + 1, 0, {},
        from.relayed};
    run(inner, *endpoint, parseJson(input.empty() ? "{}" : input), out, to);
}

} // namespace talome::gate
