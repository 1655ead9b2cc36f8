// What a client must bring back when it has been asked something: the answers so far, signed, so that it cannot be
// changed, and bound to who calls what with which arguments.
#pragma once

#include "protocol/message.hpp"

#include <cstdint>

namespace talome::mcp {

class RequestState {
public:
    /// With a key of its own: what was signed before a restart is not accepted after it.
    RequestState();

    static constexpr std::int64_t kLifetimeMs = 15 * 60'000;

    std::string sign(const std::string& boundTo, const boost::json::object& answers, std::int64_t nowMs) const;
    /// Throws RpcError -32602 if it is not one of this server, not for this call, or too old.
    boost::json::object open(const std::string& boundTo, std::string_view state, std::int64_t nowMs) const;

private:
    std::string mac(const std::string& boundTo, std::string_view text) const;
    std::string key_;
};

/// SHA-256, in hexadecimal digits.
std::string digestOf(std::string_view text);
/// The same of a text that comes in pieces.
class Digest {
public:
    Digest();
    ~Digest();
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;
    void add(std::string_view piece);
    std::string end();

private:
    void* context_;
};
/// Random bytes of the kernel, as hexadecimal digits: 2n of them.
std::string randomText(std::size_t n);

} // namespace talome::mcp
