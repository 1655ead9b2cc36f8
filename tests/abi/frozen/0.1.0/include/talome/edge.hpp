// The edge of the ABI, where exceptions become statuses and words: no other place catches for the host.
#pragma once

#include "areas.hpp"

namespace talome::detail {

/// Calls `visit(status, words)` with what the exception being handled means. The only such list on the plugin's side.
template <class Visit> auto describeCurrent(Visit visit) noexcept {
    try {
        throw;
    } catch (const Error& error) {
        return visit(error.status, error.what());
    } catch (const std::exception& error) {
        return visit(talome_status{TALOME_E_INTERNAL}, error.what());
    } catch (...) {
        return visit(talome_status{TALOME_E_INTERNAL}, "an exception that is not a std::exception");
    }
}

inline talome_status failCurrent(const Areas& areas) noexcept {
    return describeCurrent([&](talome_status status, const char* why) { return areas.fail(status, why); });
}
inline void logCurrent(const Areas& areas) noexcept {
    describeCurrent([&](talome_status, const char* why) { areas.log(TALOME_ERROR, why); });
}

/// The edge: no exception leaves these two.
template <class F> talome_status guard(const Areas& areas, F&& body) noexcept {
    try {
        body();
        return TALOME_OK;
    } catch (...) {
        return failCurrent(areas);
    }
}
template <class F> void guardQuietly(const Areas& areas, F&& body) noexcept {
    try {
        body();
    } catch (...) {
        logCurrent(areas);
    }
}

} // namespace talome::detail
