#include "pty/recording.hpp"

#include "pty/own_folder.hpp"

#include <cerrno>
#include <cstdio>
#include <sys/stat.h>

namespace talome::terminal {

namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char each : text) {
        const auto c = static_cast<unsigned char>(each);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += each;
        } else if (c < 0x20 || c == 0x7f) {
            char code[8];
            std::snprintf(code, sizeof code, "\\u%04x", c);
            out += code;
        } else {
            out += each;
        }
    }
    return out + '"';
}

} // namespace

Recording::Recording(const std::string& home, const std::string& id, unsigned cols, unsigned rows) : begunAt_(nowMs()) {
    file_ = makeFile(openOwnFolder(home, "terminal-recordings"), id + "-" + std::to_string(begunAt_) + ".cast");
    line("{\"version\":2,\"width\":" + std::to_string(cols) + ",\"height\":" + std::to_string(rows) +
         ",\"timestamp\":" + std::to_string(begunAt_ / 1000) + ",\"env\":{\"TERM\":\"xterm-256color\"}}");
}

Recording::Recording(Descriptor file, std::uint64_t begunAt) : file_(std::move(file)), begunAt_(begunAt) {
    struct stat is {};
    if (::fstat(file_.get(), &is) == 0) size_ = static_cast<std::uint64_t>(is.st_size);
}

void Recording::output(std::string_view bytes) {
    if (!file_) return;
    const std::string text = text_.add(bytes);
    if (!text.empty()) event('o', text);
}

void Recording::resized(unsigned cols, unsigned rows) {
    if (file_) event('r', std::to_string(cols) + "x" + std::to_string(rows));
}

void Recording::event(char kind, std::string_view text) {
    const auto passed = nowMs() - begunAt_;
    char time[48];
    std::snprintf(time, sizeof time, "[%llu.%03llu,\"%c\",", static_cast<unsigned long long>(passed / 1000),
                  static_cast<unsigned long long>(passed % 1000), kind);
    line(time + quoted(text) + "]");
}

void Recording::line(const std::string& text) {
    const std::string whole = text + "\n";
    size_ += whole.size();
    if (size_ > kMost || ::write(file_.get(), whole.data(), whole.size()) != static_cast<ssize_t>(whole.size()))
        file_.reset();
}

} // namespace talome::terminal
