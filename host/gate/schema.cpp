// Checks a value by walking it and the schema's nodes together, fills in defaults, and hides what is secret.
#include "host/gate/schema.hpp"

#include "host/gate/schema_node.hpp"

#include <Poco/Exception.h>
#include <algorithm>
#include <charconv>
#include <cmath>

namespace json = boost::json;

namespace talome::gate {

namespace {

constexpr const char* kExpected[] = {"null",   "true or false", "an integer", "a number",
                                     "a text", "a list",        "an object"};
constexpr std::size_t kMostDetails = 16;
constexpr std::string_view kHidden = "***";

unsigned typeOf(const json::value& value) {
    switch (value.kind()) {
    case json::kind::null:
        return kNull;
    case json::kind::bool_:
        return kBoolean;
    case json::kind::int64:
    case json::kind::uint64:
        return kInteger | kNumber;
    case json::kind::double_:
        return kNumber |
               (value.get_double() == std::floor(value.get_double()) && std::abs(value.get_double()) < 9e15 ? kInteger
                                                                                                            : 0u);
    case json::kind::string:
        return kString;
    case json::kind::array:
        return kArray;
    case json::kind::object:
        return kObject;
    }
    return 0;
}

std::string expected(unsigned types) {
    std::string text;
    for (int i = 0; i < 7; ++i)
        if (types & (1u << i)) text += (text.empty() ? "expected " : " or ") + std::string(kExpected[i]);
    return text;
}

std::size_t codePoints(std::string_view text) {
    std::size_t n = 0;
    for (const char c : text) n += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    return n;
}

} // namespace

namespace {

/// Where the walk is; on the stack, and free until something is wrong.
struct Place {
    const Place* up = nullptr;
    std::string_view key;
    std::size_t index = 0;
    std::string text() const {
        if (!up) return {};
        const auto head = up->text();
        if (!key.data()) return head + "[" + std::to_string(index) + "]";
        return head.empty() ? std::string(key) : head + "." + std::string(key);
    }
};

template <class Node> struct Walk {
    std::vector<Detail> wrong;

    void add(const Place& at, std::string message) {
        if (wrong.size() < kMostDetails) wrong.push_back({at.text(), std::move(message)});
    }

    void check(const Node& named, json::value& value, const Place& at) {
        const Node& node = named.target();
        const auto type = typeOf(value);
        if (!(type & node.types)) return add(at, expected(node.types));
        if (value.is_double() && (node.types & kInteger) && !(node.types & kNumber))
            value = static_cast<std::int64_t>(value.get_double());
        if (!node.oneOf.empty() && std::find(node.oneOf.begin(), node.oneOf.end(), value) == node.oneOf.end())
            return add(at, choices(node));
        if (type & kNumber)
            number(node, value, at);
        else if (type & kString)
            text(node, value.get_string(), at);
        else if (type & kArray)
            list(node, value.get_array(), at);
        else if (type & kObject)
            object(node, value.get_object(), at);
    }

    static std::string choices(const Node& node) {
        std::string text = "expected one of";
        for (const auto& each : node.oneOf)
            text += (&each == &node.oneOf.front() ? " " : ", ") +
                    (each.is_string() ? std::string(each.get_string()) : json::serialize(each));
        return text;
    }

    static std::string plain(double number) {
        char digits[40];
        return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
    }

    void number(const Node& node, const json::value& value, const Place& at) {
        const auto n = value.to_number<double>();
        if ((node.least && n < *node.least) || (node.most && n > *node.most))
            add(at, !node.most    ? "must be at least " + plain(*node.least)
                    : !node.least ? "must be at most " + plain(*node.most)
                                  : "must be from " + plain(*node.least) + " to " + plain(*node.most));
    }

    void text(const Node& node, std::string_view value, const Place& at) {
        if (node.shortest || node.longest) {
            const auto n = codePoints(value);
            if (node.shortest && n < *node.shortest)
                return add(at, *node.shortest == 1
                                   ? "must not be empty"
                                   : "must have at least " + std::to_string(*node.shortest) + " characters");
            if (node.longest && n > *node.longest)
                return add(at, "must have at most " + std::to_string(*node.longest) + " characters");
        }
        if (!node.pattern) return;
        try {
            Poco::RegularExpression::Match match;
            if (node.pattern->match(std::string(value), 0, match) > 0) return;
        } catch (const Poco::Exception&) {
            return add(at, "is too complicated to check against its pattern");
        }
        add(at, "does not have the form " + node.patternText);
    }

    void list(const Node& node, json::array& value, const Place& at) {
        if (node.fewest && value.size() < *node.fewest)
            add(at, "must have at least " + std::to_string(*node.fewest) + " elements");
        if (node.mostItems && value.size() > *node.mostItems)
            return add(at, "must have at most " + std::to_string(*node.mostItems) + " elements");
        if (!node.items) return;
        for (std::size_t i = 0; i < value.size() && wrong.size() < kMostDetails; ++i)
            check(*node.items, value[i], Place{&at, {}, i});
    }

    void object(const Node& node, json::object& value, const Place& at) {
        for (auto& member : value) {
            const std::string_view key = member.key();
            if (const auto it = node.members.find(key); it != node.members.end())
                check(*it->second, member.value(), Place{&at, key});
            else if (node.others)
                check(*node.others, member.value(), Place{&at, key});
            else if (node.closed)
                add(Place{&at, key}, "is not a known field");
            if (wrong.size() >= kMostDetails) return;
        }
        for (const auto& [name, member] : node.members) {
            if (value.contains(name)) continue;
            if (node.required.contains(name))
                add(Place{&at, name}, "is required");
            else if (const auto& fallback = member->target().fallback)
                value.emplace(name, *fallback);
        }
    }
};

template <class Node> void hide(const Node* named, json::value& value);

/// A name that is not known may be a secret in the wrong place.
template <class Node> void hideMembers(const Node& node, json::object& object) {
    json::object kept;
    for (auto& member : object) {
        const auto it = node.members.find(std::string_view(member.key()));
        const Node* known = it == node.members.end() ? node.others : it->second;
        hide(known, member.value());
        kept[known ? std::string_view(member.key()) : kHidden] = std::move(member.value());
    }
    object = std::move(kept);
}

/// What is said to be secret, and what nothing is said of.
template <class Node> void hide(const Node* named, json::value& value) {
    const Node* node = named ? &named->target() : nullptr;
    if (!node || named->secret || node->secret || (node->types == kAny && node->oneOf.empty())) {
        value = kHidden;
        return;
    }
    if (auto* object = value.if_object()) {
        const bool described = !node->members.empty() || node->others;
        if (!described && !object->empty())
            value = kHidden;
        else
            hideMembers(*node, *object);
    } else if (auto* list = value.if_array()) {
        for (auto& each : *list) hide(node->items, each);
    }
}

} // namespace

std::vector<Detail> Schema::check(json::value& value) const {
    Walk<Node> walk;
    walk.check(*root_, value, Place{});
    return std::move(walk.wrong);
}

json::value Schema::redacted(json::value value) const {
    hide(root_, value);
    return value;
}

bool Schema::has(std::string_view member) const { return root_->members.contains(member); }

bool Schema::isList(std::string_view member) const {
    const auto it = root_->members.find(member);
    return it != root_->members.end() && it->second->target().types == kArray;
}

void Schema::put(json::object& into, std::string_view member, std::string_view text) const {
    const auto it = root_->members.find(member);
    const Node* node = it == root_->members.end() ? nullptr : &it->second->target();
    const bool list = node && node->types == kArray;
    if (list) node = node->items ? &node->items->target() : nullptr;
    json::value value(text);
    const auto types = node ? node->types : kAny;
    const auto* end = text.data() + text.size();
    std::int64_t integer = 0;
    double number = 0;
    if (types & kString) {
    } else if ((types & kBoolean) && (text == "true" || text == "1"))
        value = true;
    else if ((types & kBoolean) && (text == "false" || text == "0"))
        value = false;
    else if (const auto [p, e] = std::from_chars(text.data(), end, integer);
             (types & (kInteger | kNumber)) && e == std::errc{} && p == end)
        value = integer;
    else if (const auto [q, f] = std::from_chars(text.data(), end, number);
             (types & kNumber) && f == std::errc{} && q == end && std::isfinite(number))
        value = number;
    if (!list) {
        into.emplace(member, std::move(value));
        return;
    }
    auto& array = into.emplace(member, json::array{}).first->value();
    if (array.is_array()) array.get_array().push_back(std::move(value));
}

} // namespace talome::gate
