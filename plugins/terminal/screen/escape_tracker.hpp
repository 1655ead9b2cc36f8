// Follows a terminal's output only as far as to know where a control sequence is under way, and which modes have been
// set (ECMA-48; DEC's VT510 manual for the private modes). libvterm knows both, but does not tell.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace talome::terminal {

class EscapeTracker {
public:
    /// Private modes whose loss would be seen by who attaches later. Alternate screens and the cursor's visibility are
    /// libvterm's.
    static constexpr std::array kKept = {1, 5, 6, 7, 9, 66, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004};

    void feed(std::string_view bytes);

    /// The bytes of a sequence, or of a character in UTF-8, that has begun and not ended; empty between two.
    const std::string& unfinished() const { return unfinished_; }

    /// Those of kKept that are not as they usually are (CSI ? n h and l).
    const std::map<int, bool>& modes() const { return modes_; }
    bool insertMode() const { return insert_; }
    bool keypadMode() const { return keypad_; }
    /// DECSTBM, counted from 1; 0: the whole screen.
    int top() const { return top_; }
    int bottom() const { return bottom_; }
    void forgetMargins() { top_ = bottom_ = 0; }

private:
    enum class State { ground, escape, intermediate, csi, text, textEscape, utf8 };

    void byte(unsigned char c);
    void ground(unsigned char c);
    void endCsi(unsigned char final);
    void reset();
    void finish() {
        state_ = State::ground;
        unfinished_.clear();
    }

    State state_ = State::ground;
    int wanted_ = 0; ///< bytes that the character still needs
    std::string unfinished_;
    std::map<int, bool> modes_;
    bool insert_ = false, keypad_ = false;
    int top_ = 0, bottom_ = 0;
};

} // namespace talome::terminal
