// The one path of every call.
#include "host/gate/gate.hpp"

#include "host/gate/input.hpp"
#include "host/gate/tier.hpp"
#include "host/log/log.hpp"

#include <talome/json.hpp>

namespace json = boost::json;

namespace talome::gate {

namespace {

constexpr int kMostDepth = 8;

std::string tierName(manifest::Tier tier) { return boost::describe::enum_to_string(tier, ""); }

manifest::Tier tierOf(const talome_call& call, const Endpoint& endpoint) {
    return call.tier.value_or(endpoint.declared.tier);
}

bool matches(std::string_view pattern, std::string_view operation) {
    if (!pattern.ends_with('*')) return pattern == operation;
    return operation.starts_with(pattern.substr(0, pattern.size() - 1));
}

/// In the log as well, for those who watch it; never the input.
void logLine(const audit::Entry& entry) {
    json::object fields{{"operation", entry.action},    {"tier", entry.tier},
                        {"outcome", entry.outcome},     {"user", entry.username},
                        {"origin", entry.origin},       {"peer", entry.peer},
                        {"requestId", entry.requestId}, {"durationMs", entry.durationMs}};
    if (!entry.target.empty()) fields["target"] = entry.target;
    log::info("audit", entry.action, json::serialize(fields));
}

/// For the row: an input's names and values are the caller's, and may be secrets in the wrong place.
std::string wordsOf(const Failure& failure, const Schema& input) {
    if (failure.details.empty()) return failure.what();
    std::string words;
    for (const auto& detail : failure.details) {
        const auto member = detail.path.substr(0, detail.path.find_first_of(".["));
        words += (words.empty() ? "" : "; ") +
                 (input.has(member) ? member + ": " + detail.message : std::string("a field that is not described"));
    }
    return words;
}

/// How a refusal is told apart from a failure. `blocked`: by the security mode.
std::string outcomeOf(const Failure& failure) {
    for (const auto& [name, value] : failure.members)
        if (name == "code" && (value == "APPROVAL_REQUIRED" || value == "SECURITY_MODE")) return "blocked";
    return failure.status == TALOME_E_DENIED || failure.status == TALOME_E_UNAUTHENTICATED ? "denied" : "failed";
}

Failure modeRefusal(Mode mode, const Endpoint& endpoint, manifest::Tier tier) {
    Failure failure(TALOME_E_DENIED, "the security mode is " + std::string(nameOf(mode)) + ": " + endpoint.declared.id +
                                         " is " + tierName(tier) + ", and needs a person");
    failure.members = {{"code", "SECURITY_MODE"}};
    return failure;
}

} // namespace

Failure beingReplaced(const std::string& plugin) {
    Failure failure(TALOME_E_UNAVAILABLE, plugin + " is being replaced; try again in a moment");
    failure.retryAfter = 2;
    return failure;
}

void Gate::require(const talome_call& call, std::string_view permission) const {
    if (isGranted(*call.principal, permission, call.snapshot->flags)) return;
    if (!call.principal->authenticated)
        throw Failure(TALOME_E_UNAUTHENTICATED,
                      "log in first: send a token as `Authorization: Bearer …`, or the session cookie");
    const bool token = call.principal->credential == Credential::token;
    throw Failure(TALOME_E_DENIED, token && permission.find("interactive") != permission.npos
                                       ? "this needs a person who has logged in: no API token may do it"
                                   : permission.starts_with("admin")
                                       ? "this needs an administrator"
                                       : "this needs the permission '" + std::string(permission) + "'");
}

void Gate::authorise(const talome_call& call, const Endpoint& endpoint, manifest::Tier tier) const {
    const auto& declared = endpoint.declared;
    require(call, declared.permission);
    const auto& who = *call.principal;
    if (declared.permission == "public" && declared.tier == manifest::Tier::read) return; // as without a token
    if (declared.passesOn.value_or(false)) return;                                        // what it passes on is judged
    if (isWithinReach(who, endpoint.plugin, declared, tier)) return;
    throw Failure(TALOME_E_DENIED, tier > who.most ? "the token's scope is " + tierName(who.most) + ", and " +
                                                         declared.id + " is " + tierName(tier)
                                                   : "the token's groups do not hold " + declared.id);
}

audit::Entry Gate::entryOf(const talome_call& call, const Endpoint& endpoint, const json::value& input,
                           std::string outcome) const {
    const auto& declared = endpoint.declared;
    const auto& who = *call.principal;
    audit::Entry entry;
    entry.action = declared.id;
    entry.tier = tierName(tierOf(call, endpoint));
    entry.outcome = std::move(outcome);
    entry.userId = who.userId;
    entry.username = who.username;
    entry.origin = nameOf(who.origin);
    entry.credential = nameOf(who.credential);
    entry.credentialId = who.sessionId;
    entry.peer = who.peer;
    entry.userAgent = who.userAgent;
    entry.requestId = call.requestId;
    entry.plugin = call.plugin;
    entry.approvalId = call.approval;
    if (!input.is_object()) return entry;
    entry.input = canonical(endpoint.input.redacted(input));
    if (!declared.targetInput) return entry;
    if (const auto* value = input.get_object().if_contains(*declared.targetInput); value && value->is_string()) {
        entry.targetKind = declared.targetKind.value_or("");
        entry.target = std::string(value->get_string());
    }
    return entry;
}

/// The call is over by now, whatever becomes of its row: what cannot be written is at least in the log.
void Gate::write(audit::Entry entry, Clock::time_point began) const {
    entry.durationMs = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count();
    logLine(entry);
    try {
        rules_.note(entry);
    } catch (const std::exception& error) {
        log::error("audit", std::string("a row could not be written: ") + error.what());
    }
}

void Gate::noteRefusal(const talome_call& call, const Endpoint& endpoint, const json::value& input,
                       const Failure& failure, Clock::time_point began) const {
    if (tierOf(call, endpoint) == manifest::Tier::read && failure.status != TALOME_E_DENIED) return;
    auto entry = entryOf(call, endpoint, input, outcomeOf(failure));
    entry.words = wordsOf(failure, endpoint.input);
    write(std::move(entry), began);
}

void Gate::admit(const talome_call& call, const Endpoint& endpoint) const {
    const auto began = Clock::now();
    try {
        authorise(call, endpoint, lowestTier(endpoint.declared));
    } catch (const Failure& failure) {
        noteRefusal(call, endpoint, {}, failure, began);
        throw;
    }
}

void Gate::applySecurityMode(talome_call& call, const Endpoint& endpoint, const json::value& input,
                             const std::string& text) const {
    const auto& declared = endpoint.declared;
    // Most calls are a person's or read, and run in every mode: it is not asked for then.
    const auto highest = tierOf(call, endpoint);
    const bool judged = highest != manifest::Tier::read && !isPerson(call.principal->origin);
    const auto mode = judged ? rules_.mode() : Mode::cautious;
    const auto verdict = judge(mode, *call.principal, highest);
    if (verdict == Verdict::refuse) throw modeRefusal(mode, endpoint, highest);
    if (verdict == Verdict::run) {
        call.approval.clear(); // none was needed, so none was given
        return;
    }
    const auto tier = tierName(highest);
    const auto redacted = canonical(endpoint.input.redacted(input));
    const Approvals::Wanted wanted{*call.principal, call.plugin, declared.id, tier, text, redacted};
    if (!call.approval.empty()) return rules_.approvals.use(call.approval, wanted);
    const auto asked = rules_.approvals.ask(wanted);
    Failure failure(TALOME_E_CONFLICT, declared.id + " is " + tier + ", and waits for a person's approval: " +
                                           asked.id + "; call again with it once it is given");
    failure.members = {
        {"code", "APPROVAL_REQUIRED"}, {"approvalId", asked.id}, {"expiresAt", log::timestamp(asked.expiresAt)}};
    throw failure;
}

std::string Gate::prepare(talome_call& call, const Endpoint& endpoint, json::value& input) const {
    authorise(call, endpoint, lowestTier(endpoint.declared));
    if (auto wrong = endpoint.input.check(input); !wrong.empty()) throw Failure(std::move(wrong));
    auto text = canonical(input);
    if (endpoint.declared.tierRules) {
        call.tier = gate::tierOf(endpoint.declared, input);
        authorise(call, endpoint, *call.tier);
    }
    if (call.passed) return text;
    applySecurityMode(call, endpoint, input, text);
    if (tierOf(call, endpoint) == manifest::Tier::destructive) // before it runs, or it does not run
        rules_.note(entryOf(call, endpoint, input, "intent"));
    return text;
}

namespace {

/// What a handler finds wrong comes as words, "path: reason": with the path apart where it names an input, as the
/// schema's own findings have it.
Failure detailed(Failure failure, const Schema& input) {
    if (failure.status != TALOME_E_INVALID || failure.http || !failure.details.empty()) return failure;
    const std::string words = failure.what();
    const auto colon = words.find(": ");
    const auto path = words.substr(0, colon == words.npos ? 0 : colon);
    if (path.empty() || !input.has(path.substr(0, path.find_first_of(".[")))) return failure;
    Failure told(std::vector<Detail>{{path, words.substr(colon + 2)}});
    told.members = std::move(failure.members);
    told.retryAfter = failure.retryAfter;
    return told;
}

} // namespace

template <class Invoke>
void Gate::audited(const talome_call& call, const Endpoint& endpoint, const json::value& input, Invoke&& invoke) const {
    const auto began = Clock::now();
    bool done = true;
    try {
        if constexpr (std::is_same_v<decltype(invoke()), bool>)
            done = invoke();
        else
            invoke();
    } catch (const Failure& found) {
        auto failure = detailed(found, endpoint.input);
        noteRefusal(call, endpoint, input, failure, began);
        throw failure;
    } catch (const std::exception& error) {
        noteRefusal(call, endpoint, input, Failure(TALOME_E_INTERNAL, error.what()), began);
        throw;
    }
    if (done && (tierOf(call, endpoint) != manifest::Tier::read || rules_.auditReads()))
        write(entryOf(call, endpoint, input, "done"), began);
}

namespace {

/// Whoever calls holds what he calls.
Drain::Hold enter(talome_call& call, const Endpoint& endpoint) {
    call.inside = endpoint.drain.get();
    if (!endpoint.drain) return {};
    auto hold = Drain::enter(endpoint.drain);
    if (!hold) throw Superseded{};
    return hold;
}

} // namespace

void Gate::invoke(talome_call& call, const Endpoint& endpoint, const std::string& input, talome_sink out, void* to,
                  http::Exchange* exchange) const {
    lastWords().clear();
    RunningCall running(rules_.watch, call, endpoint, exchange);
    talome_status status;
    {
        const crash::Scope scope(endpoint.usage, endpoint.declared.id);
        status = endpoint.invoke(endpoint.user, &call, {input.data(), input.size()}, out, to);
    }
    const bool answered = running.end();
    if (answered) {
        exchange->acceptAnswer(httpStatus(TALOME_E_TIMEOUT));
        call.headers.clear();
    }
    if (status < 0) endpoint.usage.failed.fetch_add(1, std::memory_order_relaxed);
    const bool expired = status == TALOME_E_CANCELLED && call.deadlineMs && Clock::now() >= call.expires;
    if (answered || expired) throw Failure(TALOME_E_TIMEOUT, running.late());
    succeedOrThrow(status, endpoint.declared.id);
}

void Gate::run(talome_call& call, const Endpoint& endpoint, json::value input, talome_sink out, void* to,
               http::Exchange* exchange) const {
    const auto hold = enter(call, endpoint);
    if (!endpoint.invoke) {
        admit(call, endpoint); // what it is, is told to whom it is allowed
        throw Failure(TALOME_E_UNSUPPORTED, endpoint.declared.id + " is a raw route, which cannot be called");
    }
    audited(call, endpoint, input, [&] {
        const auto text = prepare(call, endpoint, input);
        invoke(call, endpoint, text, out, to, exchange);
    });
}

void Gate::runWire(talome_call& call, const Endpoint& endpoint, json::value input, http::Exchange& exchange) const {
    // What waited for its body since before then goes on, by the hold of what it left there.
    const auto hold = exchange.sink() ? Drain::Hold() : enter(call, endpoint);
    call.inside = endpoint.drain.get();
    if (endpoint.lateAuthentication && !call.principal->authenticated) {
        if (auto wrong = endpoint.input.check(input); !wrong.empty()) throw Failure(std::move(wrong));
        const auto text = canonical(input);
        const crash::Scope scope(endpoint.usage, endpoint.declared.id);
        endpoint.wire(call, text, exchange); // it authorises by runLate()
        return;
    }
    call.passed = exchange.passed.has_value();
    if (call.passed) call.approval = *exchange.passed;
    audited(call, endpoint, input, [&]() -> bool {
        const auto text = prepare(call, endpoint, input);
        exchange.passed = call.approval;
        lastWords().clear();
        const RunningCall running(rules_.watch, call, endpoint, nullptr);
        const crash::Scope scope(endpoint.usage, endpoint.declared.id);
        try {
            return endpoint.wire(call, text, exchange);
        } catch (const std::exception&) {
            endpoint.usage.failed.fetch_add(1, std::memory_order_relaxed);
            throw;
        }
    });
}

void Gate::noteFailure(const talome_call& call, const Endpoint& endpoint, const std::string& input,
                       talome_status status) const {
    noteRefusal(call, endpoint, parseJson(input), Failure(status, lastWords()), Clock::now());
}

void Gate::runLate(talome_call& call, const Endpoint& endpoint, const std::string& input,
                   const std::function<void()>& invoke) const {
    const auto hold = enter(call, endpoint);
    auto value = parseJson(input);
    audited(call, endpoint, value, [&] {
        prepare(call, endpoint, value);
        lastWords().clear();
        invoke();
    });
}

void Gate::call(talome_call& from, const Nested& nested, std::string_view operation, std::string_view input,
                talome_sink out, void* to) const {
    const auto isUsed = [&](const auto& pattern) { return matches(pattern, operation); };
    if (std::ranges::none_of(nested.uses, isUsed))
        throw Failure(TALOME_E_DENIED, std::string(nested.plugin) + " does not say in its manifest that it uses " +
                                           std::string(operation));
    callOffered(from, nested, operation, parseJson(input.empty() ? "{}" : input), out, to);
}

void Gate::callOffered(talome_call& from, const Nested& nested, std::string_view operation, json::value value,
                       talome_sink out, void* to) const {
    const CallUse use(from);
    if (from.depth >= kMostDepth)
        throw Failure(TALOME_E_INTERNAL, "calls inside calls are nested too deeply at " + std::string(operation));
    auto principal = from.principal;
    if (nested.origin && isPerson(principal->origin) && *nested.origin != principal->origin) {
        auto helper = std::make_shared<Principal>(*principal);
        helper->origin = *nested.origin;
        principal = std::move(helper);
    }
    talome_call inner;
    inner.principal = std::move(principal);
    inner.requestId = from.requestId;
    inner.deadlineMs = from.deadlineMs;
    inner.expires = from.expires;
    inner.cancelled = [&from, link = nested.link] {
        return isCancelled(from) || (link && link->stopped && link->stopped(link->user));
    };
    inner.link = nested.link && (nested.link->told || nested.link->asked) ? nested.link : from.link;
    inner.depth = from.depth + 1;
    inner.plugin = nested.plugin;
    inner.approval = nested.approval;
    inner.relayed = from.relayed;
    for (auto snapshot = from.snapshot;; snapshot = rules_.registry.snapshot()) {
        const auto it = snapshot->operations.find(operation);
        if (it == snapshot->operations.end())
            throw Failure(TALOME_E_UNAVAILABLE, "no enabled plugin offers " + std::string(operation));
        const auto endpoint = it->second; // it may go with its snapshot
        inner.snapshot = snapshot;
        try {
            run(inner, *endpoint, value, out, to);
            return;
        } catch (const Superseded&) { // while it was looked up
            if (rules_.registry.snapshot() == snapshot) throw beingReplaced(endpoint->plugin);
        }
    }
}

} // namespace talome::gate
