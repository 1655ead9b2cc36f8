// The answer to one POST: JSON, or an event stream from the first moment that something is to be told before the
// result.
#pragma once

#include "protocol/message.hpp"

#include <talome/plugin.hpp>

#include <vector>

namespace talome::mcp {

/// On the handler's thread.
class Reply {
public:
    explicit Reply(Exchange& exchange) : exchange_(exchange) {}

    /// For the head of the answer.
    void header(std::string_view name, std::string_view value) { headers_.emplace_back(name, value); }
    /// A notification, or a request to the client, before the result. Throws Cancelled when the client has left.
    void tell(std::string_view message);
    /// The result or the error, and the last. `http` counts if nothing has been told.
    void end(int http, std::string_view message) { end(http, {message}); }
    void end(int http, std::initializer_list<std::string_view> pieces);
    /// 202 or the like, without a body.
    void end(int http);
    bool streaming() const { return streaming_; }
    /// Of several messages at once, the answers are collected, and nothing else is told.
    void collect() { collecting_ = true; }
    const std::string& collected() const { return collected_; }

private:
    void begin(int status, std::string_view type, std::optional<std::int64_t> length);

    Exchange& exchange_;
    std::vector<std::pair<std::string, std::string>> headers_;
    bool streaming_ = false, collecting_ = false;
    std::string collected_;
};

} // namespace talome::mcp
