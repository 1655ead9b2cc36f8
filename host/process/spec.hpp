// A talome_process_spec, checked, with its defaults filled in.
#pragma once

#include "host/process/order.hpp"

#include <talome/process.h>

namespace talome::process {

inline constexpr std::uint64_t kStopGraceMs = 2'000; ///< when the plugin stops

/// Texts are copied; `fds` and `input` are borrowed.
struct Spec {
    Order order;              ///< without the descriptors that the host adds
    std::vector<int> fds;     ///< of order.numbers
    std::string_view input;   ///< of standard input
    std::uint64_t output = 0; ///< bytes of each stream; UINT64_MAX: without end
    std::uint64_t queue = 0;  ///< bytes
    bool cutOutput = false;

    bool has(int number) const;
};

enum class Kind { oneShot, longLived };

/// Throws talome::Invalid, or gate::Failure TOO_LARGE.
Spec readSpec(const talome_process_spec*, Kind);

} // namespace talome::process
