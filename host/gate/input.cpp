// Reads JSON strictly, and writes it in one canonical way.
#include "host/gate/input.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <set>
#include <vector>

namespace json = boost::json;

namespace talome::gate {

namespace {

/// Builds the value as json::parse does, and refuses a name that an object has twice, which json::parse would
/// silently resolve: whoever checks the first and whoever reads the second must not differ.
struct Builder {
    static constexpr std::size_t max_object_size = 10'000, max_array_size = 100'000, max_key_size = 1'000,
                                 max_string_size = 16 << 20;

    json::value_stack stack;
    std::vector<std::set<std::string>> names;
    std::string key, twice;

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) { return names.emplace_back(), true; }
    bool on_object_end(std::size_t n, json::error_code&) { return names.pop_back(), stack.push_object(n), true; }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t n, json::error_code&) { return stack.push_array(n), true; }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        return key.append(part), stack.push_chars(part), true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code& error) {
        key.append(part);
        if (!names.back().insert(key).second) {
            twice = key;
            error = json::error::syntax;
            return false;
        }
        key.clear();
        stack.push_key(part);
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return stack.push_chars(part), true; }
    bool on_string(json::string_view part, std::size_t, json::error_code&) { return stack.push_string(part), true; }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t number, json::string_view, json::error_code&) { return stack.push_int64(number), true; }
    bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
        return stack.push_uint64(number), true;
    }
    bool on_double(double number, json::string_view, json::error_code&) { return stack.push_double(number), true; }
    bool on_bool(bool flag, json::error_code&) { return stack.push_bool(flag), true; }
    bool on_null(json::error_code&) { return stack.push_null(), true; }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }
};

void writeCanonical(std::string& out, const json::value& value) {
    if (const auto* list = value.if_array()) {
        out += '[';
        for (std::size_t i = 0; i < list->size(); ++i) {
            if (i) out += ',';
            writeCanonical(out, (*list)[i]);
        }
        out += ']';
    } else if (const auto* object = value.if_object()) {
        std::vector<const json::key_value_pair*> members;
        members.reserve(object->size());
        for (const auto& member : *object) members.push_back(&member);
        std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key() < b->key(); });
        out += '{';
        for (const auto* member : members) {
            if (member != members.front()) out += ',';
            out += json::serialize(json::value(member->key()));
            out += ':';
            writeCanonical(out, member->value());
        }
        out += '}';
    } else
        out += json::serialize(value);
}

} // namespace

json::value parseJson(std::string_view text) {
    json::basic_parser<Builder> parser{json::parse_options{}};
    auto& builder = parser.handler();
    builder.stack.reset();
    json::error_code error;
    const auto used = parser.write_some(false, text.data(), text.size(), error);
    if (!builder.twice.empty()) throw Failure({{builder.twice, "is given twice"}});
    if (!error && used < text.size()) error = json::error::extra_data;
    if (error)
        throw Failure(TALOME_E_INVALID,
                      "the body is not valid JSON: " + error.message() + " at byte " + std::to_string(used));
    return builder.stack.release();
}

std::string canonical(const json::value& value) {
    std::string out;
    writeCanonical(out, value);
    return out;
}

} // namespace talome::gate
