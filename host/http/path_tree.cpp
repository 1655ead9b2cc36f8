#include "host/http/path_tree.hpp"

#include "host/http/query.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace talome::http {

namespace {

constexpr std::size_t kMaxSegments = 64;
constexpr std::size_t kMaxSuggestBytes = 200;
constexpr std::size_t kMaxDistance = 2; // letters that may differ in a segment that is "nearly" another

// "/a/b" → a, b; "/" → none. A path that does not begin with '/' is not one of ours.
bool split(std::string_view path, std::vector<std::string_view>& segments) {
    if (path.empty() || path.front() != '/') return false;
    path.remove_prefix(1);
    while (!path.empty() || !segments.empty()) {
        if (segments.size() == kMaxSegments) return false;
        auto slash = path.find('/');
        segments.push_back(path.substr(0, slash));
        if (slash == path.npos) return true;
        path.remove_prefix(slash + 1);
    }
    return true;
}

bool isParameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// Edit distance, as far as kMaxDistance matters.
std::size_t distance(std::string_view a, std::string_view b) {
    if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > kMaxDistance) return kMaxDistance + 1;
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            auto change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
        }
    }
    return row.back();
}

} // namespace

PathTree::PathTree() : root_(std::make_unique<Node>()) {}
PathTree::~PathTree() = default;
PathTree::PathTree(PathTree&&) noexcept = default;
PathTree& PathTree::operator=(PathTree&&) noexcept = default;

void PathTree::add(std::string_view method, std::string_view pattern, std::size_t index) {
    std::vector<std::string_view> segments;
    if (method.empty() || !split(pattern, segments))
        throw std::invalid_argument("route pattern is malformed: " + std::string(pattern));
    Endpoint endpoint{index, {}};
    auto* node = root_.get();
    for (auto segment : segments) {
        if (isParameter(segment)) {
            std::string name(segment.substr(1, segment.size() - 2));
            if (std::find(endpoint.names.begin(), endpoint.names.end(), name) != endpoint.names.end())
                throw std::invalid_argument("route pattern names a parameter twice: " + std::string(pattern));
            endpoint.names.push_back(std::move(name));
            if (!node->parameter) node->parameter = std::make_unique<Node>();
            node = node->parameter.get();
            continue;
        }
        if (segment.empty() || segment.find_first_of("{}?#% ") != segment.npos)
            throw std::invalid_argument("route pattern is malformed: " + std::string(pattern));
        auto& next = node->literals[std::string(segment)];
        if (!next) next = std::make_unique<Node>();
        node = next.get();
    }
    if (!node->methods.emplace(method, std::move(endpoint)).second)
        throw std::invalid_argument("route is taken: " + std::string(method) + " " + std::string(pattern));
    if (std::find(patterns_.begin(), patterns_.end(), pattern) == patterns_.end()) patterns_.emplace_back(pattern);
}

// Depth first, literals before parameters. A node is reached by one path only, so a search visits each at most once.
struct PathTree::Search {
    std::string_view method;
    const std::vector<std::string>& segments;
    const Endpoint* endpoint = nullptr;
    std::vector<std::size_t> taken; // which segments went to parameters
    std::set<std::string> allow;

    bool visit(const Node& node, std::size_t at) {
        if (at == segments.size()) return settle(node);
        auto literal = node.literals.find(segments[at]);
        if (literal != node.literals.end() && visit(*literal->second, at + 1)) return true;
        if (!node.parameter || segments[at].empty()) return false;
        taken.push_back(at);
        if (visit(*node.parameter, at + 1)) return true;
        taken.pop_back();
        return false;
    }

    bool settle(const Node& node) {
        auto found = node.methods.find(method);
        if (found == node.methods.end() && method == "HEAD") found = node.methods.find("GET");
        if (found != node.methods.end()) {
            endpoint = &found->second;
            return true;
        }
        for (auto& [name, ignored] : node.methods) allow.insert(name);
        if (node.methods.count("GET")) allow.insert("HEAD");
        return false;
    }
};

PathTree::Hit PathTree::match(std::string_view method, std::string_view rawPath) const {
    Hit hit;
    std::vector<std::string_view> raw;
    if (!split(rawPath, raw)) return hit;
    std::vector<std::string> segments;
    segments.reserve(raw.size());
    for (auto text : raw) {
        auto segment = percentDecode(text);
        if (!segment) {
            hit.bad = true;
            return hit;
        }
        segments.push_back(std::move(*segment));
    }
    Search search{method, segments, nullptr, {}, {}};
    if (!search.visit(*root_, 0)) {
        hit.allow.assign(search.allow.begin(), search.allow.end());
        return hit;
    }
    hit.found = true;
    hit.index = search.endpoint->index;
    for (std::size_t i = 0; i < search.taken.size(); ++i)
        hit.params.emplace_back(search.endpoint->names[i], segments[search.taken[i]]);
    return hit;
}

std::string PathTree::suggest(std::string_view rawPath) const {
    std::vector<std::string_view> wanted, known;
    if (rawPath.size() > kMaxSuggestBytes || !split(rawPath, wanted)) return {};
    if (!wanted.empty() && wanted.back().empty()) wanted.pop_back(); // a trailing slash
    const std::string* best = nullptr;
    std::size_t bestCost = kMaxDistance + 1;
    for (auto& pattern : patterns_) {
        known.clear();
        if (!split(pattern, known) || known.size() != wanted.size()) continue;
        std::size_t cost = 0;
        for (std::size_t i = 0; i < known.size() && cost < bestCost; ++i)
            if (!isParameter(known[i])) cost += distance(wanted[i], known[i]);
        if (cost < bestCost) bestCost = cost, best = &pattern;
    }
    return best ? *best : std::string();
}

} // namespace talome::http
