// Which lines of a log are wanted: those in which an expression is found. Expressions come from strangers, so they are
// RE2's: linear in the line, and bounded in memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace talome::docker {

// RE2 makes a few objects once and keeps them for good: unloaded with each generation of the plugin, it would make them
// anew each time. Before its first use; after that, nothing.
void keepRe2();

inline constexpr std::size_t kLongestExpression = 512;

class LogFilter {
public:
    // Without an expression everything is wanted. Throws Invalid, naming `field`, for one that cannot be read.
    LogFilter(const std::optional<std::string>& expression, bool caseSensitive, const char* field);
    ~LogFilter();
    LogFilter(LogFilter&&) noexcept;
    LogFilter& operator=(LogFilter&&) noexcept;

    bool wants(std::string_view text) const;

private:
    std::unique_ptr<const re2::RE2> expression_;
};

} // namespace talome::docker
