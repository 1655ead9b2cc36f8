// Member functions of any supported shape behind one plain record: an object, a member pointer and a function that
// joins them. The templates of this layer end here.
#pragma once

#include "host.hpp"

#include <cstring>

namespace talome::detail {

template <class F> struct Shape;
template <class C, class O, class... A> struct Shape<O (C::*)(A...)> {
    using Out = O;
    template <std::size_t I> using Arg =
        std::remove_cvref_t<std::tuple_element_t<I, std::tuple<A..., void, void, void>>>;
    static constexpr std::size_t arity = sizeof...(A);
};
template <class C, class O, class... A> struct Shape<O (C::*)(A...) const> : Shape<O (C::*)(A...)> {};
template <class C, class O, class... A> struct Shape<O (C::*)(A...) noexcept> : Shape<O (C::*)(A...)> {};
template <class C, class O, class... A> struct Shape<O (C::*)(A...) const noexcept> : Shape<O (C::*)(A...)> {};

/// Where a handler's answer goes.
struct Answer {
    std::string text;
    bool raw; ///< text as it is, instead of a JSON string
};

struct Handler {
    void* object = nullptr;
    alignas(void*) unsigned char member[2 * sizeof(void*)] = {};

    Handler() = default;
    template <class P, class F> Handler(P* p, F f) : object(const_cast<std::remove_const_t<P>*>(p)) {
        static_assert(std::is_member_function_pointer_v<F> && sizeof f <= sizeof member, "expected &Class::function");
        std::memcpy(member, &f, sizeof f);
    }
    template <class P, class F, class... A>
    decltype(auto) operator()(std::type_identity<P>, std::type_identity<F>, A&&... args) const {
        F f;
        std::memcpy(&f, member, sizeof f);
        return (static_cast<P*>(object)->*f)(std::forward<A>(args)...);
    }
};

using RunOperation = void (*)(const Handler&, Call&, const boost::json::value& input, Answer&);
using RunTask = void (*)(const Handler&, Call&);
using RunEvent = void (*)(const Handler&, std::string_view topic, std::string_view json);
using RunChanging = void (*)(const Handler&, std::string_view key, const boost::json::value&);

struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())
struct Ok {
    bool ok = true;
};
BOOST_DESCRIBE_STRUCT(Ok, (), (ok))

/// The input of a handler: its last argument, if that is not the call.
template <class F> constexpr auto inputOf() {
    using S = Shape<F>;
    static_assert(S::arity <= 2, "a handler takes (Call&, const Input&), (const Input&), (Call&) or ()");
    if constexpr (S::arity == 0)
        return std::type_identity<Nothing>{};
    else if constexpr (std::is_same_v<typename S::template Arg<S::arity - 1>, Call>)
        return std::type_identity<Nothing>{};
    else
        return std::type_identity<typename S::template Arg<S::arity - 1>>{};
}
template <class F> using In = typename decltype(inputOf<F>())::type;
template <class F> constexpr bool kTakesInput = !std::is_same_v<In<F>, Nothing>;
template <class F> using Out = std::remove_cvref_t<typename Shape<F>::Out>;

template <class P, class F>
void runOperation(const Handler& handler, Call& call, const boost::json::value& input, Answer& answer) {
    constexpr std::type_identity<P> p;
    constexpr std::type_identity<F> f;
    auto go = [&]() -> decltype(auto) {
        if constexpr (Shape<F>::arity == 2)
            return handler(p, f, call, read<In<F>>(input));
        else if constexpr (kTakesInput<F>)
            return handler(p, f, read<In<F>>(input));
        else if constexpr (Shape<F>::arity == 1)
            return handler(p, f, call);
        else
            return handler(p, f);
    };
    if constexpr (std::is_void_v<Out<F>>) {
        go();
        write(answer.text, Ok{});
    } else if constexpr (std::is_same_v<Out<F>, std::string>) {
        if (answer.raw)
            answer.text = go();
        else
            write(answer.text, go());
    } else {
        write(answer.text, go());
    }
}

template <class P, class F> void runTask(const Handler& handler, Call& call) {
    if constexpr (Shape<F>::arity == 0)
        handler(std::type_identity<P>{}, std::type_identity<F>{});
    else
        handler(std::type_identity<P>{}, std::type_identity<F>{}, call);
}

template <class P, class F>
void runChanging(const Handler& handler, std::string_view key, const boost::json::value& value) {
    handler(std::type_identity<P>{}, std::type_identity<F>{}, key, value);
}

template <class P, class F> void runEvent(const Handler& handler, std::string_view topic, std::string_view json) {
    using Event = typename Shape<F>::template Arg<1>;
    if constexpr (std::is_same_v<Event, std::string_view>)
        handler(std::type_identity<P>{}, std::type_identity<F>{}, topic, json);
    else
        handler(std::type_identity<P>{}, std::type_identity<F>{}, topic, readText<Event>(json));
}

template <class F> std::string outputSchema() {
    if constexpr (std::is_void_v<Out<F>>)
        return schema<Ok>(false);
    else
        return schema<Out<F>>(false);
}

} // namespace talome::detail

namespace talome {
/// The input of a handler that has none and must name one.
using Nothing = detail::Nothing;
} // namespace talome
