// Failures as exceptions. They live inside a plugin only: at the edge each becomes a status and its words.
#pragma once

#include "abi.h"

#include <stdexcept>
#include <string>

namespace talome {

/// A failure that the caller is told of. The status says what a REST caller is answered, see abi.h.
struct Error : std::runtime_error {
    Error(talome_status code, const std::string& why) : std::runtime_error(why), status(code) {}
    talome_status status;
};

template <talome_status Status> struct Failure : Error {
    explicit Failure(const std::string& why) : Error(Status, why) {}
};

using Unauthenticated = Failure<TALOME_E_UNAUTHENTICATED>;
using Denied = Failure<TALOME_E_DENIED>;
using NotFound = Failure<TALOME_E_NOT_FOUND>;
using Conflict = Failure<TALOME_E_CONFLICT>;
using Gone = Failure<TALOME_E_GONE>;
using TooLarge = Failure<TALOME_E_TOO_LARGE>;
using Limited = Failure<TALOME_E_LIMITED>;
using Unsupported = Failure<TALOME_E_UNSUPPORTED>;
using BadUpstream = Failure<TALOME_E_BAD_UPSTREAM>; ///< a remote system answered nonsense
using Unavailable = Failure<TALOME_E_UNAVAILABLE>;  ///< a remote system does not answer
using Timeout = Failure<TALOME_E_TIMEOUT>;
using NoSpace = Failure<TALOME_E_NO_SPACE>;
using Cancelled = Failure<TALOME_E_CANCELLED>; ///< the caller has left, or the host stops

/// A person must give leave for the call first: `approval` is what they answer.
struct NeedsApproval : Error {
    NeedsApproval(const std::string& why, std::string id) : Error(TALOME_E_CONFLICT, why), approval(std::move(id)) {}
    std::string approval;
};

/// Input, or a document, that is not as it should be: what() is "path: reason".
struct Invalid : Error {
    explicit Invalid(const std::string& why) : Error(TALOME_E_INVALID, why), reason(why) {}
    Invalid(const std::string& where, const std::string& why)
        : Error(TALOME_E_INVALID, where.empty() ? why : where + ": " + why), path(where), reason(why) {}
    std::string path;   ///< "ports[0].host"; empty: the whole
    std::string reason; ///< "expected an integer"
};

/// The typed exception of a status.
[[noreturn]] inline void raise(talome_status status, const std::string& why) {
    switch (status) {
    case TALOME_E_INVALID:
        throw Invalid(why);
    case TALOME_E_UNAUTHENTICATED:
        throw Unauthenticated(why);
    case TALOME_E_DENIED:
        throw Denied(why);
    case TALOME_E_NOT_FOUND:
        throw NotFound(why);
    case TALOME_E_CONFLICT:
        throw Conflict(why);
    case TALOME_E_GONE:
        throw Gone(why);
    case TALOME_E_TOO_LARGE:
        throw TooLarge(why);
    case TALOME_E_LIMITED:
        throw Limited(why);
    case TALOME_E_UNSUPPORTED:
        throw Unsupported(why);
    case TALOME_E_BAD_UPSTREAM:
        throw BadUpstream(why);
    case TALOME_E_UNAVAILABLE:
        throw Unavailable(why);
    case TALOME_E_TIMEOUT:
        throw Timeout(why);
    case TALOME_E_NO_SPACE:
        throw NoSpace(why);
    case TALOME_E_CANCELLED:
        throw Cancelled(why);
    default:
        throw Error(TALOME_E_INTERNAL, why);
    }
}

} // namespace talome
