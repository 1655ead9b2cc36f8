// What a call can do at most, where that depends on its input.
#pragma once

#include "sdk/manifest/manifest.hpp"

namespace talome::gate {

/// Of any input.
manifest::Tier lowestTier(const manifest::Operation&) noexcept;

/// Of this one, defaults filled in: the first rule that holds counts, else it is the operation's.
manifest::Tier tierOf(const manifest::Operation&, const boost::json::value& input);

} // namespace talome::gate
