// Described types that the tests share.
#pragma once

#include <talome/json.hpp>

namespace shapes {

enum class Mood { happy, grumpy, default_ };
BOOST_DESCRIBE_ENUM(Mood, happy, grumpy, default_)

struct Port {
    std::string host;
    int port = 0;
    std::optional<std::string> protocol;
};
BOOST_DESCRIBE_STRUCT(Port, (), (host, port, protocol))

struct Everything {
    bool flag = false;
    int number = 0;
    unsigned count = 0;
    std::int64_t big = 0;
    std::uint64_t huge = 0;
    double ratio = 0;
    std::string text;
    Mood mood = Mood::happy;
    std::optional<int> maybe;
    std::vector<Port> ports;
    std::map<std::string, std::vector<int>> lists;
    boost::json::value any;
    talome::Json raw;
    std::string default_;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (flag, number, count, big, huge, ratio, text, mood, maybe, ports, lists, any, raw, default_))

struct Node {
    std::string name;
    std::vector<Node> children;
};
BOOST_DESCRIBE_STRUCT(Node, (), (name, children))

struct Branch;
struct Leaf {
    std::vector<Branch> branches;
};
struct Branch {
    std::optional<Node> node;
    std::map<std::string, Leaf> leaves;
};
BOOST_DESCRIBE_STRUCT(Leaf, (), (branches))
BOOST_DESCRIBE_STRUCT(Branch, (), (node, leaves))

struct Base {
    int inherited = 0;
};
struct Derived : Base {
    int own = 0;
};
BOOST_DESCRIBE_STRUCT(Base, (), (inherited))
BOOST_DESCRIBE_STRUCT(Derived, (Base), (own))

struct Empty {};
BOOST_DESCRIBE_STRUCT(Empty, (), ())

} // namespace shapes
