#include "../manifest/descriptor.hpp"

#include <doctest/doctest.h>

using namespace talome::manifest;

namespace {

/// As a later revision would have it, and the first one as it is for ever.
struct Later {
    talome_plugin first;
    void (*added)(void*);
};
constexpr std::size_t kAlways = 2 * sizeof(uint32_t) + 3 * sizeof(void*) + 2 * sizeof(uint32_t) + 6 * sizeof(void*);

} // namespace

TEST_CASE("a descriptor of the first revision is enough, of a smaller one nothing is") {
    CHECK(kFirstDescriptor == kAlways);
    talome_plugin plugin{};
    plugin.struct_size = kAlways;
    plugin.abi = TALOME_ABI;
    CHECK(isDescriptor(&plugin));
    plugin.struct_size = kAlways - 1;
    CHECK_FALSE(isDescriptor(&plugin));
    plugin.struct_size = 0;
    CHECK_FALSE(isDescriptor(&plugin));
    CHECK_FALSE(isDescriptor(nullptr));
}

TEST_CASE("a descriptor of a later revision is one, and of another ABI it is not") {
    Later later{};
    later.first.struct_size = sizeof later;
    later.first.abi = TALOME_ABI;
    CHECK(isDescriptor(&later.first));
    later.first.abi = TALOME_ABI + 1;
    CHECK_FALSE(isDescriptor(&later.first));
}
