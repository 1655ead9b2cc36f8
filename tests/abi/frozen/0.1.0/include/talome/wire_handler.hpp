// The handlers of routes that answer on the wire, and their shapes.
#pragma once

#include "exchange.hpp"
#include "handler.hpp"
#include "upload.hpp"
#include "websocket.hpp"

namespace talome::detail {

using RunRaw = void (*)(const Handler&, Call&, const boost::json::value& input, Exchange&);
using RunPlace = UploadTarget (*)(const Handler&, Call&, const boost::json::value& input, const UploadPart&);
using RunUploaded = void (*)(const Handler&, Call&, const boost::json::value& input, Upload&, std::string& answer);
using RunOpen = void (*)(const Handler&, Call&, const boost::json::value& input, WebSocket, std::string_view first);
using RunMessage = void (*)(const Handler&, WebSocket, std::string_view data, bool binary);
using RunRoom = void (*)(const Handler&, WebSocket);
using RunClosed = void (*)(const Handler&, WebSocket, Ended, int code, std::string_view reason);
using RunAudience = void (*)(const Handler&, std::string_view topic, bool present);

template <class F, std::size_t I> using ArgOf = typename Shape<F>::template Arg<I>;

template <class P, class F>
void runRaw(const Handler& handler, Call& call, const boost::json::value& input, Exchange& exchange) {
    static_assert(Shape<F>::arity == 3 && std::is_same_v<ArgOf<F, 2>, Exchange>,
                  "a raw route's handler takes (Call&, const Input&, Exchange&)");
    handler(std::type_identity<P>{}, std::type_identity<F>{}, call, read<ArgOf<F, 1>>(input), exchange);
}

template <class P, class F>
UploadTarget runPlace(const Handler& handler, Call& call, const boost::json::value& input, const UploadPart& part) {
    static_assert(Shape<F>::arity == 3 && std::is_same_v<ArgOf<F, 2>, UploadPart>,
                  "an upload's first handler is UploadTarget (Call&, const Input&, const UploadPart&)");
    return handler(std::type_identity<P>{}, std::type_identity<F>{}, call, read<ArgOf<F, 1>>(input), part);
}

template <class P, class F> void runUploaded(const Handler& handler, Call& call, const boost::json::value& input,
                                             Upload& upload, std::string& answer) {
    static_assert(Shape<F>::arity == 3 && std::is_same_v<ArgOf<F, 2>, Upload>,
                  "an upload's second handler is Output (Call&, const Input&, Upload&)");
    auto go = [&]() -> decltype(auto) {
        return handler(std::type_identity<P>{}, std::type_identity<F>{}, call, read<ArgOf<F, 1>>(input), upload);
    };
    if constexpr (std::is_void_v<Out<F>>) {
        go();
        write(answer, Ok{});
    } else {
        write(answer, go());
    }
}

template <class P, class F> void runOpen(const Handler& handler, Call& call, const boost::json::value& input,
                                         WebSocket socket, std::string_view first) {
    static_assert(Shape<F>::arity >= 3 && Shape<F>::arity <= 4 && std::is_same_v<ArgOf<F, 2>, WebSocket>,
                  "a WebSocket's first handler takes (Call&, const Input&, WebSocket), and may take the first message, "
                  "std::string_view");
    constexpr std::type_identity<P> p;
    constexpr std::type_identity<F> f;
    if constexpr (Shape<F>::arity == 4)
        handler(p, f, call, read<ArgOf<F, 1>>(input), socket, first);
    else
        handler(p, f, call, read<ArgOf<F, 1>>(input), socket);
}

template <class P, class F>
void runMessage(const Handler& handler, WebSocket socket, std::string_view data, bool binary) {
    static_assert(Shape<F>::arity == 3 && std::is_same_v<ArgOf<F, 0>, WebSocket>,
                  "a WebSocket's second handler takes (WebSocket, std::string_view data, bool binary)");
    handler(std::type_identity<P>{}, std::type_identity<F>{}, socket, data, binary);
}

template <class P, class F> void runRoom(const Handler& handler, WebSocket socket) {
    handler(std::type_identity<P>{}, std::type_identity<F>{}, socket);
}

template <class P, class F>
void runClosed(const Handler& handler, WebSocket socket, Ended how, int code, std::string_view reason) {
    static_assert(Shape<F>::arity == 3 || Shape<F>::arity == 4,
                  "a WebSocket's third handler takes (WebSocket, int code, std::string_view reason), or "
                  "(WebSocket, Ended, int code, std::string_view reason)");
    constexpr std::type_identity<P> p;
    constexpr std::type_identity<F> f;
    if constexpr (Shape<F>::arity == 4)
        handler(p, f, socket, how, code, reason);
    else
        handler(p, f, socket, code, reason);
}

template <class P, class F> void runAudience(const Handler& handler, std::string_view topic, bool present) {
    if constexpr (Shape<F>::arity == 1)
        handler(std::type_identity<P>{}, std::type_identity<F>{}, present);
    else
        handler(std::type_identity<P>{}, std::type_identity<F>{}, topic, present);
}

} // namespace talome::detail
