// Builds a router and asks it, beside a second one that only follows the rules that router.hpp states.
//
// The input is lines: "METHOD PATTERN" for each route, and last "METHOD PATH" for the question.
#include "host/http/query.hpp"
#include "host/http/router.hpp"
#include "tests/fuzz/input.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace talome::http;
using talome::fuzz::require;
using Outcome = Router<std::string>::Outcome;
using Params = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kMaxRoutes = 24;
constexpr std::size_t kMaxSegments = 64; // of a path; longer ones are not found

struct Route {
    std::string method, pattern;
};

struct Answer {
    Outcome outcome = Outcome::notFound;
    std::string route; // "METHOD PATTERN" of the one that was found
    Params params;
    std::vector<std::string> allow;
    bool operator==(const Answer&) const = default;
};

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    path.remove_prefix(1);
    if (path.empty()) return segments;
    for (;;) {
        const auto slash = path.find('/');
        segments.emplace_back(path.substr(0, slash));
        if (slash == path.npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

bool isParameter(const std::string& segment) { return segment.front() == '{'; }

// Of two patterns that match, the one with a literal at the first place where they differ in kind wins.
std::string shapeOf(const Route& route) {
    std::string shape;
    for (const auto& segment : split(route.pattern)) shape += isParameter(segment) ? '1' : '0';
    return shape;
}

bool matches(const Route& route, const std::vector<std::string>& path, Params& params) {
    const auto segments = split(route.pattern);
    if (segments.size() != path.size()) return false;
    params.clear();
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (!isParameter(segments[i])) {
            if (segments[i] != path[i]) return false;
        } else {
            if (path[i].empty()) return false;
            params.emplace_back(segments[i].substr(1, segments[i].size() - 2), path[i]);
        }
    }
    return true;
}

Answer expected(const std::vector<Route>& routes, const std::string& method, std::string_view rawPath) {
    if (rawPath.substr(0, 1) != "/") return {};
    auto path = split(rawPath);
    if (path.size() > kMaxSegments) return {};
    for (auto& segment : path) {
        auto decoded = percentDecode(segment);
        if (!decoded) return {Outcome::bad, {}, {}, {}};
        segment = std::move(*decoded);
    }
    // By shape, and at one place the method itself before GET for HEAD.
    std::map<std::pair<std::string, bool>, Answer> found;
    std::set<std::string> allow;
    Params params;
    for (const auto& route : routes) {
        if (!matches(route, path, params)) continue;
        allow.insert(route.method);
        if (route.method == "GET") allow.insert("HEAD");
        if (route.method == method || (method == "HEAD" && route.method == "GET"))
            found[{shapeOf(route), route.method != method}] = {
                Outcome::found, route.method + ' ' + route.pattern, params, {}};
    }
    if (!found.empty()) return found.begin()->second;
    if (allow.empty()) return {};
    return {Outcome::methodNotAllowed, {}, {}, {allow.begin(), allow.end()}};
}

Answer ask(const Router<std::string>& router, const std::string& method, std::string_view path) {
    auto match = router.match(method, path);
    require((match.value != nullptr) == (match.outcome == Outcome::found));
    return {match.outcome, match.value ? *match.value : std::string(), std::move(match.params), std::move(match.allow)};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = talome::fuzz::textOf(data, size);
    Router<std::string> router, reversed;
    std::vector<Route> routes;
    std::string method;
    std::string_view path;
    while (!input.empty()) {
        const auto line = talome::fuzz::takeLine(input);
        const auto blank = std::min(line.find(' '), line.size());
        method = line.substr(0, blank);
        path = line.substr(std::min(line.size(), blank + 1));
        if (input.empty() || routes.size() == kMaxRoutes) break;
        try {
            router.add(method, path, method + ' ' + std::string(path));
            routes.push_back({method, std::string(path)});
        } catch (const std::invalid_argument&) { // refused: as if it had not been given
        }
    }
    for (auto route = routes.rbegin(); route != routes.rend(); ++route)
        reversed.add(route->method, route->pattern, route->method + ' ' + route->pattern);

    const auto answer = ask(router, method, path);
    require(answer == ask(router, method, path));
    require(answer == ask(reversed, method, path));
    require(answer == expected(routes, method, path));
    for (const auto& [name, value] : answer.params) require(percentDecode(percentEncode(value)) == value);

    const auto suggestion = router.suggest(path);
    require(suggestion.empty() ||
            std::any_of(routes.begin(), routes.end(), [&](const Route& route) { return route.pattern == suggestion; }));
    return 0;
}
