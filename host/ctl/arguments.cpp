#include "host/ctl/arguments.hpp"

#include <algorithm>
#include <sstream>

namespace talome::ctl {

namespace {

struct Expected {
    std::size_t least = 0, most = 0;
    std::vector<std::string> options;
};

Expected read(std::string_view text) {
    Expected expected;
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;) {
        const bool optional = word.starts_with('[');
        std::erase_if(word, [](char c) { return c == '[' || c == ']'; });
        if (word.starts_with("--")) {
            expected.options.push_back(word);
            words >> word; // what its value is called
            continue;
        }
        ++expected.most;
        if (!optional) ++expected.least;
    }
    return expected;
}

} // namespace

Arguments::Arguments(std::string_view text, const std::vector<std::string>& words) {
    const auto expected = read(text);
    bool options = true;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        if (options && word == "--") {
            options = false;
        } else if (options && word.starts_with("--")) {
            const auto equals = word.find('=');
            const auto name = word.substr(0, equals);
            if (std::find(expected.options.begin(), expected.options.end(), name) == expected.options.end())
                throw UsageError(name + " is not an option of this command");
            if (equals == std::string::npos && i + 1 == words.size()) throw UsageError(name + " needs a value");
            const auto value = equals == std::string::npos ? words[++i] : word.substr(equals + 1);
            if (!options_.emplace(name, value).second) throw UsageError(name + " is given twice");
        } else {
            words_.push_back(word);
        }
    }
    if (words_.size() < expected.least) throw UsageError("something is missing");
    if (words_.size() > expected.most) throw UsageError("'" + words_[expected.most] + "' is too much");
}

std::optional<std::string> Arguments::option(std::string_view name) const {
    const auto it = options_.find(name);
    return it == options_.end() ? std::nullopt : std::optional(it->second);
}

} // namespace talome::ctl
