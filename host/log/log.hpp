// Structured log lines on stderr, as text for people or as JSON for machines; one write(2) a line.
#pragma once

#include <string>
#include <string_view>

namespace talome::log {

enum class Level { debug, info, warn, error };
enum class Format { text, json };

/// Before any other thread runs.
void configure(Level, Format);
/// Throws std::invalid_argument that lists the known names.
Level levelFrom(std::string_view name);
Format formatFrom(std::string_view name);

bool enabled(Level) noexcept;

/// Any thread. `source` is "host" or a plugin's id; `fields` is the text of a JSON object, or empty.
void write(Level, std::string_view source, std::string_view text, std::string_view fields = {}) noexcept;

inline void debug(std::string_view source, std::string_view text, std::string_view fields = {}) {
    write(Level::debug, source, text, fields);
}
inline void info(std::string_view source, std::string_view text, std::string_view fields = {}) {
    write(Level::info, source, text, fields);
}
inline void warn(std::string_view source, std::string_view text, std::string_view fields = {}) {
    write(Level::warn, source, text, fields);
}
inline void error(std::string_view source, std::string_view text, std::string_view fields = {}) {
    write(Level::error, source, text, fields);
}

/// `2026-03-01T12:00:00.000Z` (RFC 3339), for every timestamp that a user sees.
std::string timestamp(long long epochMs);

} // namespace talome::log
