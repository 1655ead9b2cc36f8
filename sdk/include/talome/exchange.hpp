// The wire of a raw route: request headers, body and answer; a file, or a stream that goes on after the handler.
#pragma once

#include "stream.hpp"

#include <initializer_list>
#include <span>
#include <vector>

namespace talome {

using Header = std::pair<std::string_view, std::string_view>;

/// How a file is answered.
struct FileAnswer {
    std::string_view name = {};         ///< for the client, and for its type
    bool attachment = false;            ///< to be saved, not shown
    std::string_view contentType = {};  ///< empty: by the name
    std::string_view cacheControl = {}; ///< empty: "no-store"
};

/// Valid until the handler returns, on its thread. An exception before the answer has begun is answered as an error;
/// after it, the connection is closed.
class Exchange {
public:
    Exchange(const detail::Areas& areas, detail::Slots<detail::StreamSlot>& streams, talome_exchange* raw)
        : areas_(areas), streams_(streams), raw_(raw) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    /// Of the request; empty if absent.
    std::string header(std::string_view name) const {
        detail::Collected value;
        areas_.check(table().header(raw_, str(name), &detail::Collected::take, &value));
        return value.done();
    }
    /// The next bytes of the body into `to`; 0 at its end. Throws TooLarge, Timeout, Cancelled.
    std::size_t read(std::span<char> to) {
        const std::int64_t n = table().read(raw_, to.data(), to.size());
        if (n < 0) areas_.check(static_cast<talome_status>(n));
        return static_cast<std::size_t>(n);
    }
    /// The head of the answer. Without a length it is sent in chunks.
    void begin(int status, std::initializer_list<Header> headers, std::optional<std::int64_t> length = std::nullopt) {
        begin(status, std::span(headers.begin(), headers.size()), length);
    }
    void begin(int status, std::span<const Header> headers, std::optional<std::int64_t> length = std::nullopt) {
        std::vector<talome_pair> pairs;
        for (const auto& [name, value] : headers) pairs.push_back({str(name), str(value)});
        areas_.check(
            table().begin(raw_, status, pairs.data(), static_cast<std::uint32_t>(pairs.size()), length.value_or(-1)));
    }
    /// Throws Cancelled when the client has left.
    void write(std::string_view data) { areas_.check(table().write(raw_, bytes(data))); }
    /// A whole answer.
    void send(int status, std::string_view type, std::string_view body) {
        begin(status, {{"Content-Type", type}}, static_cast<std::int64_t>(body.size()));
        if (!body.empty()) write(body);
    }
    /// Answers with a regular file, 200, 206, 304, 412 or 416: ranges, conditions and HEAD are the host's, and the
    /// bytes go without a thread. The descriptor may be closed at once.
    void sendFile(int fd, const FileAnswer& as = {}) {
        talome_file c{};
        c.struct_size = sizeof c;
        c.flags = as.attachment ? std::uint32_t{TALOME_FILE_ATTACHMENT} : 0u;
        c.fd = fd;
        c.name = str(as.name);
        c.content_type = str(as.contentType);
        c.cache_control = str(as.cacheControl);
        areas_.check(table().file(raw_, &c));
    }
    /// The answer begins, and goes on when the handler has returned. "text/event-stream" has heartbeats.
    Stream openStream(std::string_view contentType, StreamOptions options = {}) {
        return Stream(areas_, streams_, raw_, contentType, std::move(options));
    }

private:
    const talome_http& table() const { return *areas_.get<talome_http>(); }

    const detail::Areas& areas_;
    detail::Slots<detail::StreamSlot>& streams_;
    talome_exchange* raw_;
};

} // namespace talome
