// The three descriptors that a program begins with.
#pragma once

#include "host/http/descriptor.hpp"
#include "host/process/spec.hpp"

namespace talome::process {

/// What the program is given, and the host's ends of it, which are non-blocking. Ends are absent where the spec gives a
/// descriptor of its own.
struct Stdio {
    http::Descriptor input, output, errors; ///< the host's

    /// Adds to spec.order.numbers and spec.fds; those stay open as long as this does, until given().
    Stdio(Spec& spec, Kind kind);
    void given() { theirs_.clear(); } ///< the program has them: the host's copies go, or no end would ever be seen

private:
    void add(Spec& spec, int number, http::Descriptor theirs);
    std::vector<http::Descriptor> theirs_;
};

} // namespace talome::process
