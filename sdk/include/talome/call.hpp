// The call being served: who asks, how long it may take, and how it is answered.
#pragma once

#include "areas.hpp"
#include "json.hpp"

#include <chrono>
#include <optional>

namespace talome {

/// The caller, as the gate has established it.
struct Principal {
    bool authenticated = false; ///< false: an anonymous caller of a public operation
    std::string userId, username;
    std::string role;   ///< "admin", "member", "plugin" or empty
    std::string origin; ///< rest, mcp, chat, automation, task, webhook, bot, plugin, cli
    std::string sessionId, peer, userAgent;
};

/// Valid until the handler returns; never kept. On the thread that serves it, but for cancelled().
class Call {
public:
    Call(const detail::Areas& areas, talome_call* raw) : areas_(areas), raw_(raw) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    Principal principal() const {
        talome_principal from{};
        from.struct_size = sizeof from;
        areas_.check(table().principal(raw_, &from));
        auto text = [](talome_str s) { return std::string(view(s)); };
        return {from.authenticated != 0, text(from.user_id),    text(from.username), text(from.role),
                text(from.origin),       text(from.session_id), text(from.peer),     text(from.user_agent)};
    }
    /// True if the caller has this permission: "admin", or feature flags.
    bool granted(std::string_view permission) const { return table().granted(raw_, str(permission)) == 1; }
    std::string_view requestId() const { return view(table().request_id(raw_)); }
    /// [any] thread while the call lasts: the caller has left, its time is over, or the host stops.
    bool cancelled() const { return table().cancelled(raw_) != 0; }
    std::optional<std::chrono::system_clock::time_point> deadline() const {
        const std::int64_t ms = table().deadline_ms(raw_);
        if (ms == 0) return std::nullopt;
        return std::chrono::system_clock::time_point(std::chrono::milliseconds(ms));
    }

    /// 200 to 599, instead of the route's.
    void status(int code) { areas_.check(table().set_status(raw_, code)); }
    /// Of the REST answer; other callers do not see it.
    void header(std::string_view name, std::string_view value) {
        areas_.check(table().set_header(raw_, str(name), str(value)));
    }

    /// Tells whoever waits for the call how far it is, if they listen. Each `progress` is higher than the one before;
    /// without a total, how much there is to do is not known.
    void progress(double progress, std::optional<double> total = {}, std::string_view message = {}) {
        std::string json = "{\"progress\":" + toJson(progress);
        if (total) json += ",\"total\":" + toJson(*total);
        if (!message.empty()) json += ",\"message\":" + toJson(message);
        areas_.check(table().tell(raw_, str("progress"), bytes(json + "}")));
    }
    /// A line for whoever waits for the call; `level` as RFC 5424 has them, "debug" to "emergency".
    void tell(std::string_view level, std::string_view line) {
        const auto json = "{\"level\":" + toJson(level) + ",\"data\":" + toJson(line) + "}";
        areas_.check(table().tell(raw_, str("log"), bytes(json)));
    }
    /// Asks whoever waits for the call, and waits: `kind` "elicitation", "sampling" or "roots", question and answer as
    /// in MCP. Throws Unsupported if nobody can answer; what it throws otherwise must be let through, for the call may
    /// be made once more from its beginning, with the answer: see talome_operations.
    std::string ask(std::string_view key, std::string_view kind, std::string_view question) {
        detail::Collected answer;
        areas_.check(table().ask(raw_, str(key), str(kind), bytes(question), &detail::Collected::take, &answer));
        return answer.done();
    }

    talome_call* raw() const { return raw_; }

private:
    const talome_operations& table() const { return *areas_.get<talome_operations>(); }

    const detail::Areas& areas_;
    talome_call* raw_;
};

} // namespace talome
