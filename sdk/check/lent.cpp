// Memory as a plugin is lent it.
#include "sdk/check/lent.hpp"

#include <cstring>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

namespace talome::check {

Lent::Scope::Scope(Lent& lent, std::string what) : lent_(lent), what_(std::move(what)) {}

void* Lent::Scope::copy(const void* data, std::size_t n) {
    static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const auto held = (n + page - 1) / page * page;
    auto* at =
        static_cast<char*>(::mmap(nullptr, held + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (at == MAP_FAILED) throw std::bad_alloc();
    auto* const begin = at + held - n; // the page behind it stays unreachable
    if (n) {
        ::mprotect(at, held, PROT_READ | PROT_WRITE);
        std::memcpy(begin, data, n);
        ::mprotect(at, held, PROT_READ);
    }
    mine_.push_back(lent_.regions_.size());
    lent_.regions_.push_back({at, held + page, ::strdup(what_.c_str()), true});
    return begin;
}

Lent::Scope::~Scope() {
    for (const auto index : mine_) {
        auto& region = lent_.regions_[index];
        ::madvise(region.at, region.length, MADV_DONTNEED);
        ::mprotect(region.at, region.length, PROT_NONE); // and never given away again
        region.lent = false;
    }
}

const char* Lent::explain(const void* address, bool& stillLent) const noexcept {
    const auto* const at = static_cast<const char*>(address);
    for (const auto& region : regions_)
        if (at >= region.at && at < region.at + region.length) {
            stillLent = region.lent;
            return region.what;
        }
    return nullptr;
}

} // namespace talome::check
