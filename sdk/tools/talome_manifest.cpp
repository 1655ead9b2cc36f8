// talome-manifest NAME.so [OUT]: loads a fresh plugin, lets it declare itself, and writes NAME.plugin.json beside it.
// talome-manifest --digest NAME.so [MANIFEST]: only writes which file this is into a manifest that is there: for one
// that was made by hand, and after the .so was stripped. Runs nothing of the plugin.
#include "../manifest/describe.hpp"
#include "../manifest/file_digest.hpp"

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

std::string contentOf(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string content(std::istreambuf_iterator<char>(in), {});
    if (!in) throw std::runtime_error("cannot read " + file.string());
    return content;
}

Manifest stamped(Manifest manifest, const fs::path& file) {
    const auto content = contentOf(file);
    manifest.digest = talome::manifest::digestOf(std::as_bytes(std::span(content)));
    manifest.size = content.size();
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
    const bool digestOnly = argc > 1 && std::string_view(argv[1]) == "--digest";
    const int first = digestOnly ? 2 : 1;
    if (argc <= first || argc > first + 2) {
        std::fputs("usage: talome-manifest [--digest] NAME.so [NAME.plugin.json]\n", stderr);
        return 2;
    }
    try {
        const fs::path file = argv[first];
        const fs::path to =
            argc == first + 2 ? fs::path(argv[first + 1]) : fs::path(file).replace_extension(".plugin.json");
        const auto manifest = digestOnly ? talome::manifest::fromText(contentOf(to)) : describeFile(file);
        writeFile(to, talome::manifest::toText(stamped(manifest, file)));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "talome-manifest: %s\n", error.what());
        return 1;
    }
}
