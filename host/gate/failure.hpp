// What a caller is told when a call does not succeed.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <talome/abi.h>
#include <utility>
#include <vector>

namespace talome::gate {

/// One thing that is wrong with an input: `ports[0].host`, `expected an integer`.
struct Detail {
    std::string path, message;
    std::string text() const { return path.empty() ? message : path + ": " + message; }
};

struct Failure : std::runtime_error {
    Failure(talome_status status, const std::string& words) : std::runtime_error(words), status(status) {}
    explicit Failure(std::vector<Detail> wrong);

    talome_status status;
    std::vector<Detail> details;    ///< of an invalid input
    std::optional<int> retryAfter;  ///< seconds
    std::vector<std::string> allow; ///< of a wrong method
    /// More members of the answer's object: {"code", "APPROVAL_REQUIRED"}.
    std::vector<std::pair<std::string, std::string>> members;
    std::optional<int> http; ///< when no talome_status says it: 405, 415, …
};

/// The HTTP status that stands for it (abi.h names them).
int httpStatus(talome_status) noexcept;

} // namespace talome::gate
