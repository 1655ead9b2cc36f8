// Where the code of plugins lies in memory: a table of fixed size, written by the loader, read at any moment.
#include "host/crash/mapped.hpp"

#include "host/crash/usage.hpp"
#include "host/log/log.hpp"

#include <atomic>
#include <link.h>

namespace talome::crash {

namespace {

/// Valid while `begin` is not 0. The plugin's name lasts as long as the process.
struct Range {
    std::atomic<std::uintptr_t> begin{0};
    std::atomic<std::uintptr_t> end{0};
    std::atomic<const char*> plugin{nullptr};
};

constinit Range table[512];

struct Search {
    std::uintptr_t within;
    const char* plugin;
    int* taken;
    int most, count = 0;
    bool full = false;
};

bool take(Search& search, std::uintptr_t begin, std::uintptr_t end) {
    for (int i = 0; i < static_cast<int>(std::size(table)); ++i) {
        auto& range = table[i];
        if (range.begin.load(std::memory_order_relaxed)) continue;
        range.end.store(end, std::memory_order_relaxed);
        range.plugin.store(search.plugin, std::memory_order_relaxed);
        range.begin.store(begin, std::memory_order_release);
        search.taken[search.count++] = i;
        return true;
    }
    return false;
}

/// Called for each file in memory; 1 ends the search.
int look(dl_phdr_info* info, std::size_t, void* to) {
    auto& search = *static_cast<Search*>(to);
    const auto contains = [&](const ElfW(Phdr) & segment) {
        const auto begin = info->dlpi_addr + segment.p_vaddr;
        return segment.p_type == PT_LOAD && search.within >= begin && search.within - begin < segment.p_memsz;
    };
    bool ours = false;
    for (int i = 0; i < info->dlpi_phnum; ++i) ours = ours || contains(info->dlpi_phdr[i]);
    if (!ours) return 0;
    for (int i = 0; i < info->dlpi_phnum && search.count < search.most; ++i) {
        const auto& segment = info->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_X)) continue;
        const auto begin = info->dlpi_addr + segment.p_vaddr;
        search.full = !take(search, begin, begin + segment.p_memsz) || search.full;
    }
    return 1;
}

} // namespace

Mapped::Mapped(std::string_view plugin, const void* within) {
    Search search{reinterpret_cast<std::uintptr_t>(within), usageOf(plugin).plugin().c_str(), taken_, kMost};
    ::dl_iterate_phdr(look, &search);
    count_ = search.count;
    if (search.full)
        log::warn("host", "so many plugins are in memory that a crash in a thread of " + std::string(plugin) +
                              "'s own could not be told as its");
}

Mapped::~Mapped() {
    for (int i = 0; i < count_; ++i) table[taken_[i]].begin.store(0, std::memory_order_release);
}

const char* pluginAt(std::uintptr_t address) noexcept {
    for (const auto& range : table) {
        const auto begin = range.begin.load(std::memory_order_acquire);
        if (begin && address >= begin && address < range.end.load(std::memory_order_relaxed))
            return range.plugin.load(std::memory_order_relaxed);
    }
    return nullptr;
}

} // namespace talome::crash
