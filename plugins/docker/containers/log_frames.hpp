// Turns what the engine sends as a container's log into lines of text: takes apart the multiplexed frames of a
// container without a TTY, joins lines that the engine has cut, and never lets a byte of a frame's head through.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace talome::docker {

// The engine's log drivers cut a line into messages of this many bytes; with timestamps on, each message has its own.
inline constexpr std::size_t kEngineLineCut = 16 * 1024;

// Joins the messages of one stream to lines. With timestamps, a line keeps the time of its first message.
class LineJoiner {
public:
    // A whole line, without its ending.
    using Line = std::function<void(std::string_view)>;

    LineJoiner(bool timestamps, Line line) : timestamps_(timestamps), line_(std::move(line)) {}

    // A piece of a message. The piece that begins a message holds the whole of its time.
    void message(std::string_view bytes, bool begins);
    // Bytes of a TTY, where messages have no frame around them: a cut shows as a time after kEngineLineCut bytes.
    void raw(std::string_view bytes);
    // The stream has ended: what is left is a line too.
    void finish();

private:
    void append(std::string_view text);
    void endLine();

    bool timestamps_;
    Line line_;
    std::string rest_;      // the line so far
    bool open_ = false;     // the last message ended without a line ending
    bool expecting_ = true; // raw(): a time may begin here
    std::string held_;      // raw(): bytes that could be a time
    std::size_t size_ = 0;  // raw(): bytes of the message so far, without its time
};

// Frames: a byte for the stream (0 stdin, 1 stdout, 2 stderr, 3 an error of the engine), three zero bytes, the
// length as four bytes, most significant first, then so many bytes.
class LogFrames {
public:
    LogFrames(bool timestamps, const LineJoiner::Line& line) : LogFrames(timestamps, line, line) {}
    // The standard output apart from the rest.
    LogFrames(bool timestamps, LineJoiner::Line out, const LineJoiner::Line& error)
        : timestamps_(timestamps), out_(timestamps, std::move(out)), error_(timestamps, error), system_(false, error) {}

    // False if the bytes are not frames; nothing more is to be fed then.
    bool feed(std::string_view bytes);
    // False if a frame was cut short.
    bool finish();

private:
    void deliver(std::string_view piece);
    LineJoiner& joiner() { return head_[0] == 2 ? error_ : head_[0] == 3 ? system_ : out_; }

    bool timestamps_;
    LineJoiner out_, error_, system_;
    std::array<unsigned char, 8> head_{};
    std::size_t headSize_ = 0;
    std::size_t remaining_ = 0;
    bool begins_ = true;
    std::string lead_; // the first bytes of a message, until its time is whole
};

// How long the time is at the start of a message, with the blank after it; 0 if there is none.
std::size_t timestampLength(std::string_view text);

} // namespace talome::docker
