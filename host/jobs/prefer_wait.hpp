// How long a caller would rather wait for a result than be told where to look for it: `Prefer: wait=10` (RFC 7240).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace talome::jobs {

/// Of one Prefer field's value; a minute at most. Nothing if it says nothing of that kind, or nothing readable.
std::optional<std::chrono::seconds> preferredWait(std::string_view prefer);

} // namespace talome::jobs
