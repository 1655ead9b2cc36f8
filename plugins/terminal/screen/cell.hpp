// What stands at one place of a screen, and rows of it as text with the control sequences that draw it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace talome::terminal {

/// 0: the default; 1 to 256: of the palette, counted from 1; else 0x1000000 and RGB.
using Colour = std::uint32_t;
inline constexpr Colour kDefaultColour = 0;

struct Pen {
    Colour foreground = kDefaultColour, background = kDefaultColour;
    std::uint8_t underline = 0; ///< 0 none, 1 single, 2 double, 3 curly
    bool bold = false, italic = false, blink = false, reverse = false, strike = false;
    friend bool operator==(const Pen&, const Pen&) = default;
};

struct Cell {
    std::array<char32_t, 4> text{}; ///< a character and what combines with it; empty: a blank
    Pen pen;
    std::uint8_t width = 1; ///< 0: the right half of the wide one before
};

using Row = std::vector<Cell>;

/// Sets every attribute anew: "\e[0;1;31m".
void appendPen(std::string& out, const Pen&);
/// From the left edge on, with `pen` in force before and after it; what is empty at the end is left out.
void appendRow(std::string& out, const Row&, Pen& pen);
void appendUtf8(std::string& out, char32_t);

} // namespace talome::terminal
