// What stands in a column that may be NULL, or that somebody else has written: never an exception.
#pragma once

#include "host/storage/database.hpp"

#include <optional>

namespace talome::storage {

/// Of the type that is asked for; nothing if it is NULL or another.
template <class T> std::optional<T> valueOf(const Value& column) {
    const auto* found = std::get_if<T>(&column);
    return found ? std::optional<T>(*found) : std::nullopt;
}
inline std::string textOf(const Value& column) { return valueOf<std::string>(column).value_or(std::string()); }
inline std::int64_t integerOf(const Value& column) { return valueOf<std::int64_t>(column).value_or(0); }

template <class T> Value orNull(const std::optional<T>& value) { return value ? Value(*value) : Value(nullptr); }

} // namespace talome::storage
