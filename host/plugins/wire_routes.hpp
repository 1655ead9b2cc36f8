// The kinds of routes that answer on the wire themselves, made from what a plugin declares.
#pragma once

#include "host/gate/call.hpp"
#include "host/http/event_channel.hpp"
#include "host/plugins/self.hpp"

#include <talome/http.h>

/// A request and its answer, behind the ABI's opaque pointer.
struct talome_exchange {
    talome::http::Exchange& http;
    talome_call& call;
    const std::string& permission; ///< of the route
};

namespace talome::plugins {

// Each is declared in create(), and throws talome::Invalid for what cannot be.
DeclaredOperation makeRawRoute(talome_self*, const talome_raw_route*);
DeclaredOperation makeUploadRoute(talome_self*, const talome_upload_route*);
DeclaredOperation makeEventStream(talome_self*, const talome_event_stream*);
DeclaredOperation makeWebSocket(talome_self*, const talome_websocket*);

/// Answers a raw route with a stream of the plugin's own; its number.
std::uint64_t openPlainStream(talome_self*, talome_exchange&, const talome_stream&);

/// Gives a finished file of an upload its name.
void linkUploaded(const talome_upload*, std::uint32_t file, int directory, std::string_view name, bool replace);

/// An event stream route, fed by the bus while its plugin is active.
class EventRoute : public std::enable_shared_from_this<EventRoute> {
public:
    EventRoute(talome_self& self, manifest::Operation declared, http::EventChannel::Options options);
    void activate();
    void quiesce();
    /// Goes on with what that one has heard and kept, and with hearing, if it is the same stream: its clients come
    /// back, and miss nothing.
    void adopt(EventRoute& older);
    void answer(talome_call&, http::Exchange&);

private:
    talome_self& self_;
    const manifest::Operation declared_;
    const http::EventChannel::Options options_;
    std::shared_ptr<http::EventChannel> channel_; ///< before any request comes
    std::vector<std::string> patterns_;
    std::vector<std::uint64_t> heard_;
};

/// Throws Failure 503 if there are as many streams as may be.
void requireRoomForStream(const talome_self&);

/// How a stream ended, in the words of the ABI.
std::int32_t howEnded(http::Stream::End) noexcept;

} // namespace talome::plugins
