// How long the fault tests run: a short form in every test run, the long one by TALOME_FAULT_ROUNDS.
#pragma once

#include <cstdlib>
#include <string>

namespace talome::fault {

inline int rounds(int shortForm) {
    const char* text = std::getenv("TALOME_FAULT_ROUNDS");
    return text && *text ? std::stoi(text) : shortForm;
}

} // namespace talome::fault
