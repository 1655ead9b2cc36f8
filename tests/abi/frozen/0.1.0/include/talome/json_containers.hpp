// Codecs of text, lists, maps, optionals, and of JSON itself; part of json_codec.hpp.
#pragma once

namespace talome {

template <> struct Codec<std::string> {
    static void write(std::string& out, const void* v) { detail::quote(out, *static_cast<const std::string*>(v)); }
    static void read(const boost::json::value& from, void* v, const detail::Path& at) {
        const auto* text = from.if_string();
        if (!text) at.fail("expected text");
        static_cast<std::string*>(v)->assign(text->data(), text->size());
    }
    static void schema(detail::SchemaText& text) { text.out += R"({"type":"string"})"; }
};

template <> struct Codec<boost::json::value> {
    static void write(std::string& out, const void* v) {
        detail::writeValue(out, *static_cast<const boost::json::value*>(v));
    }
    static void read(const boost::json::value& from, void* v, const detail::Path&) {
        *static_cast<boost::json::value*>(v) = from;
    }
    static void schema(detail::SchemaText& text) { text.out += "{}"; }
};

template <> struct Codec<Json> {
    static void write(std::string& out, const void* v) { out += static_cast<const Json*>(v)->text; }
    static void read(const boost::json::value& from, void* v, const detail::Path&) {
        static_cast<Json*>(v)->text.clear();
        detail::writeValue(static_cast<Json*>(v)->text, from);
    }
    static void schema(detail::SchemaText& text) { text.out += "{}"; }
};

/// A member that is always there, and null when it has no value; an optional one is left out then.
template <class T> struct Nullable { std::optional<T> value; };

template <class T>
requires std::is_arithmetic_v<T> || std::is_same_v<T, std::string>
struct Codec<Nullable<T>> {
    static void write(std::string& out, const void* v) {
        Codec<std::optional<T>>::write(out, &static_cast<const Nullable<T>*>(v)->value);
    }
    static void read(const boost::json::value& from, void* v, const detail::Path& at) {
        Codec<std::optional<T>>::read(from, &static_cast<Nullable<T>*>(v)->value, at);
    }
    static void schema(detail::SchemaText& text) {
        const std::size_t begin = text.out.size();
        Codec<T>::schema(text); // {"type":"string"…
        const std::size_t type = text.out.find(R"("type":)", begin) + 7;
        const std::size_t end = text.out.find('"', type + 1) + 1;
        text.out.insert(end, R"(,"null"])");
        text.out.insert(type, "[");
    }
};

/// Of a change: a member that is left out stays as it is, null clears it.
template <class T> struct Patch {
    bool given = false;
    std::optional<T> value;
};

template <class T>
requires std::is_arithmetic_v<T> || std::is_same_v<T, std::string>
struct Codec<Patch<T>> {
    static void write(std::string& out, const void* v) {
        Codec<std::optional<T>>::write(out, &static_cast<const Patch<T>*>(v)->value);
    }
    static void read(const boost::json::value& from, void* v, const detail::Path& at) {
        auto& patch = *static_cast<Patch<T>*>(v);
        patch.given = true;
        Codec<std::optional<T>>::read(from, &patch.value, at);
    }
    static void schema(detail::SchemaText& text) { Codec<Nullable<T>>::schema(text); }
};

template <class T> struct Codec<std::optional<T>> {
    using Value = std::optional<T>;
    static void write(std::string& out, const void* v) {
        const auto& value = *static_cast<const Value*>(v);
        if (value)
            Codec<T>::write(out, &*value);
        else
            out += "null";
    }
    static void read(const boost::json::value& from, void* v, const detail::Path& at) {
        auto& value = *static_cast<Value*>(v);
        value.reset();
        if (!from.is_null()) Codec<T>::read(from, &value.emplace(), at);
    }
    static void schema(detail::SchemaText& text) { Codec<T>::schema(text); }
};

template <class T> struct Codec<std::vector<T>> {
    static void write(std::string& out, const void* v) {
        char before = '[';
        for (const T& one : *static_cast<const std::vector<T>*>(v)) {
            out += before;
            Codec<T>::write(out, &one);
            before = ',';
        }
        if (before == '[') out += '[';
        out += ']';
    }
    static void read(const boost::json::value& from, void* v, const detail::Path& at) {
        const auto* list = from.if_array();
        if (!list) at.fail("expected a list");
        auto& value = *static_cast<std::vector<T>*>(v);
        value.clear();
        value.reserve(list->size());
        for (const auto& one : *list) {
            T element{};
            Codec<T>::read(one, &element, {&at, {}, value.size(), true});
            value.push_back(std::move(element));
        }
    }
    static void schema(detail::SchemaText& text) {
        text.out += R"({"type":"array","items":)";
        Codec<T>::schema(text);
        text.out += '}';
    }
};

template <class T, class Order> struct Codec<std::map<std::string, T, Order>> {
    using Value = std::map<std::string, T, Order>;
    static void write(std::string& out, const void* v) {
        char before = '{';
        for (const auto& [key, one] : *static_cast<const Value*>(v)) {
            out += before;
            detail::quote(out, key);
            out += ':';
            Codec<T>::write(out, &one);
            before = ',';
        }
        if (before == '{') out += '{';
        out += '}';
    }
    static void read(const boost::json::value& from, void* v, const detail::Path& at) {
        const auto* object = from.if_object();
        if (!object) at.fail("expected an object");
        auto& value = *static_cast<Value*>(v);
        value.clear();
        for (const auto& pair : *object)
            Codec<T>::read(pair.value(), &value[std::string(pair.key())], {&at, pair.key()});
    }
    static void schema(detail::SchemaText& text) {
        text.out += R"({"type":"object","additionalProperties":)";
        Codec<T>::schema(text);
        text.out += '}';
    }
};

} // namespace talome
