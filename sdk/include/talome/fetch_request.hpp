// What is asked for, and the head of what is answered; for fetch.hpp.
#pragma once

#include "areas.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace talome {

using FetchHeaders = std::vector<std::pair<std::string, std::string>>;

/// Members left out mean what fetch.h says of a 0. `lan` is for URLs that the owner configured, never for one that came
/// from elsewhere.
struct FetchRequest {
    std::string method = "GET";
    std::string url;
    FetchHeaders headers = {};
    std::string body = {};
    std::function<std::size_t(void* to, std::size_t n)> pull = {}; ///< instead: the next bytes, 0 at the end
    std::int64_t pullSize = -1;                                    ///< in all; -1: not known
    std::string unixSocket = {};
    bool lan = false, loopback = false;                      ///< may go there as well
    bool redirects = true;                                   ///< false: a 3xx is the answer
    bool asSent = false;                                     ///< not decoded
    std::chrono::milliseconds connect{0}, total{0}, idle{0}; ///< max(): no limit, of a FetchStream
    unsigned maxRedirects = 0;
    std::uint64_t maxBody = 0; ///< TALOME_UNLIMITED: as much as comes, of a FetchStream
    std::string caFile = {}, certFile = {}, keyFile = {};
    std::string pin = {};      ///< SHA-256 of the one certificate that is believed
    std::string protocol = {}; ///< of upgrade()
};

struct FetchHead {
    int status = 0;
    FetchHeaders headers;
    std::string url; ///< where redirects have led

    FetchHead() = default;
    explicit FetchHead(const talome_fetch_answer& from) : status(from.status), url(view(from.url)) {
        for (std::uint32_t i = 0; i < from.n_headers; ++i)
            headers.emplace_back(view(from.headers[i].name), view(from.headers[i].value));
    }
    bool ok() const { return status >= 200 && status < 300; }
    /// The first of that name, whatever its case; empty if there is none.
    std::string_view header(std::string_view name) const {
        const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
        for (const auto& [is, value] : headers) {
            bool same = is.size() == name.size();
            for (std::size_t i = 0; same && i < name.size(); ++i) same = small(is[i]) == small(name[i]);
            if (same) return value;
        }
        return {};
    }
};

namespace detail {

/// The request as the C side reads it; valid as long as what it was made from.
class CRequest {
public:
    explicit CRequest(const FetchRequest& from) {
        raw_.struct_size = sizeof raw_;
        if (!from.redirects) raw_.flags |= TALOME_FETCH_NO_REDIRECTS;
        if (from.asSent) raw_.flags |= TALOME_FETCH_AS_SENT;
        if (from.lan) raw_.reach |= TALOME_FETCH_LAN;
        if (from.loopback) raw_.reach |= TALOME_FETCH_LOOPBACK;
        for (const auto& [name, value] : from.headers) pairs_.push_back({str(name), str(value)});
        raw_.n_headers = static_cast<std::uint32_t>(pairs_.size());
        raw_.headers = pairs_.data();
        raw_.method = from.method.c_str();
        raw_.url = from.url.c_str();
        raw_.body = bytes(from.body);
        if (from.pull) {
            raw_.pull = &pull;
            raw_.pull_user = const_cast<FetchRequest*>(&from);
            raw_.pull_size = from.pullSize;
        }
        raw_.unix_socket = orNull(from.unixSocket);
        raw_.connect_ms = limit(from.connect);
        raw_.total_ms = limit(from.total);
        raw_.idle_ms = limit(from.idle);
        raw_.max_redirects = from.maxRedirects;
        raw_.max_body = from.maxBody;
        raw_.ca_file = orNull(from.caFile);
        raw_.cert_file = orNull(from.certFile);
        raw_.key_file = orNull(from.keyFile);
        raw_.pin = orNull(from.pin);
        raw_.protocol = orNull(from.protocol);
    }
    CRequest(const CRequest&) = delete;
    CRequest& operator=(const CRequest&) = delete;

    const talome_fetch_request* get() const { return &raw_; }

private:
    static const char* orNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }
    static std::uint32_t limit(std::chrono::milliseconds given) {
        if (given.count() < 0) throw Invalid("a time limit is negative");
        const auto most = std::chrono::milliseconds(TALOME_FETCH_NO_LIMIT);
        return static_cast<std::uint32_t>(std::min(given, most).count());
    }
    static std::int64_t pull(void* user, void* to, std::size_t n) noexcept {
        try {
            return static_cast<std::int64_t>(static_cast<const FetchRequest*>(user)->pull(to, n));
        } catch (...) { // the request fails with this status
            return TALOME_E_CANCELLED;
        }
    }
    std::vector<talome_pair> pairs_;
    talome_fetch_request raw_{};
};

} // namespace detail
} // namespace talome
