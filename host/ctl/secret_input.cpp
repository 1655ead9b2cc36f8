#include "host/ctl/secret_input.hpp"

#include <cerrno>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <termios.h>
#include <unistd.h>

namespace talome::ctl {

namespace {

/// Without echo, and without the terminal's own signals: a Ctrl-C that ended the program would leave the echo off.
class Unseen {
public:
    Unseen() {
        if (::tcgetattr(STDIN_FILENO, &before_) != 0) throw std::system_error(errno, std::generic_category());
        auto now = before_;
        now.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG);
        now.c_cc[VMIN] = 1;
        now.c_cc[VTIME] = 0;
        if (::tcsetattr(STDIN_FILENO, TCSAFLUSH, &now) != 0) throw std::system_error(errno, std::generic_category());
    }
    ~Unseen() { ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_); }
    Unseen(const Unseen&) = delete;
    Unseen& operator=(const Unseen&) = delete;

private:
    termios before_{};
};

constexpr char kCtrlC = 3, kCtrlD = 4, kCtrlU = 21, kBackspace = 8, kDelete = 127;

void eraseLast(std::string& line) {
    while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xc0) == 0x80) line.pop_back(); // UTF-8
    if (!line.empty()) line.pop_back();
}

std::string readUnseen(const std::string& prompt) {
    std::string line;
    {
        const Unseen unseen; // before the prompt: whoever types at its sight is heard, and not seen
        std::cerr << prompt << ": " << std::flush;
        for (char c = 0;;) {
            const auto n = ::read(STDIN_FILENO, &c, 1);
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0 || c == kCtrlC || (c == kCtrlD && line.empty())) {
                std::cerr << '\n';
                throw std::runtime_error("cancelled");
            }
            if (c == '\n' || c == '\r' || c == kCtrlD) break;
            if (c == kBackspace || c == kDelete)
                eraseLast(line);
            else if (c == kCtrlU)
                line.clear();
            else
                line += c;
        }
    }
    std::cerr << '\n';
    return line;
}

std::string firstLine(const std::string& what) {
    std::string line;
    if (!std::getline(std::cin, line)) throw std::runtime_error("expected " + what + " on standard input");
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

bool isTerminal() { return ::isatty(STDIN_FILENO) == 1; }

} // namespace

std::string readNewPassword(const std::string& what) {
    if (!isTerminal()) return firstLine(what);
    const auto first = readUnseen(what);
    if (readUnseen(what + ", again") != first) throw std::runtime_error("these were two different ones");
    return first;
}

std::string readPassword(const std::string& what) { return isTerminal() ? readUnseen(what) : firstLine(what); }

std::string readValue(const std::string& what) {
    if (isTerminal()) return readUnseen(what);
    std::string all{std::istreambuf_iterator<char>(std::cin), {}};
    if (all.ends_with('\n')) all.pop_back();
    if (all.ends_with('\r')) all.pop_back();
    return all;
}

} // namespace talome::ctl
