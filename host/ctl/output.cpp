#include "host/ctl/output.hpp"

#include <algorithm>
#include <ostream>
#include <vector>

namespace json = boost::json;

namespace talome::ctl {

namespace {

bool isControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Bytes of UTF-8 that begin a character: near enough to columns.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool isLine(const json::value& value) {
    if (const auto* object = value.if_object()) return object->empty();
    if (const auto* array = value.if_array())
        return std::all_of(array->begin(), array->end(),
                           [](const auto& each) { return !each.is_object() && !each.is_array(); });
    return true;
}

} // namespace

std::string asText(const json::value& value) {
    if (value.is_null()) return {};
    std::string text = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
    std::replace_if(text.begin(), text.end(), isControl, '?');
    return text;
}

void printLines(std::ostream& out, const json::value& value, std::size_t indent) {
    const std::string space(indent, ' ');
    if (const auto* object = value.if_object()) {
        for (const auto& [key, each] : *object) {
            out << space << asText(json::string(key)) << ':';
            if (isLine(each)) {
                out << (each.is_null() ? "" : " ") << asText(each) << '\n';
                continue;
            }
            out << '\n';
            printLines(out, each, indent + 2);
        }
    } else if (const auto* array = value.if_array(); array && !isLine(value)) {
        for (const auto& each : *array) {
            out << space << "-\n";
            printLines(out, each, indent + 2);
        }
    } else {
        out << space << asText(value) << '\n';
    }
}

void printTable(std::ostream& out, const json::array& rows, std::initializer_list<Column> columns) {
    std::vector<std::vector<std::string>> lines(1);
    for (const auto& column : columns) lines[0].emplace_back(column.title);
    for (const auto& row : rows) {
        auto& line = lines.emplace_back();
        for (const auto& column : columns) {
            const auto* value = row.as_object().if_contains(column.key);
            line.push_back(value ? asText(*value) : "");
        }
    }
    std::vector<std::size_t> widths(columns.size());
    for (const auto& line : lines)
        for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
    for (const auto& line : lines) {
        std::string text;
        for (std::size_t i = 0; i < line.size(); ++i)
            text += line[i] + (i + 1 < line.size() ? std::string(widths[i] - width(line[i]) + 2, ' ') : "");
        text.erase(text.find_last_not_of(' ') + 1);
        out << text << '\n';
    }
}

} // namespace talome::ctl
