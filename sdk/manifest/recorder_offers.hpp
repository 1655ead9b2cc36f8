// For recorder.cpp: the parts of an operation that models see. Each throws talome::Invalid that names the field.
#pragma once

#include "manifest.hpp"

#include <talome/operations.h>

namespace talome::manifest {

/// `of`: as far as it is read, with its summary and its input.
Tool toolOf(const talome_tool*, const Operation& of, const std::string& where);
/// True; what passes calls on is of tier read.
bool passesOnOf(const Operation&);
/// Resources, prompts, and tiers that depend on the input.
void recordOffers(const talome_operation&, Operation&);

} // namespace talome::manifest
