// A session's output as an asciicast file, version 2 (docs.asciinema.org/manual/asciicast/v2): a line of JSON that says
// what it is, then one for each piece of output with its time in seconds.
#pragma once

#include "protocol/descriptor.hpp"
#include "protocol/utf8_pieces.hpp"
#include "pty/clock.hpp"

#include <string>
#include <string_view>

namespace talome::terminal {

/// One thread. What it cannot write ends the recording, not the session.
class Recording {
public:
    static constexpr std::uint64_t kMost = 16u << 20; ///< bytes of the file; then it ends

    Recording() = default;
    /// Begins a file. Throws std::system_error.
    Recording(const std::string& home, const std::string& id, unsigned cols, unsigned rows);
    /// Goes on with one, after the process was replaced.
    Recording(Descriptor file, std::uint64_t begunAt);

    explicit operator bool() const { return static_cast<bool>(file_); }
    void output(std::string_view bytes);
    void resized(unsigned cols, unsigned rows);
    int descriptor() const { return file_.get(); }
    std::uint64_t begunAt() const { return begunAt_; }

private:
    void line(const std::string& text);
    void event(char kind, std::string_view text);

    Descriptor file_;
    std::uint64_t begunAt_ = 0, size_ = 0; ///< ms since the epoch; bytes
    Utf8Pieces text_;
};

} // namespace talome::terminal
