#include "screen/cell.hpp"

namespace talome::terminal {

namespace {

void appendColour(std::string& out, Colour colour, bool background) {
    if (colour == kDefaultColour) return;
    if (colour <= 8) {
        out += ';' + std::to_string((background ? 40 : 30) + static_cast<int>(colour - 1));
    } else if (colour <= 16) {
        out += ';' + std::to_string((background ? 100 : 90) + static_cast<int>(colour - 9));
    } else if (colour <= 256) {
        out += (background ? ";48;5;" : ";38;5;") + std::to_string(colour - 1);
    } else {
        out += background ? ";48;2;" : ";38;2;";
        out += std::to_string(colour >> 16 & 255) + ';' + std::to_string(colour >> 8 & 255) + ';' +
               std::to_string(colour & 255);
    }
}

bool showsNothing(const Cell& cell) {
    return cell.text[0] == 0 && cell.width == 1 && cell.pen.background == kDefaultColour && !cell.pen.reverse &&
           cell.pen.underline == 0 && !cell.pen.strike;
}

} // namespace

void appendUtf8(std::string& out, char32_t c) {
    const auto low = [&](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xc0 | c >> 6);
        low(0);
    } else if (c < 0x10000) {
        out += static_cast<char>(0xe0 | c >> 12);
        low(6), low(0);
    } else {
        out += static_cast<char>(0xf0 | c >> 18);
        low(12), low(6), low(0);
    }
}

void appendPen(std::string& out, const Pen& pen) {
    out += "\x1b[0";
    if (pen.bold) out += ";1";
    if (pen.italic) out += ";3";
    if (pen.underline == 1) out += ";4";
    if (pen.underline == 2) out += ";21";
    if (pen.underline == 3) out += ";4:3";
    if (pen.blink) out += ";5";
    if (pen.reverse) out += ";7";
    if (pen.strike) out += ";9";
    appendColour(out, pen.foreground, false);
    appendColour(out, pen.background, true);
    out += 'm';
}

void appendRow(std::string& out, const Row& row, Pen& pen) {
    std::size_t end = row.size();
    while (end > 0 && showsNothing(row[end - 1])) --end;
    for (std::size_t i = 0; i < end; ++i) {
        const Cell& cell = row[i];
        if (cell.width == 0) continue;
        if (!(cell.pen == pen)) {
            pen = cell.pen;
            appendPen(out, pen);
        }
        if (cell.text[0] == 0) out += ' ';
        for (const char32_t c : cell.text) {
            if (c == 0) break;
            appendUtf8(out, c);
        }
    }
}

} // namespace talome::terminal
