// What a shell offers after a tab: talomectl.bash asks `talomectl --complete WORD…`, and the table of commands answers.
#pragma once

#include "host/ctl/commands.hpp"

#include <functional>
#include <string>
#include <vector>

namespace talome::ctl {

/// `words`: what stands behind the program's name; the last one, which may be empty, is being typed. `plugins` is asked
/// for their ids only where one is expected. Sorted; empty where only the user knows, or a file is meant.
std::vector<std::string> completions(std::span<const Command> commands, std::vector<std::string> words,
                                     const std::function<std::vector<std::string>()>& plugins);

} // namespace talome::ctl
