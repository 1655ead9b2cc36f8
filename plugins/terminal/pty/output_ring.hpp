// The newest bytes of a session's output, each known by its number since the session began. They lie in memory that has
// a descriptor (memfd_create), with a few words about the session before them: who is given the descriptor can go on
// where another process was killed.
#pragma once

#include "protocol/descriptor.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace talome::terminal {

/// One thread.
class OutputRing {
public:
    static constexpr std::size_t kMostNote = 8192 - 64;

    /// Memory is taken as it is written to. Throws std::system_error.
    explicit OutputRing(std::size_t capacity);
    /// One that another process has written. Throws std::system_error, or ProtocolError if it is none.
    explicit OutputRing(Descriptor memory);
    OutputRing(const OutputRing&) = delete;
    OutputRing& operator=(const OutputRing&) = delete;
    ~OutputRing();

    void append(std::string_view bytes);
    std::uint64_t begin() const; ///< the oldest byte that is kept
    std::uint64_t end() const;   ///< the one that comes next
    std::size_t capacity() const;
    /// From `sequence` on, which is kept, at most `most` bytes: they may lie in two pieces.
    std::array<std::string_view, 2> read(std::uint64_t sequence, std::size_t most) const;

    /// What the session is, for whoever finds the memory. At most kMostNote bytes.
    void note(std::string_view text);
    std::string note() const;
    int descriptor() const { return memory_.get(); }

private:
    struct Head;
    Head& head() const { return *static_cast<Head*>(mapped_); }
    char* bytes() const;
    void map(std::size_t size);

    Descriptor memory_;
    void* mapped_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace talome::terminal
