#include "attach/client_words.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace talome::terminal {

namespace {

namespace json = boost::json;

std::string text(const json::object& object, const char* name) {
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}
std::optional<std::uint64_t> number(const json::object& object, const char* name) {
    const auto* value = object.if_contains(name);
    if (!value) return std::nullopt;
    if (const auto* n = value->if_int64(); n && *n >= 0) return static_cast<std::uint64_t>(*n);
    if (const auto* n = value->if_uint64()) return *n;
    return std::nullopt;
}
unsigned held(std::uint64_t n, unsigned least, unsigned most) {
    return n == 0 ? 0 : static_cast<unsigned>(std::clamp<std::uint64_t>(n, least, most));
}
std::optional<json::object> parse(std::string_view from) {
    boost::system::error_code error;
    auto value = json::parse(json::string_view(from.data(), from.size()), error);
    if (error || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
}

} // namespace

std::optional<AuthWords> readAuth(std::string_view from) {
    const auto object = parse(from);
    if (!object || text(*object, "type") != "auth") return std::nullopt;
    AuthWords words;
    words.token = text(*object, "token");
    words.sessionId = text(*object, "sessionId");
    words.sessionName = text(*object, "sessionName").substr(0, 200);
    words.protocol = number(*object, "proto").value_or(1) == 2 ? 2 : 1;
    words.cols = held(number(*object, "cols").value_or(0), 2, 500);
    words.rows = held(number(*object, "rows").value_or(0), 1, 200);
    words.resume = number(*object, "resume");
    return words;
}

ClientWord readClientWord(std::string_view from) {
    const auto object = parse(from);
    if (!object) return {};
    const std::string type = text(*object, "type");
    ClientWord word;
    if (type == "input") {
        word.data = text(*object, "data");
        if (!word.data.empty()) word.kind = WordKind::input;
    } else if (type == "resize") {
        word.cols = held(number(*object, "cols").value_or(0), 2, 500);
        word.rows = held(number(*object, "rows").value_or(0), 1, 200);
        if (word.cols && word.rows) word.kind = WordKind::resize;
    } else if (type == "ping") {
        word.kind = WordKind::ping;
    } else if (type == "ack" || type == "resume") {
        const auto sequence = number(*object, "seq");
        if (sequence) word.kind = type == "ack" ? WordKind::ack : WordKind::resume;
        word.sequence = sequence.value_or(0);
    }
    return word;
}

} // namespace talome::terminal
