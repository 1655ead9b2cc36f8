// The tree of path segments under a Router: what does not depend on the value's type.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talome::http {

class PathTree {
public:
    struct Hit {
        bool found = false;
        bool bad = false; ///< the path cannot be decoded
        std::size_t index = 0;
        std::vector<std::pair<std::string, std::string>> params;
        std::vector<std::string> allow; ///< methods of the place, if it exists under other methods only
    };

    PathTree();
    ~PathTree();
    PathTree(PathTree&&) noexcept;
    PathTree& operator=(PathTree&&) noexcept;

    void add(std::string_view method, std::string_view pattern, std::size_t index);
    Hit match(std::string_view method, std::string_view rawPath) const;
    std::string suggest(std::string_view rawPath) const;

private:
    struct Endpoint {
        std::size_t index;
        std::vector<std::string> names; ///< of the parameters, in order
    };
    struct Node {
        std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
        std::unique_ptr<Node> parameter;
        std::map<std::string, Endpoint, std::less<>> methods;
    };
    struct Search;

    std::unique_ptr<Node> root_;
    std::vector<std::string> patterns_;
};

} // namespace talome::http
