// The words of a command line, read by the same text that the help shows: "NAME [--role ROLE]" takes one word and may
// have an option with a value, "[KEY]" takes one word or none.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace talome::ctl {

/// The command line cannot be understood; the words say why.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Arguments {
public:
    /// `--` ends the options. Throws UsageError.
    Arguments(std::string_view expected, const std::vector<std::string>& words);

    std::size_t count() const { return words_.size(); }
    const std::string& at(std::size_t index) const { return words_.at(index); }
    /// "--role": what was given after it, or nothing.
    std::optional<std::string> option(std::string_view name) const;

private:
    std::vector<std::string> words_;
    std::map<std::string, std::string, std::less<>> options_;
};

} // namespace talome::ctl
