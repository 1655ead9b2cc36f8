// Definitions of database.hpp. An exception of a row or transaction callback waits on this side until the host's
// function has returned.
#pragma once

#include "edge.hpp"

#include <algorithm>

namespace talome {

namespace detail {

inline talome_value toValue(std::nullptr_t) { return {TALOME_NULL, 0, {.integer = 0}}; }
inline talome_value toValue(std::string_view text) { return {TALOME_TEXT, 0, {.text = str(text)}}; }
inline talome_value toValue(Blob blob) { return {TALOME_BLOB, 0, {.text = str(blob.data)}}; }
inline talome_value toValue(double number) { return {TALOME_REAL, 0, {.real = number}}; }

template <class T> inline constexpr bool kOptional = false;
template <class T> inline constexpr bool kOptional<std::optional<T>> = true;

[[noreturn]] inline void wrongColumn(std::uint32_t i, const char* wanted) {
    throw std::logic_error("column " + std::to_string(i) + " is not " + wanted);
}

} // namespace detail

template <class T> T RowView::get(std::uint32_t i) const {
    const talome_value& value = at(i);
    if constexpr (detail::kOptional<T>) {
        if (value.type == TALOME_NULL) return std::nullopt;
        return get<typename T::value_type>(i);
    } else if constexpr (std::is_same_v<T, bool>) {
        if (value.type != TALOME_INTEGER) detail::wrongColumn(i, "an integer");
        return value.as.integer != 0;
    } else if constexpr (std::integral<T>) {
        if (value.type != TALOME_INTEGER) detail::wrongColumn(i, "an integer");
        if (!std::in_range<T>(value.as.integer)) detail::wrongColumn(i, "within the range asked for");
        return static_cast<T>(value.as.integer);
    } else if constexpr (std::floating_point<T>) {
        if (value.type == TALOME_INTEGER) return static_cast<T>(value.as.integer);
        if (value.type != TALOME_REAL) detail::wrongColumn(i, "a number");
        return static_cast<T>(value.as.real);
    } else {
        if (value.type != TALOME_TEXT && value.type != TALOME_BLOB) detail::wrongColumn(i, "text");
        return T(view(value.as.text));
    }
}

inline Row::Row(const RowView& from) : columns_(from.begin(), from.end()) {
    auto isText = [](const talome_value& v) { return v.type == TALOME_TEXT || v.type == TALOME_BLOB; };
    std::size_t size = 0;
    for (const talome_value& value : columns_) size += isText(value) ? value.as.text.n : 0;
    text_ = std::make_unique<char[]>(size);
    char* to = text_.get();
    for (talome_value& value : columns_) {
        if (!isText(value)) continue;
        const std::string_view text = talome::view(value.as.text);
        value.as.text.p = to;
        to = std::copy(text.begin(), text.end(), to);
    }
}

inline std::int64_t Statements::run(std::string_view sql, const talome_value* values, std::size_t n, void* body,
                                    OnRow onRow) const {
    struct Reading {
        void* body;
        OnRow onRow;
        std::exception_ptr failure;
    } reading{body, onRow, nullptr};
    auto row = [](void* to, const talome_value* columns, std::uint32_t count) noexcept -> std::int32_t {
        auto& self = *static_cast<Reading*>(to);
        try {
            return self.onRow(self.body, RowView(columns, count)) ? 0 : 1;
        } catch (...) {
            self.failure = std::current_exception();
            return 1;
        }
    };
    std::int64_t changed = 0;
    const talome_status status =
        areas_->get<talome_database>()->execute(areas_->self(), in_, str(sql), values, static_cast<std::uint32_t>(n),
                                                onRow ? +row : nullptr, &reading, &changed);
    if (reading.failure) std::rethrow_exception(reading.failure);
    areas_->check(status);
    return changed;
}

inline void Database::within(void (*body)(void*, Transaction&), void* user) const {
    struct Running {
        const detail::Areas* areas;
        void (*body)(void*, Transaction&);
        void* user;
        std::exception_ptr failure;
    } running{areas_, body, user, nullptr};
    auto run = [](void* to, talome_transaction* raw) noexcept -> talome_status {
        auto& self = *static_cast<Running*>(to);
        try {
            Transaction transaction(*self.areas, raw);
            self.body(self.user, transaction);
            return TALOME_OK;
        } catch (...) {
            self.failure = std::current_exception();
            return detail::failCurrent(*self.areas);
        }
    };
    const talome_status status = areas_->get<talome_database>()->transaction(areas_->self(), +run, &running);
    if (running.failure) std::rethrow_exception(running.failure);
    areas_->check(status);
}

} // namespace talome
