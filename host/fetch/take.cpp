// A fetch for a thread that waits for it.
#include "host/fetch/take.hpp"

#include <array>

namespace talome::fetch {

namespace {

constexpr std::chrono::milliseconds kLook{200}; ///< between two questions whether the call is cancelled
constexpr std::size_t kPulled = 65536;

/// Nothing: go on.
std::optional<End> feed(Pipe& pipe, const Taker& taker) {
    const auto buffer = std::make_unique<std::array<char, kPulled>>();
    const auto got = taker.pull(buffer->data(), buffer->size());
    if (got < 0) return enough(static_cast<std::int32_t>(got));
    if (static_cast<std::size_t>(got) > buffer->size())
        return End{TALOME_E_INTERNAL, "more was pulled than there is room"};
    pipe.feed({buffer->data(), static_cast<std::size_t>(got)});
    return std::nullopt;
}

/// Hands on what has come; how it ends, if it does.
std::optional<End> handOn(Pipe& pipe, Pipe::Piece& piece, const Taker& taker) {
    if (piece.wantsBody)
        if (auto end = feed(pipe, taker)) return end;
    if (piece.head)
        if (const auto result = taker.head(*piece.head)) return enough(result);
    if (!piece.data.empty())
        if (const auto result = taker.body(piece.data)) return enough(result);
    return std::move(piece.end);
}

} // namespace

End enough(std::int32_t result) {
    if (result > 0) return {};
    return {result, "the request was given up"};
}

End fetchAndWait(Client& client, Order order, const Taker& taker) {
    const auto pipe = std::make_shared<Pipe>();
    const auto transfer = client.start(std::move(order), pipe);
    for (;;) {
        auto piece = pipe->wait(kLook);
        const bool ended = piece.end.has_value();
        auto end = handOn(*pipe, piece, taker);
        if (!end && taker.cancelled && taker.cancelled()) end = End{TALOME_E_CANCELLED, "the caller has left"};
        if (end) {
            if (!ended) client.end(transfer, {TALOME_E_CANCELLED, {}});
            return *end;
        }
        if (piece.wantsBody || piece.wasFull) client.resume(transfer);
    }
}

} // namespace talome::fetch
