// A container's log from the engine's bytes to lines, of a container with a TTY and of one without. Memory is bounded by
// the longest line, however long the log is.
#pragma once

#include "containers/log_frames.hpp"

#include <variant>

namespace talome::docker {

enum class LogStream { stdout_, stderr_ }; // of a TTY everything is stdout_

// A line as it came: its time (empty if none was asked for), and its text.
struct LogLine {
    LogStream stream = LogStream::stdout_;
    std::string_view time; // "2026-11-24T00:22:45.184911402Z"
    std::string_view text;
    std::string_view whole; // time, blank and text
};

// Not to be moved: its parts call it.
class LogReader {
public:
    using Line = std::function<void(const LogLine&)>;

    LogReader(bool tty, bool timestamps, Line line);
    LogReader(const LogReader&) = delete;
    LogReader& operator=(const LogReader&) = delete;

    void feed(std::string_view bytes); // throws BadUpstream if they are no log
    void finish();                     // the end of the log; throws BadUpstream if it was cut short

private:
    void line(LogStream, std::string_view whole) const;

    bool timestamps_;
    Line line_;
    std::variant<LogFrames, LineJoiner> from_;
};

} // namespace talome::docker
