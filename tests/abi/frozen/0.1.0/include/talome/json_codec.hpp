// How each type is written, read and described in a schema. A type of one's own gets a Codec specialisation, or is
// described with BOOST_DESCRIBE_STRUCT or BOOST_DESCRIBE_ENUM.
#pragma once

#include "json_core.hpp"

#include <boost/describe.hpp>

#include <concepts>
#include <map>
#include <optional>

namespace talome {

/// JSON that is text already: written through as it is.
struct Json {
    std::string text;
};

template <class T> struct Codec;
template <class T> struct Patch;

namespace detail {

template <class T> constexpr bool (*kAbsent)(const void*) = nullptr;
template <class T> constexpr bool (*kAbsent<std::optional<T>>)(const void*) = [](const void* v) {
    return !static_cast<const std::optional<T>*>(v)->has_value();
};
template <class T> constexpr bool (*kAbsent<Patch<T>>)(const void*) = [](const void* v) {
    return !static_cast<const Patch<T>*>(v)->given;
};

template <class T> inline constexpr Type kType{&Codec<T>::write, &Codec<T>::read, &Codec<T>::schema, kAbsent<T>};

constexpr std::string_view withoutUnderscore(std::string_view name) {
    return name.ends_with('_') ? name.substr(0, name.size() - 1) : name;
}

/// The last word of the type's name, for $defs.
template <class T> constexpr std::string_view typeName() {
    std::string_view text = __PRETTY_FUNCTION__; // gcc: "… [with T = a::Node; …]", clang: "… [T = a::Node]"
    text.remove_prefix(text.find("T = ") + 4);
    text = text.substr(0, text.find_first_of(";]<"));
    return text.substr(text.rfind(':') + 1);
}

template <class T, class D> constexpr Member memberOf() {
    using M = std::remove_cvref_t<decltype(std::declval<T&>().*D::pointer)>;
    return {withoutUnderscore(D::name), &kType<M>,
            [](const void* object) -> const void* { return &(static_cast<const T*>(object)->*D::pointer); }};
}

template <class T, class List> struct Tables;
template <class T, template <class...> class List, class... D> struct Tables<T, List<D...>> {
    static constexpr Member members[sizeof...(D) + 1] = {memberOf<T, D>()..., {}};
    static constexpr Struct described{typeName<T>(), {members, sizeof...(D)}};
};
template <class T> using Public =
    boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T, class List> struct EnumTable;
template <class T, template <class...> class List, class... D> struct EnumTable<T, List<D...>> {
    static constexpr Enumerator values[] = {{withoutUnderscore(D::name), static_cast<long long>(D::value)}...};
};

} // namespace detail

/// Described structs.
template <class T> struct Codec {
    static_assert(boost::describe::has_describe_members<T>::value, "describe this type with BOOST_DESCRIBE_STRUCT");
    static constexpr const detail::Struct& kStruct = detail::Tables<T, detail::Public<T>>::described;
    static void write(std::string& out, const void* v) { detail::writeStruct(out, v, kStruct); }
    static void read(const boost::json::value& from, void* v, const detail::Path& at) {
        detail::readStruct(from, v, kStruct, at);
    }
    static void schema(detail::SchemaText& text) { text.object(kStruct); }
};

template <class T>
requires std::is_enum_v<T>
struct Codec<T> {
    static_assert(boost::describe::has_describe_enumerators<T>::value, "describe this type with BOOST_DESCRIBE_ENUM");
    using Table = detail::EnumTable<T, boost::describe::describe_enumerators<T>>;
    static void write(std::string& out, const void* v) {
        detail::writeEnum(out, static_cast<long long>(*static_cast<const T*>(v)), Table::values);
    }
    static void read(const boost::json::value& from, void* v, const detail::Path& at) {
        *static_cast<T*>(v) = static_cast<T>(detail::readEnum(from, Table::values, at));
    }
    static void schema(detail::SchemaText& text) { text.enumeration(Table::values); }
};

template <> struct Codec<bool> {
    static void write(std::string& out, const void* v) { out += *static_cast<const bool*>(v) ? "true" : "false"; }
    static void read(const boost::json::value& from, void* v, const detail::Path& at) {
        if (!from.is_bool()) at.fail("expected true or false");
        *static_cast<bool*>(v) = from.get_bool();
    }
    static void schema(detail::SchemaText& text) { text.out += R"({"type":"boolean"})"; }
};

template <std::integral T> struct Codec<T> {
    static void write(std::string& out, const void* v) { detail::writeNumber(out, *static_cast<const T*>(v)); }
    static void read(const boost::json::value& from, void* v, const detail::Path& at) {
        boost::system::error_code error;
        *static_cast<T*>(v) = from.to_number<T>(error);
        if (error) at.fail(from.is_int64() || from.is_uint64() ? "is out of range" : "expected an integer");
    }
    static void schema(detail::SchemaText& text) {
        text.out += std::is_unsigned_v<T> ? R"({"type":"integer","minimum":0})" : R"({"type":"integer"})";
    }
};

template <std::floating_point T> struct Codec<T> {
    static void write(std::string& out, const void* v) {
        const T number = *static_cast<const T*>(v);
        if (std::isfinite(number))
            detail::writeNumber(out, number);
        else
            out += "null";
    }
    static void read(const boost::json::value& from, void* v, const detail::Path& at) {
        if (!from.is_number()) at.fail("expected a number");
        *static_cast<T*>(v) = from.to_number<T>();
    }
    static void schema(detail::SchemaText& text) { text.out += R"({"type":"number"})"; }
};

} // namespace talome

#include "json_containers.hpp"
