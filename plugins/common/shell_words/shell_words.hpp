// Splits a command line into words as a POSIX shell would (XCU 2.2, quoting), without a shell: nothing is expanded, and
// operators such as ; | & > are characters like any other.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace talome {

// A quote that does not end, or a backslash before nothing.
struct ShellWordsError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::vector<std::string> shellWords(std::string_view line);

} // namespace talome
