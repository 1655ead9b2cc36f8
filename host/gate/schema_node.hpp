// What a schema is compiled into: one node for each place of a value, with the rules for it.
#pragma once

#include "host/gate/schema.hpp"

#include <Poco/RegularExpression.h>
#include <map>
#include <optional>
#include <set>

namespace talome::gate {

/// JSON's types as bits; an integer is a number too.
enum Type : unsigned {
    kNull = 1,
    kBoolean = 2,
    kInteger = 4,
    kNumber = 8,
    kString = 16,
    kArray = 32,
    kObject = 64,
    kAny = 127
};

struct Schema::Node {
    unsigned types = kAny;
    std::map<std::string, const Node*, std::less<>> members;
    std::set<std::string, std::less<>> required;
    bool closed = false;
    const Node *others = nullptr, *items = nullptr, *reference = nullptr;
    std::vector<boost::json::value> oneOf;
    std::optional<double> least, most;
    std::optional<std::size_t> shortest, longest, fewest, mostItems;
    std::shared_ptr<Poco::RegularExpression> pattern;
    std::string patternText;
    std::optional<boost::json::value> fallback;
    bool secret = false; ///< writeOnly

    const Node& target() const { return reference ? reference->target() : *this; }
};

} // namespace talome::gate
