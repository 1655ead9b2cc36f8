// Memory as a plugin is lent it: pages of their own, read-only while the call lasts, unreachable afterwards. So a
// pointer that is kept, a write into an input, or a read beyond its end is a fault at an address that has a name.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace talome::check {

/// Main thread of the plugin's process, but for explain().
class Lent {
public:
    /// What is lent within it is taken back with it. They nest.
    class Scope {
    public:
        Scope(Lent&, std::string what);
        ~Scope();
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

        /// A copy that ends where a page ends. Aligned for anything whose size is a multiple of its alignment.
        void* copy(const void* data, std::size_t n);
        const char* copy(std::string_view text) { return static_cast<const char*>(copy(text.data(), text.size())); }

    private:
        Lent& lent_;
        const std::string what_;
        std::vector<std::size_t> mine_; ///< indexes of regions
    };

    /// What was lent at this address: in a signal handler. Null if nothing was.
    const char* explain(const void* address, bool& stillLent) const noexcept;

private:
    struct Region {
        char* at;
        std::size_t length;
        const char* what; ///< never freed: a signal handler reads it
        bool lent;
    };
    std::vector<Region> regions_;
};

} // namespace talome::check
