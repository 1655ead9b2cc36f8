// A disk for SQLite that forgets what was not synced.
//
// The rules are those on which SQLite relies, and no kinder ones: a sync makes a file's bytes durable, but not its
// name; names and deletions are durable once their folder is synced (SQLite's VFS for Unix does that at the first sync
// of a new journal or log, and after a deletion when asked to); bytes outside a write stay as they are; within a write
// that was not synced anything may be found, in any order with others.
#include "power_cut_vfs.hpp"

#include <algorithm>
#include <cstring>
#include <sqlite3.h>
#include <stdexcept>
#include <utility>

namespace talome::fault {

namespace {
constexpr std::size_t kSector = 512;
}

struct PowerCutDisk::Vfs {
    sqlite3_vfs table{};
};

/// What SQLite allocates for an open file, and calls.
struct PowerCutCalls {
    struct Open {
        sqlite3_file base;
        PowerCutDisk* disk;
        std::shared_ptr<PowerCutDisk::File>* file; ///< raw, because SQLite hands out memory and not objects
    };
    static PowerCutDisk::File& fileOf(sqlite3_file* file) { return **reinterpret_cast<Open*>(file)->file; }
    static PowerCutDisk& diskOf(sqlite3_file* file) { return *reinterpret_cast<Open*>(file)->disk; }

    static int close(sqlite3_file* file) {
        delete reinterpret_cast<Open*>(file)->file;
        return SQLITE_OK;
    }
    static int read(sqlite3_file* file, void* to, int n, sqlite3_int64 at) {
        if (diskOf(file).off_) return SQLITE_IOERR_READ;
        const auto& bytes = fileOf(file).seen;
        const auto size = static_cast<std::size_t>(n), from = static_cast<std::size_t>(at);
        const auto have = from < bytes.size() ? std::min(size, bytes.size() - from) : 0;
        std::memcpy(to, bytes.data() + (have ? from : 0), have);
        std::memset(static_cast<char*>(to) + have, 0, size - have);
        return have == size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
    }
    static int change(sqlite3_file* file, PowerCutDisk::Write write) {
        auto& disk = diskOf(file);
        if (disk.off_) return SQLITE_IOERR_WRITE;
        const bool on = disk.step(); // the write during which the power fails may have reached the disk, or not
        auto& of = fileOf(file);
        PowerCutDisk::apply(of.seen, write);
        of.cached.push_back(std::move(write));
        return on ? SQLITE_OK : SQLITE_IOERR_WRITE;
    }
    static int write(sqlite3_file* file, const void* from, int n, sqlite3_int64 at) {
        return change(
            file,
            {static_cast<std::uint64_t>(at), {static_cast<const char*>(from), static_cast<std::size_t>(n)}, false});
    }
    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        return change(file, {static_cast<std::uint64_t>(size), {}, true});
    }
    static int sync(sqlite3_file* file, int) {
        auto& disk = diskOf(file);
        if (disk.off_ || !disk.step()) return SQLITE_IOERR_FSYNC;
        auto& of = fileOf(file);
        of.kept = of.seen;
        of.cached.clear();
        if (std::exchange(of.syncsFolder, false)) disk.syncFolder();
        return SQLITE_OK;
    }
    static int size(sqlite3_file* file, sqlite3_int64* size) {
        *size = static_cast<sqlite3_int64>(fileOf(file).seen.size());
        return SQLITE_OK;
    }
    static int lock(sqlite3_file*, int) { return SQLITE_OK; } // there is one connection
    static int reserved(sqlite3_file*, int* held) {
        *held = 0;
        return SQLITE_OK;
    }
    static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
    static int sectorSize(sqlite3_file*) { return static_cast<int>(kSector); }
    static int characteristics(sqlite3_file* file) {
        return diskOf(file).wholeSectors_ ? 0 : SQLITE_IOCAP_POWERSAFE_OVERWRITE;
    }
    static int sharedMap(sqlite3_file* file, int region, int size, int extend, void volatile** to) {
        auto& regions = fileOf(file).shared;
        const auto at = static_cast<std::size_t>(region);
        *to = nullptr;
        if (at >= regions.size() && !extend) return SQLITE_OK;
        while (regions.size() <= at)
            regions.push_back(std::make_unique<std::string>(static_cast<std::size_t>(size), '\0'));
        *to = regions[at]->data();
        return SQLITE_OK;
    }
    static int sharedLock(sqlite3_file*, int, int, int) { return SQLITE_OK; }
    static void sharedBarrier(sqlite3_file*) {}
    static int sharedUnmap(sqlite3_file* file, int) {
        fileOf(file).shared.clear(); // the memory of a process that ends
        return SQLITE_OK;
    }

