// Boost.JSON, compiled in: its shared library carries the exact version in its name, and Debian's static one is not
// position-independent.
#include <boost/json/src.hpp>
