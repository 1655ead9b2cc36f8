// The chain of the rows: each has a mac over itself and the mac of the row before it, so that none can be changed,
// removed, added or moved without the key.
//
//     mac(0)    = 32 zero bytes
//     mac(n)    = HMAC-SHA-256(key, "row" mac(n-1) id(n) fields(n))
//     seal(end) = HMAC-SHA-256(key, name id mac)        name: "head" (the last row) or "anchor" (the last pruned one)
//
// A number is 8 bytes, the least first; a text is its length as a number, then its bytes; fields are in the order of
// Entry. RFC 2104, FIPS 180-4.
#pragma once

#include "host/audit/entry.hpp"

#include <string_view>

namespace talome::audit {

/// One end of the chain: the last row that was written, or the last one that was pruned.
struct End {
    std::int64_t id = 0;
    std::string mac = std::string(32, '\0');
    bool operator==(const End&) const = default;
};

/// Immutable; any thread.
class Chain {
public:
    explicit Chain(std::string key) : key_(std::move(key)) {}

    std::string mac(const std::string& before, std::int64_t id, const Entry&) const;
    std::string seal(std::string_view name, const End&) const;
    bool isSealed(std::string_view name, const End&, std::string_view seal) const;

private:
    const std::string key_;
};

} // namespace talome::audit
