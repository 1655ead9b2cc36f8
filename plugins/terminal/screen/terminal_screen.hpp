// The screen that a session's output has drawn, as libvterm reads it, with what has scrolled off; and the text that
// draws the same screen again in any terminal that starts from nothing. The same text makes another TerminalScreen like
// this one, so it is also the form in which a screen is kept.
#pragma once

#include "screen/cell.hpp"
#include "screen/escape_tracker.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vterm.h>

namespace talome::terminal {

/// One thread.
class TerminalScreen {
public:
    /// `scrollback`: bytes of memory for what has scrolled off, as text. 1 to 200 rows, 2 to 500 columns.
    TerminalScreen(int rows, int cols, std::size_t scrollback);
    TerminalScreen(const TerminalScreen&) = delete;
    TerminalScreen& operator=(const TerminalScreen&) = delete;

    void write(std::string_view bytes);
    void resize(int rows, int cols);
    int rows() const { return rows_; }
    int cols() const { return cols_; }

    /// What a terminal answers to questions in the output (where is the cursor? what are you?).
    std::function<void(std::string_view)> onAnswer;

    /// Clears the other terminal and draws scrollback, screen, cursor, colours and modes. What follows in the output
    /// can be sent right after it, also from within a control sequence.
    std::string redraw() const;
    /// The lines of scrollback and screen, without colours.
    std::string plainText() const;

private:
    struct Grid {
        std::vector<Row> rows;
    };
    struct Freed {
        void operator()(VTerm* terminal) const { vterm_free(terminal); }
    };

    Grid& active() { return alternate_ ? grids_[1] : grids_[0]; }
    const Grid& active() const { return alternate_ ? grids_[1] : grids_[0]; }
    Cell emptied() const;
    bool clip(VTermRect&) const;
    void push(Row&& row);
    Row blankRow();
    void shrinkTo(Grid&, int rows, int cursor, bool keeps, int& delta);

    // libvterm's callbacks.
    int putGlyph(const VTermGlyphInfo&, VTermPos);
    int scroll(VTermRect, int downward, int rightward);
    int move(VTermRect to, VTermRect from);
    int erase(VTermRect);
    int setPen(VTermAttr, const VTermValue&);
    int setProperty(VTermProp, const VTermValue&);
    int resized(int rows, int cols, VTermPos& delta);
    static const VTermStateCallbacks kCallbacks;
    static TerminalScreen& of(void* user) { return *static_cast<TerminalScreen*>(user); }

    std::unique_ptr<VTerm, Freed> terminal_;
    VTermState* state_ = nullptr;
    EscapeTracker tracker_;
    int rows_, cols_;
    Grid grids_[2]; ///< the usual screen and the alternate one
    bool alternate_ = false;
    Pen pen_;
    VTermPos cursor_{0, 0};
    VTermPos glyph_{-1, -1};                      ///< where the last character was put
    bool cursorVisible_ = true, phantom_ = false; ///< phantom: the last column is written, the next character wraps
    int cursorShape_ = VTERM_PROP_CURSORSHAPE_BLOCK;
    bool cursorBlinks_ = true;
    const std::size_t scrollback_;
    std::deque<std::string> older_; ///< lines that scrolled off, as text
    std::size_t olderBytes_ = 0;
    Row spare_;              ///< memory of a row that is no more
    std::deque<Row> recent_; ///< the last ones, which come back when the screen grows
};

} // namespace talome::terminal
