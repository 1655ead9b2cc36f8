#include "reply.hpp"

#include <initializer_list>

namespace talome::mcp {

void Reply::begin(int status, std::string_view type, std::optional<std::int64_t> length) {
    std::vector<Header> all;
    if (!type.empty()) all.emplace_back("Content-Type", type);
    all.emplace_back("Cache-Control", "no-store");
    for (const auto& [name, value] : headers_) all.emplace_back(name, value);
    exchange_.begin(status, all, length);
}

void Reply::tell(std::string_view message) {
    if (collecting_) return;
    if (!streaming_) {
        header("X-Accel-Buffering", "no");
        begin(200, "text/event-stream", std::nullopt);
        streaming_ = true;
    }
    exchange_.write("event: message\ndata: " + std::string(message) + "\n\n");
}

void Reply::end(int http, std::initializer_list<std::string_view> pieces) {
    std::size_t size = 0;
    for (const auto piece : pieces) size += piece.size();
    if (!collecting_ && !streaming_) {
        begin(http, "application/json", static_cast<std::int64_t>(size));
        for (const auto piece : pieces) exchange_.write(piece);
        return;
    }
    std::string message;
    message.reserve(size);
    for (const auto piece : pieces) message.append(piece);
    if (streaming_)
        tell(message);
    else
        collected_.append(collected_.empty() ? "" : ",").append(message);
}

void Reply::end(int http) {
    if (!collecting_ && !streaming_) begin(http, {}, 0);
}

} // namespace talome::mcp
