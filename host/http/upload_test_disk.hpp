// What the tests of uploads stand on: a folder, a disk that is soon full, and what is in them.
#pragma once

#include "host/http/error.hpp"
#include "host/http/upload_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/mount.h>
#include <vector>

namespace talome::http::testing {

namespace fs = std::filesystem;

// A folder with a descriptor, gone afterwards.
struct Folder {
    fs::path path;
    Descriptor descriptor;

    Folder() {
        std::string name = (fs::temp_directory_path() / "talome-upload-XXXXXX").string();
        path = ::mkdtemp(name.data());
        descriptor = Descriptor(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    Folder(const Folder&) = delete;
    ~Folder() { fs::remove_all(path); }
    int get() const { return descriptor.get(); }
};

// A file system of its own in memory that is mounted nowhere; it ends with its descriptor.
inline Descriptor smallDisk(const char* size, unsigned attributes = 0) {
    const Descriptor context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
    if (!context || ::fsconfig(context.get(), FSCONFIG_SET_STRING, "size", size, 0) != 0 ||
        ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
        return {};
    return Descriptor(::fsmount(context.get(), FSMOUNT_CLOEXEC, attributes));
}
inline bool noDisks() { return !smallDisk("64k"); }

inline std::vector<std::string> namesIn(int directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd/" + std::to_string(directory)))
        names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
}
using Names = std::vector<std::string>;

inline auto openDescriptors() {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
}

inline std::string contentOf(const UploadFile& file) {
    std::string text(file.size() + 1, '\0');
    const auto n = ::pread(file.descriptor(), text.data(), text.size(), 0);
    text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return text;
}

inline std::string contentOf(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The status of the HttpError that it throws, or 200.
template <class Call> int statusOf(Call call) {
    try {
        call();
    } catch (const HttpError& error) {
        return error.status;
    }
    return 200;
}

inline constexpr auto kFail = UploadFile::IfExists::fail, kReplace = UploadFile::IfExists::replace;
inline constexpr auto kNameless = UploadFile::Kind::nameless, kNamed = UploadFile::Kind::named;

inline UploadFile written(int directory, UploadFile::Kind kind, std::string_view text) {
    UploadFile file(directory, kind);
    file.write(text);
    file.sync();
    return file;
}

} // namespace talome::http::testing
