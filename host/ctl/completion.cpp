#include "host/ctl/completion.hpp"

#include <algorithm>
#include <set>
#include <sstream>

namespace talome::ctl {

namespace {

std::vector<std::string> split(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

/// What may stand behind the `given` words of a command: its options, and the placeholder of its next word.
std::set<std::string> expectedAfter(const Command& command, const std::vector<std::string>& given) {
    std::set<std::string> options;
    std::vector<std::string> placeholders;
    auto expected = split(command.arguments);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const bool alone = expected[i].ends_with(']');
        std::erase_if(expected[i], [](char c) { return c == '[' || c == ']'; });
        if (!expected[i].starts_with("--")) {
            placeholders.push_back(expected[i]);
        } else if (!given.empty() && given.back() == expected[i] && !alone) {
            return {}; // its value is being typed
        } else {
            options.insert(expected[i]);
            if (!alone) ++i;
        }
    }
    std::size_t typed = 0;
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (options.erase(given[i]) == 0)
            ++typed;
        else if (std::string(command.arguments).find(given[i] + ' ') != std::string::npos)
            ++i; // and its value
    }
    if (typed < placeholders.size()) options.insert(placeholders[typed]);
    return options;
}

} // namespace

std::vector<std::string> completions(std::span<const Command> commands, std::vector<std::string> words,
                                     const std::function<std::vector<std::string>()>& plugins) {
    std::set<std::string> offered;
    const auto typing = words.empty() ? std::string() : words.back();
    if (!words.empty()) words.pop_back();
    std::erase(words, "--json");
    for (auto word = words.begin(); word != words.end();)
        if (*word != "--socket" && *word != "--url")
            ++word;
        else if (word + 1 == words.end())
            return {}; // a place, which only the user knows
        else
            word = words.erase(word, word + 2);

    for (const auto& command : commands) {
        const auto name = split(command.name);
        const auto same = std::mismatch(name.begin(), name.end(), words.begin(), words.end());
        if (same.second == words.end() && same.first != name.end()) offered.insert(*same.first);
        if (same.first != name.end()) continue;
        offered.merge(expectedAfter(command, {same.second, words.end()}));
    }
    if (words.empty()) offered.insert({"--json", "--socket", "--url", "--help", "--version"});
    if (offered.erase("PLUGIN") && !typing.starts_with('-'))
        offered.merge([&] {
            const auto ids = plugins();
            return std::set<std::string>(ids.begin(), ids.end());
        }());
    std::erase_if(offered, [&](const std::string& each) {
        const bool placeholder = each.front() >= 'A' && each.front() <= 'Z';
        const bool option = each.front() == '-' && !typing.starts_with('-'); // offered when they are asked for
        return placeholder || option || !each.starts_with(typing);
    });
    return {offered.begin(), offered.end()};
}

} // namespace talome::ctl
