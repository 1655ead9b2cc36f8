// One request being answered, as the methods see it.
#pragma once

#include "protocol/version.hpp"
#include "reply.hpp"
#include "session.hpp"

#include <talome/tools.hpp>

#include <atomic>

namespace talome::mcp {

struct Request {
    Call& call;
    Reply& reply;
    const Message& message;
    bool modern = false;
    std::string version;
    SessionPtr session;                      ///< null: of the newest revision, or of a client that keeps none
    const boost::json::object* capabilities; ///< of the client
    std::string owner;                       ///< user and credential
    std::string base;                        ///< "http://host:port" as the client reached it; empty: by the unix socket
    std::vector<std::string> domains;        ///< narrows the lists; empty: all
    std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);

    const boost::json::object& params() const { return message.params; }
    bool can(std::string_view capability) const { return capabilities && capabilities->contains(capability); }
    const boost::json::object* meta() const {
        const auto* meta = message.params.if_contains("_meta");
        return meta ? meta->if_object() : nullptr;
    }
};

/// Members of the result of a list or a read, in the newest revision: how long it may be kept, and by whom.
inline constexpr std::string_view kCacheMembers = R"(,"ttlMs":0,"cacheScope":"private")";

} // namespace talome::mcp
