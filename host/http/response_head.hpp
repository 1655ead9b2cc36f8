// Writes the head of an answer: status line, the fields of the handler, and those that every answer has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talome::http {

/// The fields a handler set, checked. Names are compared without case.
class ResponseFields {
public:
    /// Throws std::invalid_argument for a name or value that would break the head, or belongs to the engine.
    void set(std::string_view name, std::string_view value);
    void add(std::string_view name, std::string_view value);
    bool has(std::string_view name) const;
    const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

struct ResponseFacts {
    int status = 200;
    std::string_view contentType{}; ///< "; charset=utf-8" is added to text and JSON that name none
    std::string_view requestId{};
    std::optional<std::uint64_t> length{};
    bool chunked = false;
    bool keepAlive = true;
    bool sayKeepAlive = false; ///< an HTTP/1.0 client wants to be told
    bool secure = false;       ///< over TLS: adds Strict-Transport-Security
    bool noStore = false;      ///< unless the handler sets Cache-Control
};

/// The whole head, with its empty line.
std::string formatHead(const ResponseFacts& facts, const ResponseFields& fields);

/// The head of an answer 101: the fields of the handler, and no defaults.
std::string formatUpgrade(std::string_view requestId, const ResponseFields& fields);

/// {"error": text}, from 500 on with errorId and timestamp.
std::string errorBody(int status, std::string_view text, std::string_view requestId);

/// Eight hex digits, different for each of the next 2^32 requests.
std::string newRequestId();

/// The time as an HTTP date (RFC 9110, 5.6.7); made once a second for each thread.
std::string_view httpDate();

} // namespace talome::http
