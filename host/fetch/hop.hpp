// One request and its answer on libcurl, which speaks HTTP and TLS: where it connects to, what it believes and how much
// it takes are decided here.
#pragma once

#include "host/fetch/address_rules.hpp"
#include "host/fetch/inflater.hpp"
#include "host/fetch/libcurl.hpp"
#include "host/fetch/order.hpp"
#include "host/fetch/pipe.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace talome::fetch {

/// What differs from hop to hop while redirects are followed.
struct Aim {
    Url url;
    std::string method;
    Fields headers;
    bool withBody = true;
    bool foreign = false;            ///< another origin than that of the order: it is shown no client certificate
    Zone innermost = Zone::loopback; ///< the address may not lie further inwards
};

/// The fetching thread only.
class Hop {
public:
    using Clock = std::chrono::steady_clock;

    /// `addresses` of the URL's name have been judged; none: the URL has the address, or it is a unix socket.
    Hop(const Order&, const Aim&, const std::vector<Address>& addresses, Pipe&, bool mayRedirect);
    Hop(const Hop&) = delete;
    Hop& operator=(const Hop&) = delete;

    CURL* easy() const { return easy_.get(); }
    void resume();

    bool connected() const { return connected_; }
    bool answered() const { return head_.complete(); }
    /// When there is nothing to wait for on the other side, because this side does not take or give: now.
    Clock::time_point lastActivity() const { return waiting_ ? Clock::now() : lastActivity_; }
    Zone zone() const { return zone_; } ///< of the address, once connected
    /// Where a redirect leads, which was then not taken for an answer.
    const std::optional<std::string>& location() const { return location_; }
    int status() const { return head_.status(); }
    std::uint64_t bytesIn() const { return bytesIn_; }
    std::uint64_t bytesOut() const { return bytesOut_; }

    /// What libcurl's result means.
    End outcome(CURLcode) const;

private:
    friend class Upgrade;
    void setAim(const std::vector<Address>& addresses);
    void setBody();
    void onHead();
    std::size_t onData(std::string_view bytes);
    std::size_t inflate(std::string_view bytes);
    bool deliver(std::string_view bytes);
    bool allowed(const Address&);
    void addHeader(const std::string& line);
    void fail(talome_status status, std::string words) { failure_ = End{status, std::move(words)}; }
    template <class F> auto guarded(F&& body, decltype(body()) otherwise) noexcept;

    static std::size_t header(char*, std::size_t, std::size_t, void*) noexcept;
    static std::size_t write(char*, std::size_t, std::size_t, void*) noexcept;
    static std::size_t read(char*, std::size_t, std::size_t, void*) noexcept;
    static int progress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept;
    static curl_socket_t openSocket(void*, curlsocktype, curl_sockaddr*) noexcept;
    static int beforeRequest(void*, char* peer, char*, int, int) noexcept;

    const Order& order_;
    const Aim& aim_;
    Pipe& pipe_;
    const bool mayRedirect_;
    std::unique_ptr<curl_slist, FreeList> headers_, addresses_;
    std::unique_ptr<CURL, FreeEasy> easy_; ///< refers to them
    AnswerHead head_;
    std::unique_ptr<Inflater> inflater_;
    std::size_t inflated_ = 0; ///< bytes of the piece that libcurl offers again
    std::string plain_;        ///< decoded, and not delivered yet
    std::optional<std::string> location_;
    std::optional<End> failure_;
    bool connected_ = false, waiting_ = false;
    Zone zone_ = Zone::loopback;
    Clock::time_point lastActivity_ = Clock::now();
    std::uint64_t bytesIn_ = 0, bytesOut_ = 0;
    curl_off_t sent_ = 0; ///< as libcurl counts
};

/// How the other side is believed and shown who asks; for every handle that connects.
void setTrust(CURL*, const Trust&, bool foreign);

} // namespace talome::fetch
