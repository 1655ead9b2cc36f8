// Structs as bytes: numbers of eight bytes, little end first; texts and lists with their length before them. Each
// struct says its fields in `template <class F> void fields(F& f)`. What is missing at the end keeps its default, and
// what is beyond the known fields is passed over, so that either side may be the newer one.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace talome::terminal {

struct ProtocolError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class FieldWriter {
public:
    std::string out;

    void operator()(std::uint64_t value) {
        for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i) & 255);
    }
    void operator()(std::int64_t value) { (*this)(static_cast<std::uint64_t>(value)); }
    void operator()(bool value) { (*this)(std::uint64_t{value}); }
    void operator()(const std::string& value) {
        (*this)(std::uint64_t{value.size()});
        out += value;
    }
    void operator()(const std::map<std::string, std::string>& values) {
        (*this)(std::uint64_t{values.size()});
        for (const auto& [name, value] : values) {
            (*this)(name);
            (*this)(value);
        }
    }
    template <class T> void operator()(const std::vector<T>& values) {
        (*this)(std::uint64_t{values.size()});
        for (const auto& value : values) (*this)(value);
    }
    template <class T>
    requires requires(T& t, FieldWriter& f) { t.fields(f); }
    void operator()(const T& value) {
        FieldWriter inner;
        const_cast<T&>(value).fields(inner); // it only names them
        (*this)(inner.out);
    }
};

class FieldReader {
public:
    explicit FieldReader(std::string_view bytes) : in_(bytes) {}

    void operator()(std::uint64_t& value) {
        if (in_.empty()) return;
        if (in_.size() < 8) throw ProtocolError("a number is cut");
        value = 0;
        for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(in_[static_cast<std::size_t>(i)]);
        in_.remove_prefix(8);
    }
    void operator()(std::int64_t& value) {
        auto raw = static_cast<std::uint64_t>(value);
        (*this)(raw);
        value = static_cast<std::int64_t>(raw);
    }
    void operator()(bool& value) {
        std::uint64_t raw = value;
        (*this)(raw);
        value = raw != 0;
    }
    void operator()(std::string& value) {
        if (in_.empty()) return;
        value = text();
    }
    void operator()(std::map<std::string, std::string>& values) {
        for (auto left = count(); left > 0; --left) {
            std::string name(text());
            values[std::move(name)] = text();
        }
    }
    template <class T> void operator()(std::vector<T>& values) {
        for (auto left = count(); left > 0; --left) (*this)(values.emplace_back());
    }
    template <class T>
    requires requires(T& t, FieldReader& f) { t.fields(f); }
    void operator()(T& value) {
        if (in_.empty()) return;
        FieldReader inner(text());
        value.fields(inner);
    }

private:
    std::string_view text() {
        std::uint64_t size = 0;
        if (in_.empty()) throw ProtocolError("a text is missing");
        (*this)(size);
        if (size > in_.size()) throw ProtocolError("a text is cut");
        const auto value = in_.substr(0, size);
        in_.remove_prefix(size);
        return value;
    }
    std::uint64_t count() {
        std::uint64_t n = 0;
        (*this)(n);
        if (n > in_.size()) throw ProtocolError("a list is cut");
        return n;
    }
    std::string_view in_;
};

template <class T> std::string encode(const T& value) {
    FieldWriter to;
    const_cast<T&>(value).fields(to);
    return std::move(to.out);
}
/// Throws ProtocolError.
template <class T> T decode(std::string_view bytes) {
    T value;
    FieldReader from(bytes);
    value.fields(from);
    return value;
}

} // namespace talome::terminal
