// Inputs made from a schema.
#include "sdk/check/samples.hpp"

#include "host/gate/schema.hpp"

#include <algorithm>
#include <optional>

namespace json = boost::json;

namespace talome::check {

namespace {

constexpr int kDeepest = 8;
constexpr std::size_t kLongest = 4096; // characters; what may be longer is not made longer

enum class Extent { least, most };

std::string repeated(std::string_view unit, std::size_t n) {
    std::string text;
    while (text.size() < n) text += unit;
    text.resize(n);
    return text;
}

class Maker {
public:
    explicit Maker(const json::value& root) : root_(root) {}

    std::optional<json::value> make(const json::value& schema, Extent extent, int depth = 0) const {
        const auto* rules = schema.if_object();
        if (!rules || depth > kDeepest) return std::nullopt;
        if (const auto* ref = rules->if_contains("$ref")) return make(referred(*ref), extent, depth + 1);
        if (const auto* given = rules->if_contains("enum"))
            return extent == Extent::least ? given->as_array().front() : given->as_array().back();
        if (const auto* given = rules->if_contains("examples");
            given && given->is_array() && !given->get_array().empty())
            return extent == Extent::least ? given->get_array().front() : given->get_array().back();
        if (const auto* given = rules->if_contains("default"); given && extent == Extent::least) return *given;
        const auto type = typeOf(*rules, extent);
        if (type == "object") return object(*rules, extent, depth);
        if (type == "array") return array(*rules, extent, depth);
        if (type == "string") return text(schema, *rules, extent);
        if (type == "integer" || type == "number") return number(*rules, extent);
        if (type == "boolean") return extent == Extent::most;
        return json::value(nullptr);
    }

private:
    json::value referred(const json::value& ref) const {
        const std::string name(ref.as_string());
        return root_.at("$defs").at(name.substr(name.rfind('/') + 1));
    }
    /// Of several the first, which is not null, or for the least, null if it may be.
    static std::string typeOf(const json::object& rules, Extent extent) {
        const auto* type = rules.if_contains("type");
        if (!type) return rules.contains("properties") ? "object" : "string";
        if (type->is_string()) return std::string(type->get_string());
        const auto& list = type->as_array();
        const bool nullable = std::find(list.begin(), list.end(), json::value("null")) != list.end();
        if (nullable && extent == Extent::least) return "null";
        for (const auto& each : list)
            if (each.as_string() != "null") return std::string(each.as_string());
        return "null";
    }
    std::optional<json::value> object(const json::object& rules, Extent extent, int depth) const {
        json::object made;
        const auto* properties = rules.if_contains("properties");
        const auto* required = rules.if_contains("required");
        if (properties)
            for (const auto& [name, schema] : properties->as_object()) {
                const bool needed = required && std::any_of(required->as_array().begin(), required->as_array().end(),
                                                            [&](const auto& each) { return each.as_string() == name; });
                if (!needed && extent == Extent::least) continue;
                auto value = make(schema, extent, depth + 1);
                if (value)
                    made[name] = std::move(*value);
                else if (needed)
                    return std::nullopt;
            }
        return made;
    }
    std::optional<json::value> array(const json::object& rules, Extent extent, int depth) const {
        const auto* least = rules.if_contains("minItems");
        auto n = least ? least->to_number<std::size_t>() : 0;
        if (extent == Extent::most) n = std::max<std::size_t>(n, 1);
        json::array made;
        const auto* items = rules.if_contains("items");
        for (std::size_t i = 0; i < n; ++i) {
            auto item = items ? make(*items, extent, depth + 1) : json::value("item");
            if (!item)
                return n == (least ? least->to_number<std::size_t>() : 0) ? std::nullopt
                                                                          : std::optional<json::value>(json::array());
            made.push_back(std::move(*item));
        }
        return made;
    }
    static std::optional<json::value> text(const json::value& schema, const json::object& rules, Extent extent) {
        const auto bound = [&](const char* word, std::size_t otherwise) {
            const auto* found = rules.if_contains(word);
            return found ? std::min(found->to_number<std::size_t>(), kLongest) : otherwise;
        };
        const auto least = bound("minLength", 0),
                   most = std::max(least, bound("maxLength", std::max<std::size_t>(least, 64)));
        const auto n = extent == Extent::least ? least : most;
        json::object alone(rules); // without $defs it is a schema of its own
        const gate::Schema check(json::object{{"type", "object"}, {"properties", {{"v", schema}}}});
        // What names, numbers, times, digests, addresses and paths look like.
        for (const std::string unit : {"a", "ab1", "1", "A", "0", "-", "/"})
            for (const auto length :
                 {n, std::max<std::size_t>(least, 1), std::min<std::size_t>(most, 12), std::size_t{64}}) {
                json::value tried = json::object{{"v", repeated(unit, length)}};
                if (check.check(tried).empty()) return tried.at("v");
            }
        for (const char* whole :
             {"a.b", "a/b", "/a", "a:b", "a@b.c", "http://127.0.0.1/", "127.0.0.1", "2026-01-01T00:00:00Z", "1.0.0",
              "a=b", "* * * * *", "00000000-0000-4000-8000-000000000000"}) {
            json::value tried = json::object{{"v", whole}};
            if (check.check(tried).empty()) return tried.at("v");
        }
        return std::nullopt;
    }
    static std::optional<json::value> number(const json::object& rules, Extent extent) {
        const auto* least = rules.if_contains("minimum");
        const auto* most = rules.if_contains("maximum");
        if (extent == Extent::least)
            return least ? *least : most && most->to_number<double>() < 0 ? *most : json::value(0);
        return most ? *most : least ? *least : json::value(1'000'000);
    }

    const json::value& root_;
};

} // namespace

std::vector<json::value> samplesOf(const json::value& schema) {
    const gate::Schema check(schema);
    std::vector<json::value> all;
    for (const auto extent : {Extent::least, Extent::most}) {
        auto made = Maker(schema).make(schema, extent);
        if (!made) continue;
        auto tried = *made;
        if (check.check(tried).empty() && std::find(all.begin(), all.end(), *made) == all.end()) all.push_back(*made);
    }
    return all;
}

const std::vector<std::string>& garbage() {
    static const std::vector<std::string> all = {
        "",
        "{",
        "null",
        "[]",
        "{}",
        "17",
        "\"text\"",
        R"({"":0})",
        "{\"a\":\"\xff\xfe\"}",
        R"({"id":null,"name":[],"limit":1e308})",
        R"({"id":123456789012345678901234567890})",
        std::string(64 * 1024, 'x'),
        std::string(20'000, '['),
    };
    return all;
}

} // namespace talome::check
