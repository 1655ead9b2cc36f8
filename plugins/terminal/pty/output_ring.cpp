#include "pty/output_ring.hpp"

#include "protocol/fields.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>

namespace talome::terminal {

namespace {
constexpr std::uint64_t kMagic = 0x31676e6972797470; // "ptyring1"
constexpr std::size_t kHead = 8192, kMostCapacity = 64u << 20;
[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }
} // namespace

struct OutputRing::Head {
    std::uint64_t magic, capacity, written, noteSize;
};

char* OutputRing::bytes() const { return static_cast<char*>(mapped_) + kHead; }

void OutputRing::map(std::size_t size) {
    size_ = size;
    mapped_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
    if (mapped_ == MAP_FAILED) {
        mapped_ = nullptr;
        fail("mmap");
    }
}

OutputRing::OutputRing(std::size_t capacity) : memory_(::memfd_create("talome-pty-output", MFD_CLOEXEC)) {
    if (!memory_ || ::ftruncate(memory_.get(), static_cast<off_t>(kHead + capacity)) != 0) fail("memfd_create");
    map(kHead + capacity);
    head() = {kMagic, capacity, 0, 0};
}

OutputRing::OutputRing(Descriptor memory) : memory_(std::move(memory)) {
    struct stat is {};
    if (::fstat(memory_.get(), &is) != 0) fail("fstat");
    const auto size = static_cast<std::size_t>(is.st_size);
    if (size <= kHead || size > kHead + kMostCapacity) throw ProtocolError("this memory is no output");
    map(size);
    if (head().magic == kMagic && head().capacity == size - kHead && head().noteSize <= kMostNote) return;
    ::munmap(mapped_, size_);
    throw ProtocolError("this memory is no output");
}

OutputRing::~OutputRing() {
    if (mapped_) ::munmap(mapped_, size_);
}

void OutputRing::append(std::string_view data) {
    const auto capacity = head().capacity;
    const std::uint64_t after = head().written + data.size();
    if (data.size() > capacity) data.remove_prefix(data.size() - capacity);
    std::uint64_t at = (after - data.size()) % capacity;
    const auto first = std::min<std::uint64_t>(data.size(), capacity - at);
    std::memcpy(bytes() + at, data.data(), first);
    std::memcpy(bytes(), data.data() + first, data.size() - first);
    head().written = after;
}

std::uint64_t OutputRing::begin() const { return end() - std::min(end(), head().capacity); }
std::uint64_t OutputRing::end() const { return head().written; }
std::size_t OutputRing::capacity() const { return head().capacity; }

std::array<std::string_view, 2> OutputRing::read(std::uint64_t sequence, std::size_t most) const {
    const auto capacity = head().capacity;
    const auto n = std::min<std::uint64_t>(end() - sequence, most), at = sequence % capacity;
    const auto first = std::min(n, capacity - at);
    return {std::string_view(bytes() + at, first), std::string_view(bytes(), n - first)};
}

void OutputRing::note(std::string_view text) {
    text = text.substr(0, kMostNote);
    head().noteSize = 0; // for whoever reads it after a crash just here
    std::memcpy(static_cast<char*>(mapped_) + sizeof(Head), text.data(), text.size());
    head().noteSize = text.size();
}

std::string OutputRing::note() const { return {static_cast<char*>(mapped_) + sizeof(Head), head().noteSize}; }

} // namespace talome::terminal
