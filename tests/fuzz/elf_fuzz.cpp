// Gives bytes to the reader of plugin files. It must answer, and read nothing outside of them; what it accepts has a
// header that the loader would accept, and the name of the entry somewhere.
#include "host/plugins/elf.hpp"
#include "tests/fuzz/input.hpp"

#include <cstdint>
#include <cstring>
#include <elf.h>
#include <memory>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::string_view entry = "talome_plugin_v1";
    const std::unique_ptr<std::byte[]> exact(new std::byte[size]); // so that one byte beyond it is found
    if (size) std::memcpy(exact.get(), data, size);
    const auto problem = talome::plugins::elfProblem({exact.get(), size}, entry);
    if (!problem.empty()) return 0;
    talome::fuzz::require(size > sizeof(Elf64_Ehdr) && std::memcmp(data, ELFMAG, SELFMAG) == 0);
    talome::fuzz::require(talome::fuzz::textOf(data, size).find(entry) != std::string_view::npos);
    return 0;
}
