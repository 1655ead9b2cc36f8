// Maps a method and a path to a value. Built once, then only read, so any number of threads may match.
#pragma once

#include "host/http/path_tree.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talome::http {

/// Patterns are literal segments and parameters: "/api/containers/{id}/logs". A path is split at each '/' as sent,
/// and then decoded, so "..%2Fimages" is one value "../images". A literal segment wins over a parameter; where it
/// leads nowhere, the parameter is tried. HEAD matches what GET matches. A trailing slash is another path.
template <class T> class Router {
public:
    enum class Outcome { found, notFound, methodNotAllowed, bad };

    struct Match {
        Outcome outcome = Outcome::notFound;
        const T* value = nullptr;                                ///< if found; owned by the router
        std::vector<std::pair<std::string, std::string>> params; ///< if found: name and decoded value
        std::vector<std::string> allow;                          ///< if methodNotAllowed, sorted
    };

    /// Throws std::invalid_argument if the pattern is malformed, or the method and place are taken.
    void add(std::string_view method, std::string_view pattern, T value) {
        tree_.add(method, pattern, values_.size());
        values_.push_back(std::move(value));
    }

    Match match(std::string_view method, std::string_view rawPath) const {
        auto hit = tree_.match(method, rawPath);
        Match match{Outcome::notFound, nullptr, std::move(hit.params), std::move(hit.allow)};
        if (hit.bad)
            match.outcome = Outcome::bad;
        else if (hit.found)
            match.outcome = Outcome::found, match.value = &values_[hit.index];
        else if (!match.allow.empty())
            match.outcome = Outcome::methodNotAllowed;
        return match;
    }

    /// A known pattern that looks like the path, or "": for "maybe you meant".
    std::string suggest(std::string_view rawPath) const { return tree_.suggest(rawPath); }

private:
    PathTree tree_;
    std::vector<T> values_;
};

} // namespace talome::http
