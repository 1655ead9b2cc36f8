// One program, run to its end on the calling thread.
#pragma once

#include "host/process/child.hpp"
#include "host/process/spec.hpp"

#include <functional>
#include <utility>

namespace talome::process {

/// Where output goes; either may be empty.
struct Sinks {
    std::function<void(std::string_view)> output, errors;
};

/// Asked a few times a second: TALOME_OK to go on, else the status with which the run ends (CANCELLED, TIMEOUT).
using Interrupt = std::function<talome_status()>;

/// `began` and `ended` are called around it with the child, so that another thread can end it meanwhile. Throws
/// gate::Failure when it cannot be started or was interrupted.
talome_process_result runToEnd(Spec spec, tasks::Reactor&, const Sinks&, const Interrupt&,
                               const std::function<void(Child&)>& began, const std::function<void(Child&)>& ended);

/// Without what only the host knows of it: which output was cut.
talome_process_result resultOf(const Report&);

} // namespace talome::process
