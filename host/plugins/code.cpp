#include "host/plugins/code.hpp"

#include "host/log/log.hpp"

#include <algorithm>
#include <boost/dll/library_info.hpp>
#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>
#include <vector>

namespace talome::plugins {

namespace {

constexpr const char* kEntry = "talome_plugin_v1";

FileMark markOf(const struct stat& found) {
    return {found.st_dev, found.st_ino, found.st_size,
            std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
}

http::Descriptor copied(const http::Descriptor& from, std::int64_t size, const std::string& id) {
    http::Descriptor to(::memfd_create(("talome-plugin:" + id).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!to) throw Refused(std::string("no memory for a copy of the file: ") + std::strerror(errno));
    for (off_t at = 0; at < size;) {
        const auto n = ::sendfile(to.get(), from.get(), &at, static_cast<std::size_t>(size - at));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) throw Refused(std::string("the file cannot be read: ") + (n < 0 ? std::strerror(errno) : "cut"));
    }
    if (::fcntl(to.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        throw Refused(std::string("a copy of the file cannot be sealed: ") + std::strerror(errno));
    return to;
}

/// By the process's number, so that a debugger finds it there too.
std::filesystem::path pathOf(const http::Descriptor& file) {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file.get());
}

/// Whether this very file is mapped already: the loader would give the same code, and its variables, once more.
std::vector<std::pair<dev_t, ino_t>>& mapped() {
    static auto* const all = new std::vector<std::pair<dev_t, ino_t>>; // the lifecycle's
    return *all;
}

} // namespace

void keepForever(std::shared_ptr<void> what) {
    static auto* const kept = new std::vector<std::shared_ptr<void>>; // the manager's thread
    kept->push_back(std::move(what));
}

FileMark FileMark::of(const std::filesystem::path& file) {
    struct stat found {};
    return ::stat(file.c_str(), &found) == 0 ? markOf(found) : FileMark{};
}

Code::Code(const std::filesystem::path& file, manifest::Manifest written, Origin origin)
    : manifest_(std::move(written)) {
    open(file, origin);
    requireEntry();
    try {
        library_.load(path_, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    } catch (const std::exception& error) {
        throw Refused(error.what()); // with dlerror()'s words
    }
    functions_ = library_.get<const talome_plugin*()>(kEntry)();
    const auto wrong = [&](const std::string& words) {
        functions_ = nullptr;
        throw Refused(words);
    };
    if (!functions_ || functions_->struct_size < sizeof(talome_plugin) || functions_->abi != TALOME_ABI ||
        !functions_->id || !functions_->version || !functions_->create)
        wrong("its descriptor is not of plugin ABI " + std::to_string(TALOME_ABI));
    if (manifest_.id != functions_->id || manifest_.version != functions_->version)
        wrong(std::string("the file is ") + functions_->id + " " + functions_->version + ", its manifest says " +
              manifest_.id + " " + manifest_.version);
}

void Code::open(const std::filesystem::path& file, Origin origin) {
    file_ = http::Descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat found {};
    if (!file_ || ::fstat(file_.get(), &found) != 0)
        throw Refused(file.filename().string() + " cannot be opened: " + std::strerror(errno));
    if (!S_ISREG(found.st_mode)) throw Refused(file.filename().string() + " is not a regular file");
    mark_ = markOf(found);
    const std::pair<dev_t, ino_t> inode{mark_.device, mark_.inode};
    if (origin == Origin::built || std::ranges::count(mapped(), inode)) {
        file_ = copied(file_, mark_.size, manifest_.id);
    } else {
        mapped().push_back(inode);
        direct_ = std::shared_ptr<void>(nullptr, [inode](void*) { std::erase(mapped(), inode); });
    }
    path_ = pathOf(file_);
}

/// Reads the file, and runs nothing of it.
void Code::requireEntry() const {
    std::vector<std::string> symbols;
    try {
        symbols = boost::dll::library_info(path_).symbols();
    } catch (const std::exception& error) {
        throw Refused(std::string("the file is not a plugin for this machine: ") + error.what());
    }
    if (std::ranges::find(symbols, kEntry) == symbols.end())
        throw Refused(std::string("the file does not export ") + kEntry);
}

Code::~Code() {
    const auto stays = [this] {
        keepForever(std::move(direct_));
        static_cast<void>(file_.release());
    };
    // Code that says it cannot be unmapped stays: its threads or exit handlers may still run in it.
    if (keep_ || !functions_ || !(functions_->flags & TALOME_CAN_UNLOAD)) {
        keepForever(std::make_shared<boost::dll::shared_library>(std::move(library_)));
        stays();
        return;
    }
    library_.unload();
    if (void* still = ::dlopen(path_.c_str(), RTLD_LAZY | RTLD_NOLOAD)) {
        ::dlclose(still);
        log::warn("host", "plugin " + manifest_.id +
                              " was stopped, but its code stays in memory: something still refers to it");
        stays();
    }
}

} // namespace talome::plugins
