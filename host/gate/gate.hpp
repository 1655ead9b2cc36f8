// The one path of every call, whoever makes it: authorise, validate, security mode, invoke, audit. Authentication
// comes before it, by the door through which the call came in.
#pragma once

#include "host/gate/call.hpp"
#include "host/gate/failure.hpp"

#include <functional>
#include <string>

namespace talome::gate {

/// Throws what a negative status of a plugin's function means, with the words that it left on this thread.
void succeedOrThrow(talome_status, const std::string& operation);

/// Words that a plugin or the host set with fail() on this thread.
std::string& lastWords();

/// Any thread.
class Gate {
public:
    using SecurityMode = std::function<std::string()>; ///< "permissive", "cautious" or "locked"
    explicit Gate(SecurityMode mode) : mode_(std::move(mode)) {}

    /// For a door that wants to know before it reads the rest: as the path itself does, and what is refused is audited.
    /// Throws Failure: 401 for an anonymous caller, 403 for one who lacks the permission.
    void admit(const talome_call&, const Endpoint&) const;

    /// For an operation that decides by itself who may call it: as if it were declared with that permission. Throws
    /// Failure.
    void require(const talome_call&, std::string_view permission) const;

    /// The whole path. `input` is the merged object; throws Failure.
    void run(talome_call&, const Endpoint&, boost::json::value input, talome_sink out, void* to) const;
    /// The same for a request that its handler answers by itself, see Endpoint::wire.
    void runWire(talome_call&, const Endpoint&, boost::json::value input, http::Exchange&) const;
    /// For a caller who has said who it is after its input was checked: the rest of the path, around `invoke`.
    void runLate(talome_call&, const Endpoint&, const std::string& input, const std::function<void()>& invoke) const;

    /// For what goes wrong between two visits of the path, while a body comes: the audit line.
    void noteFailure(const talome_call&, const Endpoint&, const std::string& input, talome_status) const;

    /// A call made inside a call, or by a plugin's own work: by id, with the text of the input. Throws Failure.
    void call(talome_call& from, std::string_view plugin, std::string_view operation, std::string_view input,
              talome_sink out, void* to) const;

private:
    void authorise(const talome_call&, const Endpoint&) const;
    std::string prepare(talome_call&, const Endpoint&, boost::json::value& input) const;
    void applySecurityMode(const talome_call&, const Endpoint&) const;
    template <class Invoke>
    void audited(const talome_call&, const Endpoint&, const boost::json::value& input, Invoke&&) const;

    SecurityMode mode_;
};

} // namespace talome::gate
