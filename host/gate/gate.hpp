// The one path of every call, whoever makes it: authorise, validate, security mode, invoke, audit. Authentication
// comes before it, by the door through which the call came in.
#pragma once

#include "host/audit/entry.hpp"
#include "host/gate/approvals.hpp"
#include "host/gate/call.hpp"
#include "host/gate/call_watch.hpp"
#include "host/gate/failure.hpp"
#include "host/gate/security_mode.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace talome::gate {

/// Throws what a negative status of a plugin's function means, with the words that it left on this thread.
void succeedOrThrow(talome_status, const std::string& operation);

/// Words that a plugin or the host set with fail() on this thread.
std::string& lastWords();
/// Keeps what the words alone do not tell of a failure (which approval is missing, when to try again), for a plugin
/// that passes it on as it is.
void rememberFailure(const Failure&);

/// 503: for a moment nobody serves it.
Failure beingReplaced(const std::string& plugin);

/// What the path asks and tells. Each may be called by any thread.
struct Rules {
    std::function<Mode()> mode;
    std::function<bool()> auditReads; ///< whether reads that succeed are recorded as well
    /// Returns when the entry is on disk; throws if it cannot be written.
    std::function<void(const audit::Entry&)> note;
    Approvals& approvals;
    const Registry& registry;
    CallWatch* watch = nullptr; ///< looks after the calls that run; null: nobody does
};

/// Any thread.
class Gate {
public:
    explicit Gate(Rules rules) : rules_(std::move(rules)) {}

    /// For a door that wants to know before it reads the rest: as the path itself does, and what is refused is audited.
    /// Throws Failure: 401 for an anonymous caller, 403 for one who lacks the permission.
    void admit(const talome_call&, const Endpoint&) const;

    /// For an operation that decides by itself who may call it: as if it were declared with that permission. Throws
    /// Failure.
    void require(const talome_call&, std::string_view permission) const;

    /// The whole path. `input` is the merged object; throws Failure. This and the next two throw Superseded, before
    /// anything is done, if the endpoint's plugin has been replaced or ended: the endpoint was of an older snapshot.
    /// `exchange`: to be answered when the time is over, though the handler has not returned.
    void run(talome_call&, const Endpoint&, boost::json::value input, talome_sink out, void* to,
             http::Exchange* exchange = nullptr) const;
    /// The same for a request that its handler answers by itself, see Endpoint::wire.
    void runWire(talome_call&, const Endpoint&, boost::json::value input, http::Exchange&) const;
    /// For a caller who has said who it is after its input was checked: the rest of the path, around `invoke`.
    void runLate(talome_call&, const Endpoint&, const std::string& input, const std::function<void()>& invoke) const;

    /// For what goes wrong between two visits of the path, while a body comes: the audit row.
    void noteFailure(const talome_call&, const Endpoint&, const std::string& input, talome_status) const;

    /// How a call inside a call differs from the one around it.
    struct Nested {
        std::string_view plugin;                        ///< that makes it
        const std::set<std::string, std::less<>>& uses; ///< what its manifest says that it calls
        std::optional<Origin> origin;                   ///< whose helper makes it; only ever away from a person
        std::string approval;
        const CallerLink* link = nullptr; ///< null: that of the call around it
    };
    /// A call made inside a call, or by a plugin's own work: by id, with the text of the input. Throws Failure.
    void call(talome_call& from, const Nested&, std::string_view operation, std::string_view input, talome_sink out,
              void* to) const;
    /// The same of what is offered to models: whoever may use those says so by the area that it asks for, and `uses` is
    /// not looked at.
    void callOffered(talome_call& from, const Nested&, std::string_view operation, boost::json::value input,
                     talome_sink out, void* to) const;

private:
    using Clock = std::chrono::steady_clock;

    void authorise(const talome_call&, const Endpoint&, manifest::Tier) const;
    std::string prepare(talome_call&, const Endpoint&, boost::json::value& input) const;
    void applySecurityMode(talome_call&, const Endpoint&, const boost::json::value& input,
                           const std::string& text) const;
    void invoke(talome_call&, const Endpoint&, const std::string& input, talome_sink out, void* to,
                http::Exchange*) const;
    template <class Invoke>
    void audited(const talome_call&, const Endpoint&, const boost::json::value& input, Invoke&&) const;
    audit::Entry entryOf(const talome_call&, const Endpoint&, const boost::json::value& input,
                         std::string outcome) const;
    void write(audit::Entry, Clock::time_point began) const;
    void noteRefusal(const talome_call&, const Endpoint&, const boost::json::value& input, const Failure&,
                     Clock::time_point began) const;

    Rules rules_;
};

} // namespace talome::gate
