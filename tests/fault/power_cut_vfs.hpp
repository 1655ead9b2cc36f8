// A disk for SQLite that forgets what was not synced: files in memory, each with what is on the platter and what is
// only in the cache. At a power cut, of the cached writes any subset is kept, whole, in part or as rubbish.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace talome::fault {

/// What is kept of the writes that were not synced.
enum class Loss {
    all,     ///< nothing of them
    tail,    ///< those before a random moment are kept
    some,    ///< each is kept or not
    sectors, ///< each sector of each is kept or not: pages are torn
    rubbish  ///< as sectors; some of those that are not kept hold neither old nor new bytes
};
inline constexpr Loss kLosses[] = {Loss::all, Loss::tail, Loss::some, Loss::sectors, Loss::rubbish};

/// One thread. A disk is known to SQLite as a VFS of its own name while it lives.
class PowerCutDisk {
public:
    explicit PowerCutDisk(std::uint32_t seed);
    ~PowerCutDisk();
    PowerCutDisk(const PowerCutDisk&) = delete;
    PowerCutDisk& operator=(const PowerCutDisk&) = delete;

    const char* vfs() const { return name_.c_str(); }

    /// The power fails at the operation of this number from now (1: the next): it and all later ones fail.
    void cutAfter(std::uint64_t operations) { left_ = operations; }
    bool off() const { return off_; }
    /// The power returns: files are what the disk kept. Every connection must be closed.
    void restore(Loss);

    std::uint64_t operations() const { return done_; } ///< writes, syncs, truncations, creations and deletions so far
    /// The device writes whole sectors (no SQLITE_IOCAP_POWERSAFE_OVERWRITE): SQLite then pads its log.
    void wholeSectors(bool whole) { wholeSectors_ = whole; }

    struct Write {
        std::uint64_t at;
        std::string bytes;
        bool truncates; ///< to `at`, and writes nothing
    };
    struct File {
        std::string kept;         ///< on the platter
        std::string seen;         ///< what the program reads
        bool named = false;       ///< its name is on the platter
        bool syncsFolder = false; ///< its first sync syncs the folder, too, as SQLite does for journals and logs
        std::vector<Write> cached;
        std::vector<std::unique_ptr<std::string>> shared; ///< regions of xShmMap
    };

private:
    friend struct PowerCutCalls;
    bool step(); ///< false: the power is off
    void syncFolder();
    void settle(File&, Loss);
    static void apply(std::string&, const Write&);

    struct Vfs;
    std::string name_;
    std::mt19937 random_;
    std::unique_ptr<Vfs> registered_;
    std::map<std::string, std::shared_ptr<File>> files_;
    std::map<std::string, std::shared_ptr<File>> deleted_; ///< whose deletion is not on the platter
    std::uint64_t left_ = 0, done_ = 0;
    bool off_ = false, wholeSectors_ = false;
};

} // namespace talome::fault
