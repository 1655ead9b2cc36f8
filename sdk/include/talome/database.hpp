// The plugin's own SQLite file. One statement a call, values by `?`; a transaction is a function.
#pragma once

#include "areas.hpp"

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace talome {

struct Blob {
    std::string_view data;
};

/// A row that is being read: valid only in the callback.
class RowView {
public:
    RowView(const talome_value* columns, std::uint32_t n) : columns_(columns), n_(n) {}
    std::uint32_t size() const { return n_; }
    const talome_value* begin() const { return columns_; }
    const talome_value* end() const { return columns_ + n_; }
    bool isNull(std::uint32_t i) const { return at(i).type == TALOME_NULL; }
    /// A column as bool, a number, text or an optional of these. Throws std::logic_error for another type.
    template <class T> T get(std::uint32_t i) const;

private:
    const talome_value& at(std::uint32_t i) const {
        if (i >= n_) throw std::logic_error("the statement has no column " + std::to_string(i));
        return columns_[i];
    }
    const talome_value* columns_;
    std::uint32_t n_;
};

/// A row of one's own.
class Row {
public:
    explicit Row(const RowView& from);
    std::size_t size() const { return columns_.size(); }
    bool isNull(std::uint32_t i) const { return view().isNull(i); }
    template <class T> T get(std::uint32_t i) const { return view().get<T>(i); }

private:
    RowView view() const { return {columns_.data(), static_cast<std::uint32_t>(columns_.size())}; }
    std::vector<talome_value> columns_;
    std::unique_ptr<char[]> text_; ///< what the text columns point to
};

namespace detail {

talome_value toValue(std::nullptr_t);
talome_value toValue(std::string_view);
talome_value toValue(Blob);
talome_value toValue(double);
template <std::integral T> talome_value toValue(T number) {
    return {TALOME_INTEGER, 0, {.integer = static_cast<std::int64_t>(number)}};
}
template <class T> talome_value toValue(const std::optional<T>& v) { return v ? toValue(*v) : toValue(nullptr); }

} // namespace detail

/// What can be done in and out of a transaction. [worker, strand, lifecycle] from start() to stop().
class Statements {
public:
    /// The number of rows that the statement changed.
    template <class... A> std::int64_t execute(std::string_view sql, const A&... values) const {
        const talome_value list[] = {detail::toValue(values)..., {}};
        return run(sql, list, sizeof...(A), nullptr, nullptr);
    }
    /// `row(const RowView&)` for each row; where it returns a bool, false ends the reading early.
    template <class F, class... A> void each(std::string_view sql, F&& row, const A&... values) const {
        const talome_value list[] = {detail::toValue(values)..., {}};
        using Body = std::remove_reference_t<F>;
        run(sql, list, sizeof...(A), const_cast<void*>(static_cast<const void*>(&row)),
            [](void* body, const RowView& view) {
                if constexpr (std::is_void_v<decltype((*static_cast<Body*>(body))(view))>)
                    (*static_cast<Body*>(body))(view);
                else
                    return static_cast<bool>((*static_cast<Body*>(body))(view));
                return true;
            });
    }
    template <class... A> std::vector<Row> query(std::string_view sql, const A&... values) const {
        std::vector<Row> rows;
        each(
            sql, [&](const RowView& row) { rows.emplace_back(row); }, values...);
        return rows;
    }
    /// The first column of the first row, if there is one.
    template <class T, class... A> std::optional<T> one(std::string_view sql, const A&... values) const {
        std::optional<T> found;
        auto first = [&](const RowView& row) {
            found = row.get<T>(0);
            return false;
        };
        each(sql, first, values...);
        return found;
    }

protected:
    using OnRow = bool (*)(void* body, const RowView&);
    Statements(const detail::Areas& areas, talome_transaction* in) : areas_(&areas), in_(in) {}
    std::int64_t run(std::string_view sql, const talome_value* values, std::size_t n, void* body, OnRow) const;
    const detail::Areas* areas_;
    talome_transaction* in_;
};

class Transaction : public Statements {
public:
    Transaction(const detail::Areas& areas, talome_transaction* raw) : Statements(areas, raw) {}
};

class Database : public Statements {
public:
    explicit Database(const detail::Areas& areas) : Statements(areas, nullptr) {}

    /// Commits when `body(Transaction&)` returns, rolls back when it throws. What it returned is returned after the
    /// commit, and then survives kill -9. One at a time for a plugin; not nested.
    template <class F> auto transaction(F&& body) const {
        using R = std::invoke_result_t<F&, Transaction&>;
        if constexpr (std::is_void_v<R>) {
            auto run = [&](Transaction& t) { body(t); };
            within([](void* f, Transaction& t) { (*static_cast<decltype(run)*>(f))(t); }, &run);
        } else {
            std::optional<R> result;
            auto keep = [&](Transaction& t) { result.emplace(body(t)); };
            within([](void* f, Transaction& t) { (*static_cast<decltype(keep)*>(f))(t); }, &keep);
            return std::move(*result);
        }
    }

private:
    void within(void (*body)(void*, Transaction&), void* user) const;
};

} // namespace talome

#include "database.ipp"
