// What people read: JSON answers as lines and tables.
#pragma once

#include <boost/json.hpp>
#include <initializer_list>
#include <iosfwd>
#include <string>

namespace talome::ctl {

/// A text as it is, anything else as JSON; null: nothing. What could move a terminal's cursor is replaced by '?'.
std::string asText(const boost::json::value&);

/// "key: value" lines, what is inside of a value two columns further in.
void printLines(std::ostream&, const boost::json::value&, std::size_t indent = 0);

struct Column {
    const char* key;
    const char* title;
};
/// The columns are as wide as what is in them; the last one is not filled.
void printTable(std::ostream&, const boost::json::array& rows, std::initializer_list<Column> columns);

} // namespace talome::ctl
