// Described structs to and from JSON: text is written straight from the struct, read with the path in each error, and
// the JSON Schema is made from the same description.
//
//     struct Port { std::string host; int port; std::optional<std::string> protocol; };
//     BOOST_DESCRIBE_STRUCT(Port, (), (host, port, protocol))
//
// Members may be bool, integers, floating point, std::string, described enums and structs, std::optional (absent or
// null), std::vector, std::map by std::string, boost::json::value and talome::Json. A name may end with an underscore
// that JSON does not have, so that it can be a word of C++ (`default_`). Members that are not known are ignored when
// read: what others answer may grow. Missing ones are an error unless they are optional.
#pragma once

#include "json_codec.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace talome {

/// Appends the JSON text of a value.
template <class T> void write(std::string& out, const T& value) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>)
        detail::quote(out, value);
    else
        Codec<T>::write(out, &value);
}

template <class T> std::string toJson(const T& value) {
    std::string out;
    write(out, value);
    return out;
}

/// Throws Invalid with the path of what does not fit; `where` is the path of the value itself.
template <class T> T read(const boost::json::value& value, std::string_view where = {}) {
    T result{};
    detail::Path root;
    Codec<T>::read(value, &result, where.empty() ? root : detail::Path{&root, where});
    return result;
}

/// Reads text with a parser's limits: 32 levels, no comments, no trailing comma. Throws Invalid.
template <class T> T readText(std::string_view text) {
    unsigned char first[2048];
    boost::json::monotonic_resource memory(first, sizeof first);
    return read<T>(detail::parse(text, &memory));
}

/// JSON Schema of a type. Closed: objects have no other properties than the described ones (right for input; what is
/// answered may grow).
template <class T> std::string schema(bool closed = true) { return detail::schemaOf(detail::kType<T>, closed); }

} // namespace talome
