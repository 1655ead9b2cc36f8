// The host's side of the ABI edge: no exception crosses it, and structs of another size are read as far as both know.
#pragma once

#include "host/gate/failure.hpp"
#include "host/gate/gate.hpp"
#include "host/http/error.hpp"
#include "host/plugins/self.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>
#include <talome/errors.hpp>

namespace talome::plugins {

inline std::string_view view(talome_str text) noexcept { return {text.n ? text.p : "", text.n}; }
inline std::string_view view(talome_bytes data) noexcept {
    return {data.n ? static_cast<const char*>(data.p) : "", data.n};
}
inline talome_str str(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline talome_bytes bytes(std::string_view text) noexcept { return {text.data(), text.size()}; }

/// Sets the words of a failure on this thread.
inline talome_status failed(talome_status status, std::string_view words) noexcept {
    try {
        gate::lastWords().assign(words);
    } catch (const std::bad_alloc&) {
        gate::lastWords().clear(); // the status alone has to do
    }
    return status;
}

/// Runs what stands behind a function of a table; what it throws becomes a status and words.
template <class F> talome_status edge(F&& body) noexcept {
    try {
        return body();
    } catch (const gate::Failure& failure) {
        try {
            gate::rememberFailure(failure);
        } catch (const std::bad_alloc&) {
            return failed(TALOME_E_INTERNAL, "out of memory");
        }
        return failed(failure.status, failure.what());
    } catch (const talome::Error& error) {
        return failed(error.status, error.what());
    } catch (const storage::DatabaseError& error) {
        return failed(error.full         ? TALOME_E_NO_SPACE
                      : error.constraint ? TALOME_E_CONFLICT
                                         : TALOME_E_INTERNAL,
                      error.what());
    } catch (const http::HttpError& error) {
        return failed(error.status == 403   ? TALOME_E_DENIED
                      : error.status == 404 ? TALOME_E_NOT_FOUND
                      : error.status == 413 ? TALOME_E_TOO_LARGE
                      : error.status == 408 ? TALOME_E_TIMEOUT
                      : error.status == 409 ? TALOME_E_CONFLICT
                      : error.status == 503 ? TALOME_E_UNAVAILABLE
                      : error.status == 507 ? TALOME_E_NO_SPACE
                      : error.status >= 500 ? TALOME_E_INTERNAL
                                            : TALOME_E_INVALID,
                      error.what());
    } catch (const http::ClientGone& gone) {
        return failed(TALOME_E_CANCELLED, gone.what());
    } catch (const std::exception& error) {
        return failed(TALOME_E_INTERNAL, error.what());
    }
}

/// Declaring is allowed in create() only: what is not in the manifest by then does not exist.
template <class F> talome_status declaring(talome_self* self, F&& body) noexcept {
    return edge([&]() -> talome_status {
        if (!self->creating) return failed(TALOME_E_CONFLICT, "declarations belong into create()");
        body();
        return TALOME_OK;
    });
}

} // namespace talome::plugins
