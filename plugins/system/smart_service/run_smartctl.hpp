// Runs smartctl and takes what it writes.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace talome::smart {

struct Outcome {
    int exitCode = -1;
    std::string output, problem; ///< problem: why there is no output; empty: there is
};

/// With no environment and no input. What takes longer than `limit`, or writes more than a megabyte, is killed.
Outcome runSmartctl(const std::vector<std::string>& arguments, std::chrono::milliseconds limit);

} // namespace talome::smart
