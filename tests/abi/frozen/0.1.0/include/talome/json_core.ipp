// Definitions of json_core.hpp: inline, for the layer has no library of its own.
#pragma once

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace talome::detail {

inline std::string Path::text() const {
    if (!up) return {};
    std::string head = up->text();
    if (inList) return head + "[" + std::to_string(index) + "]";
    return head.empty() ? std::string(key) : head + "." + std::string(key);
}

/// Length of the UTF-8 sequence that begins here (RFC 3629: no surrogates, nothing overlong); 0 if there is none.
inline std::size_t utf8Length(std::string_view text) {
    auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    auto tail = [&](std::size_t i) { return (at(i) & 0xc0) == 0x80; };
    const unsigned first = at(0), second = at(1);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const unsigned low = first == 0xe0 ? 0xa0 : 0x80, high = first == 0xed ? 0x9f : 0xbf;
        return second >= low && second <= high && tail(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const unsigned low = first == 0xf0 ? 0x90 : 0x80, high = first == 0xf4 ? 0x8f : 0xbf;
        return second >= low && second <= high && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

inline void escape(std::string& out, unsigned char c) {
    switch (c) {
    case '"':
        out += "\\\"";
        return;
    case '\\':
        out += "\\\\";
        return;
    case '\n':
        out += "\\n";
        return;
    case '\r':
        out += "\\r";
        return;
    case '\t':
        out += "\\t";
        return;
    }
    constexpr std::string_view hex = "0123456789abcdef";
    out += "\\u00";
    out += hex[c >> 4];
    out += hex[c & 15];
}

inline void quote(std::string& out, std::string_view text) {
    static constexpr auto plain = [] {
        std::array<bool, 256> table{};
        for (unsigned c = 0x20; c < 0x80; ++c) table[c] = c != '"' && c != '\\';
        return table;
    }();
    out += '"';
    std::size_t from = 0, i = 0;
    while (i < text.size()) {
        const auto c = static_cast<unsigned char>(text[i]);
        const std::size_t length = plain[c] ? 1 : c < 0x80 ? 0 : utf8Length(text.substr(i));
        if (length > 0) {
            i += length;
            continue;
        }
        out.append(text, from, i - from);
        if (c < 0x80)
            escape(out, c);
        else
            out += "\xef\xbf\xbd";
        from = ++i;
    }
    out.append(text, from);
    out += '"';
}

template <class N> void writeNumber(std::string& out, N number) {
    char text[40];
    out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

/// As boost::json::serialize, but for numbers as people write them (1.5 and not 1.5E0) and text that is not UTF-8.
inline void writeValue(std::string& out, const boost::json::value& value) {
    switch (value.kind()) {
    case boost::json::kind::null:
        out += "null";
        return;
    case boost::json::kind::bool_:
        out += value.get_bool() ? "true" : "false";
        return;
    case boost::json::kind::int64:
        writeNumber(out, value.get_int64());
        return;
    case boost::json::kind::uint64:
        writeNumber(out, value.get_uint64());
        return;
    case boost::json::kind::double_:
        if (std::isfinite(value.get_double()))
            writeNumber(out, value.get_double());
        else
            out += "null";
        return;
    case boost::json::kind::string:
        quote(out, value.get_string());
        return;
    case boost::json::kind::array: {
        const char* before = "[";
        for (const auto& one : value.get_array()) {
            out += std::exchange(before, ",");
            writeValue(out, one);
        }
        out += value.get_array().empty() ? "[]" : "]";
        return;
    }
    case boost::json::kind::object: {
        const char* before = "{";
        for (const auto& pair : value.get_object()) {
            out += std::exchange(before, ",");
            quote(out, pair.key());
            out += ':';
            writeValue(out, pair.value());
        }
        out += value.get_object().empty() ? "{}" : "}";
        return;
    }
    }
}

inline void writeStruct(std::string& out, const void* object, const Struct& described) {
    char before = '{';
    for (const Member& member : described.members) {
        const void* value = member.in(object);
        if (member.type->absent && member.type->absent(value)) continue;
        out += before;
        out += '"';
        out += member.name;
        out += "\":";
        member.type->write(out, value);
        before = ',';
    }
    if (before == '{') out += '{';
    out += '}';
}

inline void readStruct(const boost::json::value& value, void* object, const Struct& described, const Path& at) {
    const auto* from = value.if_object();
    if (!from) at.fail("expected an object");
    for (const Member& member : described.members) {
        const Path here{&at, member.name};
        if (const auto* found = from->if_contains(member.name))
            member.type->read(*found, const_cast<void*>(member.in(object)), here);
        else if (!member.type->absent)
            here.fail("is required");
    }
}

inline void writeEnum(std::string& out, long long value, std::span<const Enumerator> known) {
    const auto found = std::ranges::find(known, value, &Enumerator::value);
    if (found == known.end()) throw std::logic_error("an enum has the undescribed value " + std::to_string(value));
    quote(out, found->name);
}

inline long long readEnum(const boost::json::value& value, std::span<const Enumerator> known, const Path& at) {
    const auto* text = value.if_string();
    if (!text) at.fail("expected text");
    const auto found = std::ranges::find(known, std::string_view(*text), &Enumerator::name);
    if (found != known.end()) return found->value;
    std::string names;
    for (const Enumerator& one : known) names += (names.empty() ? "" : ", ") + std::string(one.name);
    at.fail("expected one of " + names);
}

inline boost::json::value parse(std::string_view text, boost::json::storage_ptr memory) {
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(text, error, std::move(memory));
    if (error) throw Invalid("is not JSON: " + error.message());
    return value;
}

inline bool SchemaText::isRecursive(const Struct& described) const {
    return std::ranges::find(recursive_, &described) != recursive_.end();
}

inline std::string SchemaText::nameOf(const Struct& described) const {
    std::string name(described.name);
    for (const Struct* other : recursive_) { // two structs of one name, in different namespaces
        if (other == &described) break;
        if (other->name == described.name) name += '_';
    }
    return name;
}

inline void SchemaText::object(const Struct& described) {
    const bool inside = std::ranges::find(open_, &described) != open_.end();
    if (searching_ && inside) {
        if (!isRecursive(described)) recursive_.push_back(&described);
    } else if (!open_.empty() && isRecursive(described)) {
        out += R"({"$ref":"#/$defs/)" + nameOf(described) + R"("})";
    } else {
        open_.push_back(&described);
        body(described);
        open_.pop_back();
    }
}

inline void SchemaText::body(const Struct& described) {
    std::string required;
    out += R"({"type":"object","properties":{)";
    for (const Member& member : described.members) {
        if (&member != described.members.data()) out += ',';
        quote(out, member.name);
        out += ':';
        member.type->schema(*this);
        if (member.type->absent) continue;
        if (!required.empty()) required += ',';
        quote(required, member.name);
    }
    out += '}';
    if (!required.empty()) out += R"(,"required":[)" + required + ']';
    if (closed_) out += R"(,"additionalProperties":false)";
    out += '}';
}

inline void SchemaText::enumeration(std::span<const Enumerator> known) {
    out += R"({"type":"string","enum":[)";
    for (const Enumerator& one : known) {
        if (&one != known.data()) out += ',';
        quote(out, one.name);
    }
    out += "]}";
}

inline std::string schemaOf(const Type& type, bool closed) {
    SchemaText text(closed);
    type.schema(text);
    text.searching_ = false;
    text.out.clear();
    type.schema(text);
    if (text.recursive_.empty()) return std::move(text.out);
    text.out.back() = ',';
    text.out += R"("$defs":{)";
    for (const Struct* described : text.recursive_) {
        if (described != text.recursive_.front()) text.out += ',';
        quote(text.out, text.nameOf(*described));
        text.out += ':';
        text.open_.assign(1, described);
        text.body(*described);
    }
    return std::move(text.out) + "}}";
}

} // namespace talome::detail
