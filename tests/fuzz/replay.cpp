// Stands in for libFuzzer in the usual builds: runs a target once on each file that it is given. What fails ends the
// program; the file's name is the last that was written.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** names) {
    for (int i = 1; i < count; ++i) {
        std::fprintf(stderr, "%s\n", names[i]);
        std::ifstream file(names[i], std::ios::binary);
        if (!file) {
            std::fprintf(stderr, "it cannot be read\n");
            return 1;
        }
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        // In a block of just its size, so that a sanitizer sees each read beyond it.
        const std::vector<std::uint8_t> bytes(text.begin(), text.end());
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    return 0;
}