    static PowerCutDisk& diskOf(sqlite3_vfs* vfs) { return *static_cast<PowerCutDisk*>(vfs->pAppData); }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* outFlags) {
        static const sqlite3_io_methods methods = {
            2,           close,    read,    write,      truncate,        sync,      size,       lock,
            lock,        reserved, control, sectorSize, characteristics, sharedMap, sharedLock, sharedBarrier,
            sharedUnmap, nullptr,  nullptr};
        file->pMethods = nullptr;
        auto& disk = diskOf(vfs);
        if (!name || disk.off_) return SQLITE_CANTOPEN; // no temporary files: they are in memory anyway
        auto found = disk.files_.find(name);
        if (found == disk.files_.end()) {
            if (!(flags & SQLITE_OPEN_CREATE) || !disk.step()) return SQLITE_CANTOPEN;
            found = disk.files_.emplace(name, std::make_shared<PowerCutDisk::File>()).first;
            found->second->syncsFolder = flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL);
        }
        auto* opened = reinterpret_cast<Open*>(file);
        opened->disk = &disk;
        opened->file = new std::shared_ptr<PowerCutDisk::File>(found->second);
        opened->base.pMethods = &methods;
        if (outFlags) *outFlags = flags;
        return SQLITE_OK;
    }
    static int remove(sqlite3_vfs* vfs, const char* name, int durably) {
        auto& disk = diskOf(vfs);
        if (disk.off_ || !disk.step()) return SQLITE_IOERR_DELETE;
        const auto found = disk.files_.find(name);
        if (found == disk.files_.end()) return SQLITE_IOERR_DELETE_NOENT;
        if (found->second->named) disk.deleted_[name] = found->second;
        disk.files_.erase(found);
        if (durably) disk.syncFolder();
        return SQLITE_OK;
    }
    static int access(sqlite3_vfs* vfs, const char* name, int, int* there) {
        const auto found = diskOf(vfs).files_.find(name);
        *there = found != diskOf(vfs).files_.end();
        return SQLITE_OK;
    }
    static int fullName(sqlite3_vfs*, const char* name, int n, char* to) {
        sqlite3_snprintf(n, to, "%s", name);
        return SQLITE_OK;
    }
};

PowerCutDisk::PowerCutDisk(std::uint32_t seed) : random_(seed), registered_(std::make_unique<Vfs>()) {
    static unsigned count = 0;
    name_ = "power cut " + std::to_string(++count);
    auto* usual = sqlite3_vfs_find(nullptr); // for time, sleep and randomness
    if (!usual) throw std::runtime_error("SQLite has no VFS");
    auto& table = registered_->table;
    table = *usual;
    table.iVersion = 2;
    table.szOsFile = sizeof(PowerCutCalls::Open);
    table.pNext = nullptr;
    table.zName = name_.c_str();
    table.pAppData = this;
    table.xOpen = PowerCutCalls::open;
    table.xDelete = PowerCutCalls::remove;
    table.xAccess = PowerCutCalls::access;
    table.xFullPathname = PowerCutCalls::fullName;
    if (sqlite3_vfs_register(&table, 0) != SQLITE_OK) throw std::runtime_error("the VFS cannot be registered");
}

PowerCutDisk::~PowerCutDisk() { sqlite3_vfs_unregister(&registered_->table); }

bool PowerCutDisk::step() {
    ++done_;
    if (left_ > 0 && --left_ == 0) off_ = true;
    return !off_;
}

void PowerCutDisk::apply(std::string& bytes, const Write& write) {
    if (write.truncates) {
        bytes.resize(write.at);
        return;
    }
    if (bytes.size() < write.at + write.bytes.size()) bytes.resize(write.at + write.bytes.size());
    bytes.replace(write.at, write.bytes.size(), write.bytes);
}

void PowerCutDisk::syncFolder() {
    for (auto& [name, file] : files_) file->named = true;
    deleted_.clear();
}

/// What the disk kept of a file.
void PowerCutDisk::settle(File& file, Loss loss) {
    const auto coin = [this] { return random_() % 2 == 0; };
    const auto last = loss == Loss::tail ? random_() % (file.cached.size() + 1) : file.cached.size();
    for (std::size_t i = 0; loss != Loss::all && i < last; ++i) {
        const auto& write = file.cached[i];
        if (write.truncates || loss == Loss::tail || loss == Loss::some) {
            if (loss == Loss::tail || coin()) apply(file.kept, write);
            continue;
        }
        for (std::size_t from = 0; from < write.bytes.size();) {
            const auto piece = std::min(write.bytes.size() - from, kSector - (write.at + from) % kSector);
            Write part{write.at + from, write.bytes.substr(from, piece), false};
            const bool rubbish = loss == Loss::rubbish && random_() % 4 == 0;
            if (rubbish)
                for (auto& byte : part.bytes) byte = static_cast<char>(random_());
            if (rubbish || coin()) apply(file.kept, part);
            from += piece;
        }
    }
    file.cached.clear();
    file.shared.clear();
    file.seen = file.kept;
}

void PowerCutDisk::restore(Loss loss) {
    for (auto& [name, file] : deleted_)
        if (random_() % 2) files_.insert_or_assign(name, file);
    deleted_.clear();
    for (auto it = files_.begin(); it != files_.end();) {
        auto& file = *it->second;
        const bool lost = !file.named && (loss == Loss::all || random_() % 2);
        if (lost) {
            it = files_.erase(it);
            continue;
        }
        settle(file, loss);
        file.named = true;
        ++it;
    }
    off_ = false;
    left_ = 0;
}

} // namespace talome::fault
