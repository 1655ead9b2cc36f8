// What a caller is told when a call does not succeed.
#include "host/gate/failure.hpp"

namespace talome::gate {

namespace {

std::string summary(const std::vector<Detail>& wrong) {
    std::string text;
    for (const auto& each : wrong) text += (text.empty() ? "" : "; ") + each.text();
    return text;
}

} // namespace

Failure::Failure(std::vector<Detail> wrong)
    : std::runtime_error(summary(wrong)), status(TALOME_E_INVALID), details(std::move(wrong)) {}

int httpStatus(talome_status status) noexcept {
    switch (status) {
    case TALOME_E_INVALID:
        return 400;
    case TALOME_E_UNAUTHENTICATED:
        return 401;
    case TALOME_E_DENIED:
        return 403;
    case TALOME_E_NOT_FOUND:
        return 404;
    case TALOME_E_CONFLICT:
        return 409;
    case TALOME_E_GONE:
        return 410;
    case TALOME_E_TOO_LARGE:
        return 413;
    case TALOME_E_LIMITED:
        return 429;
    case TALOME_E_UNSUPPORTED:
        return 501;
    case TALOME_E_BAD_UPSTREAM:
        return 502;
    case TALOME_E_UNAVAILABLE:
    case TALOME_E_CANCELLED:
        return 503;
    case TALOME_E_TIMEOUT:
        return 504;
    case TALOME_E_NO_SPACE:
        return 507;
    default:
        return status >= 0 ? 200 : 500;
    }
}

} // namespace talome::gate
