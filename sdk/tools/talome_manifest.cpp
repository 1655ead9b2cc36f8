// talome-manifest NAME.so [OUT]: loads a fresh plugin, lets it declare itself, and writes NAME.plugin.json beside it.
#include "../manifest/describe.hpp"

#include <dlfcn.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;
using talome::manifest::Manifest;

Manifest describeFile(const fs::path& file) {
    void* library = dlopen(fs::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw std::runtime_error(dlerror());
    using Entry = const talome_plugin* (*)();
    const auto entry = reinterpret_cast<Entry>(dlsym(library, "talome_plugin_v1"));
    if (!entry) throw std::runtime_error(file.string() + ": does not export talome_plugin_v1");
    Manifest manifest = talome::manifest::describe(entry(), file.stem().string());
    dlclose(library);
    if (void* still = manifest.canUnload ? dlopen(fs::absolute(file).c_str(), RTLD_NOW | RTLD_NOLOAD) : nullptr) {
        dlclose(still);
        throw std::runtime_error(file.string() + ": says that it can be unloaded, and stays mapped after dlclose()");
    }
    return manifest;
}

/// Through a neighbour: a reader never sees half a manifest.
void writeFile(const fs::path& to, const std::string& text) {
    const fs::path fresh = to.string() + ".new";
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + fresh.string());
    fs::rename(fresh, to);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 3) {
        std::fputs("usage: talome-manifest NAME.so [NAME.plugin.json]\n", stderr);
        return 2;
    }
    try {
        const fs::path file = argv[1];
        const fs::path to = argc == 3 ? fs::path(argv[2]) : fs::path(file).replace_extension(".plugin.json");
        writeFile(to, talome::manifest::toText(describeFile(file)));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "talome-manifest: %s\n", error.what());
        return 1;
    }
}
