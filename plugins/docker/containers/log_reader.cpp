#include "containers/log_reader.hpp"

#include <talome/errors.hpp>

namespace talome::docker {

namespace {

using Source = std::variant<LogFrames, LineJoiner>;

} // namespace

LogReader::LogReader(bool tty, bool timestamps, Line line)
    : timestamps_(timestamps), line_(std::move(line)),
      from_(tty ? Source(std::in_place_type<LineJoiner>, timestamps,
                         [this](std::string_view whole) { this->line(LogStream::stdout_, whole); })
                : Source(
                      std::in_place_type<LogFrames>, timestamps,
                      [this](std::string_view whole) { this->line(LogStream::stdout_, whole); },
                      [this](std::string_view whole) { this->line(LogStream::stderr_, whole); })) {}

void LogReader::line(LogStream stream, std::string_view whole) const {
    const std::size_t stamp = timestamps_ ? timestampLength(whole) : 0;
    line_({stream, whole.substr(0, stamp ? stamp - 1 : 0), whole.substr(stamp), whole});
}

void LogReader::feed(std::string_view bytes) {
    if (auto* tty = std::get_if<LineJoiner>(&from_)) return tty->raw(bytes);
    if (!std::get<LogFrames>(from_).feed(bytes)) throw BadUpstream("the Docker engine's log is not in frames");
}

void LogReader::finish() {
    if (auto* tty = std::get_if<LineJoiner>(&from_)) return tty->finish();
    if (!std::get<LogFrames>(from_).finish()) throw BadUpstream("the Docker engine broke its log off");
}

} // namespace talome::docker
