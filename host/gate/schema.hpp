// JSON Schema, the subset that sdk/ABI.md lists: compiled once from a declaration, then checks inputs, fills in
// defaults, and names the path and the reason of everything that is wrong.
#pragma once

#include "host/gate/failure.hpp"

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace talome::gate {

/// Immutable; any thread.
class Schema {
public:
    /// Throws std::invalid_argument if the schema itself is wrong or uses what the subset lacks.
    explicit Schema(const boost::json::value& schema);
    ~Schema();
    Schema(Schema&&) noexcept;
    Schema& operator=(Schema&&) noexcept;

    /// Everything wrong with `value`, at most 16 details; empty if it is valid. Defaults of missing members are put in.
    std::vector<Detail> check(boost::json::value& value) const;

    /// Text of a path or query parameter as the type that the top-level member wants. Text that is no such value stays
    /// text, and check() says so. A member that is a list takes one more element.
    void put(boost::json::object& into, std::string_view member, std::string_view text) const;
    bool isList(std::string_view member) const;
    bool has(std::string_view member) const; ///< whether it is described

    /// For a log: what the schema says is secret (`writeOnly`), and what it says nothing of, replaced by "***".
    boost::json::value redacted(boost::json::value) const;

private:
    struct Node;
    struct Compiler;
    std::vector<std::shared_ptr<Node>> nodes_; ///< all; they point at each other
    const Node* root_;
};

} // namespace talome::gate
