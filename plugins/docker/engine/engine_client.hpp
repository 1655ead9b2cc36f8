// Speaks the Docker Engine API over the engine's unix socket, TCP or TLS: requests with time and size limits, over a few
// connections that are kept. Any thread may call.
#pragma once

#include "engine/engine_address.hpp"

#include <talome/errors.hpp>
#include <talome/fetch_request.hpp>
#include <talome/json.hpp>

#include <Poco/AutoPtr.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace Poco::Net {
class Context;
}

namespace talome::docker {

// A path is given by its segments and a query by its values: they are percent-encoded here, so that no text from a
// caller can name another path.
struct EngineRequest {
    const char* method = "GET";
    std::vector<std::string> path; // without the version: {"containers", id, "json"}
    std::vector<std::pair<std::string, std::string>> query = {};
    std::chrono::milliseconds limit{10'000}; // for the whole exchange
    std::function<bool()> cancelled = {};    // asked now and then while waiting
    std::chrono::milliseconds idle{0};       // without a byte of the answer; 0: no limit of its own
    std::string body = {};                   // empty: none
    const char* type = "application/json";   // of the body
    std::vector<std::pair<std::string, std::string>> headers = {};
};

struct EngineVersion {
    std::string engine;           // "20.10.24"
    std::string api;              // what is spoken: the older of the engine's newest and ours
    std::int64_t unixSeconds = 0; // the engine's clock
};

// "/v1.41/containers/a%2Fb/json?tail=5"; an empty version gives the path without it.
std::string engineTarget(std::string_view version, const EngineRequest&);

// The engine understood, and says no: 400 (Invalid to our caller) and 500 (BadUpstream), for it uses both for what
// stands in the way of a start: a port in use, a program that is not in the image.
struct EngineRefusal : Error {
    EngineRefusal(talome_status code, const std::string& why, std::string engineWords)
        : Error(code, why), words(std::move(engineWords)) {}
    std::string words;
};

// What a failed connect() means for the owner: "connection refused; is it running?".
std::string engineAdvice(int error);

class EngineClient {
public:
    using Sink = std::function<void(std::string_view)>;

    EngineClient();
    ~EngineClient();

    // Before the first request; its `problem`, if there is one, is what every request then fails with.
    void setAddress(EngineAddress address);
    const EngineAddress& address() const { return address_; }

    // Settles the API version: 1.41 at least. Throws Unavailable if the engine does not answer, Unsupported if it is
    // too old.
    EngineVersion negotiate(std::chrono::milliseconds limit);
    std::string apiVersion() const;

    // The body of a success (2xx or 304), of `maxBytes` at most. Failures: Unavailable (no engine), Timeout, Cancelled,
    // BadUpstream (5xx, nonsense, too long), Denied, NotFound, Conflict, EngineRefusal, each with the engine's own words.
    std::string send(const EngineRequest&, std::size_t maxBytes = std::size_t{32} << 20) const;
    // The same, with the body handed on in pieces.
    void stream(const EngineRequest&, const Sink&) const;
    // The same, read as JSON.
    template <class T> T get(const EngineRequest& request) const {
        const std::string body = send(request);
        try {
            return talome::readText<T>(body);
        } catch (const Invalid& error) {
            throw BadUpstream(std::string("the Docker engine answered something unexpected: ") + error.what());
        }
    }

    // The same request for a stream of the host's, which goes on without a thread and without any limit.
    FetchRequest streamRequest(const EngineRequest&) const;

    // Closes the connections that are not in use.
    void closeIdle() const;

private:
    class Connection;

    using Clock = std::chrono::steady_clock;

    std::unique_ptr<Connection> connect(Clock::time_point deadline) const;
    std::unique_ptr<Connection> takeIdle() const;
    void keep(std::unique_ptr<Connection>) const;
    void exchange(const EngineRequest&, std::string_view version, const Sink&, std::string* hostDate) const;
    bool attempt(Connection&, bool reused, const EngineRequest&, const std::string& target, Clock::time_point deadline,
                 const Sink&, std::string* hostDate) const;

    void connectTcp(Connection&, Clock::time_point deadline) const;

    EngineAddress address_;
    std::string where_;                          // of the address, for words
    Poco::AutoPtr<Poco::Net::Context> security_; // null: without TLS
    mutable std::mutex mutex_; // the two below
    mutable std::vector<std::unique_ptr<Connection>> idle_;
    std::string apiVersion_ = "1.41";
};

} // namespace talome::docker
