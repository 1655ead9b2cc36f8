// Structured log lines on stderr, as text for people or as JSON for machines; one write(2) a line.
#include "host/log/log.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <talome/json.hpp>
#include <unistd.h>

namespace talome::log {

namespace {

std::atomic<Level> threshold{Level::info};
std::atomic<Format> style{Format::text};
constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};

/// Control characters in a text line would let a caller forge lines of their own.
void appendPlain(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)
            out += c;
        else
            out += c == '\n' ? " / " : "?";
    }
}

std::string line(Level level, std::string_view source, std::string_view text, std::string_view fields) {
    using namespace std::chrono;
    const auto now = timestamp(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
    const auto name = kNames[static_cast<int>(level)];
    std::string out;
    if (style == Format::json) {
        out = "{\"time\":\"" + now + "\",\"level\":\"" + std::string(name) + "\",\"source\":";
        talome::write(out, std::string(source));
        out += ",\"message\":";
        talome::write(out, std::string(text));
        if (fields.size() > 2) out.append(",").append(fields.substr(1, fields.size() - 2));
        out += "}\n";
        return out;
    }
    out.append(now).append(" ").append(name).append(name.size() == 4 ? "  " : " ").append(source).append(": ");
    appendPlain(out, text);
    if (fields.size() > 2) {
        out += ' ';
        appendPlain(out, fields);
    }
    return out + '\n';
}

} // namespace

void configure(Level level, Format format) {
    threshold = level;
    style = format;
}

Level levelFrom(std::string_view name) {
    for (int i = 0; i < 4; ++i)
        if (name == kNames[i]) return static_cast<Level>(i);
    throw std::invalid_argument("expected one of debug, info, warn, error");
}

Format formatFrom(std::string_view name) {
    if (name == "text") return Format::text;
    if (name == "json") return Format::json;
    throw std::invalid_argument("expected one of text, json");
}

bool enabled(Level level) noexcept { return level >= threshold.load(std::memory_order_relaxed); }

void write(Level level, std::string_view source, std::string_view text, std::string_view fields) noexcept {
    if (!enabled(level)) return;
    try {
        const auto out = line(level, source, text, fields);
        // A log that nobody can read any more must not stop the server.
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, out.data(), out.size());
    } catch (const std::exception&) {
        constexpr std::string_view lost = "a log line was lost: out of memory\n";
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, lost.data(), lost.size());
    }
}

std::string timestamp(long long epochMs) {
    const std::time_t seconds = epochMs / 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[96];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                  utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(epochMs % 1000));
    return text;
}

} // namespace talome::log
