#include "screen/terminal_screen.hpp"

#include <algorithm>
#include <utility>

namespace talome::terminal {

namespace {

constexpr std::size_t kRecent = 100;                 // rows
constexpr std::size_t kOfLine = sizeof(std::string); // that a line costs besides its text

Colour colourOf(const VTermColor& colour) {
    if (VTERM_COLOR_IS_DEFAULT_FG(&colour) || VTERM_COLOR_IS_DEFAULT_BG(&colour)) return kDefaultColour;
    if (VTERM_COLOR_IS_INDEXED(&colour)) return colour.indexed.idx + 1u;
    return 0x1000000u | static_cast<Colour>(colour.rgb.red << 16 | colour.rgb.green << 8 | colour.rgb.blue);
}

std::size_t at(int i) { return static_cast<std::size_t>(i); }

} // namespace

const VTermStateCallbacks TerminalScreen::kCallbacks = {
    [](VTermGlyphInfo* info, VTermPos pos, void* user) { return of(user).putGlyph(*info, pos); },
    [](VTermPos pos, VTermPos, int, void* user) {
        auto& screen = of(user);
        screen.cursor_ = pos;
        screen.phantom_ = screen.phantom_ && pos.row == screen.glyph_.row && pos.col == screen.glyph_.col;
        return 1;
    },
    [](VTermRect rect, int downward, int rightward, void* user) { return of(user).scroll(rect, downward, rightward); },
    [](VTermRect to, VTermRect from, void* user) { return of(user).move(to, from); },
    [](VTermRect rect, int, void* user) { return of(user).erase(rect); },
    [](void* user) {
        of(user).pen_ = {};
        return 1;
    },
    [](VTermAttr attribute, VTermValue* value, void* user) { return of(user).setPen(attribute, *value); },
    [](VTermProp property, VTermValue* value, void* user) { return of(user).setProperty(property, *value); },
    nullptr, // the bell is in the output
    [](int rows, int cols, VTermPos* delta, void* user) { return of(user).resized(rows, cols, *delta); },
    nullptr,
};

TerminalScreen::TerminalScreen(int rows, int cols, std::size_t scrollback)
    : terminal_(vterm_new(rows, cols)), rows_(rows), cols_(cols), scrollback_(scrollback) {
    if (!terminal_) throw std::bad_alloc();
    for (auto& grid : grids_) grid.rows.assign(at(rows), Row(at(cols)));
    vterm_set_utf8(terminal_.get(), 1);
    vterm_output_set_callback(
        terminal_.get(),
        [](const char* bytes, std::size_t size, void* user) {
            if (of(user).onAnswer) of(user).onAnswer({bytes, size});
        },
        this);
    state_ = vterm_obtain_state(terminal_.get());
    vterm_state_set_callbacks(state_, &kCallbacks, this);
    vterm_state_reset(state_, 1);
}

void TerminalScreen::write(std::string_view bytes) {
    tracker_.feed(bytes);
    vterm_input_write(terminal_.get(), bytes.data(), bytes.size());
}

void TerminalScreen::resize(int rows, int cols) {
    if (rows == rows_ && cols == cols_) return;
    vterm_set_size(terminal_.get(), rows, cols);
    tracker_.forgetMargins(); // as libvterm does
}

Cell TerminalScreen::emptied() const {
    Cell cell;
    cell.pen.background = pen_.background;
    return cell;
}

int TerminalScreen::putGlyph(const VTermGlyphInfo& info, VTermPos pos) {
    if (pos.row < 0 || pos.row >= rows_ || pos.col < 0 || pos.col >= cols_) return 0;
    Row& row = active().rows[at(pos.row)];
    // Half of a wide character that is written over goes with its other half.
    if (row[at(pos.col)].width == 0 && pos.col > 0) row[at(pos.col - 1)] = Cell{{}, row[at(pos.col - 1)].pen, 1};
    const int after = pos.col + info.width;
    if (after < cols_ && row[at(after)].width == 0) row[at(after)] = Cell{{}, row[at(after)].pen, 1};
    Cell& cell = row[at(pos.col)];
    cell = Cell{{}, pen_, static_cast<std::uint8_t>(std::max(info.width, 1))};
    for (std::size_t i = 0; i < cell.text.size() && info.chars[i]; ++i) cell.text[i] = info.chars[i];
    for (int i = pos.col + 1; i < std::min(after, cols_); ++i) row[at(i)] = Cell{{}, pen_, 0};
    phantom_ = after >= cols_;
    glyph_ = pos;
    return 1;
}

/// To what there is of it; false: nothing.
bool TerminalScreen::clip(VTermRect& rect) const {
    rect.start_row = std::max(rect.start_row, 0);
    rect.start_col = std::max(rect.start_col, 0);
    rect.end_row = std::min(rect.end_row, rows_);
    rect.end_col = std::min(rect.end_col, cols_);
    return rect.start_row < rect.end_row && rect.start_col < rect.end_col;
}

void TerminalScreen::push(Row&& row) {
    recent_.push_back(std::move(row));
    if (recent_.size() <= kRecent) return;
    std::string line;
    Pen pen;
    appendRow(line, recent_.front(), pen);
    if (!(pen == Pen{})) line += "\x1b[0m";
    spare_ = std::move(recent_.front());
    recent_.pop_front();
    olderBytes_ += line.size() + kOfLine;
    older_.push_back(std::move(line));
    while (olderBytes_ > scrollback_ && !older_.empty()) {
        olderBytes_ -= older_.front().size() + kOfLine;
        older_.pop_front();
    }
}

Row TerminalScreen::blankRow() {
    Row row = std::exchange(spare_, Row());
    row.assign(at(cols_), emptied());
    return row;
}

int TerminalScreen::scroll(VTermRect rect, int downward, int rightward) {
    if (!clip(rect)) return 1;
    const bool wholeRows = rect.start_col == 0 && rect.end_col == cols_ && rightward == 0;
    if (!wholeRows || downward == 0) {
        vterm_scroll_rect(
            rect, downward, rightward, [](VTermRect to, VTermRect from, void* user) { return of(user).move(to, from); },
            [](VTermRect area, int, void* user) { return of(user).erase(area); }, this);
        return 1;
    }
    auto& rows = active().rows;
    const auto begin = rows.begin() + rect.start_row, end = rows.begin() + rect.end_row;
    const int n = std::min(std::abs(downward), rect.end_row - rect.start_row);
    if (downward > 0) {
        if (rect.start_row == 0 && !alternate_)
            for (int i = 0; i < n; ++i) push(std::exchange(rows[at(i)], Row()));
        std::rotate(begin, begin + n, end);
        std::generate(end - n, end, [this] { return blankRow(); });
    } else {
        std::rotate(begin, end - n, end);
        std::generate(begin, begin + n, [this] { return blankRow(); });
    }
    return 1;
}

int TerminalScreen::move(VTermRect to, VTermRect from) {
    auto& rows = active().rows;
    if (!clip(to) || !clip(from)) return 1;
    const int height = std::min(from.end_row - from.start_row, to.end_row - to.start_row);
    const int width = std::min(from.end_col - from.start_col, to.end_col - to.start_col);
    const bool down = to.start_row > from.start_row;
    for (int i = 0; i < height; ++i) {
        const int k = down ? height - 1 - i : i;
        Row& source = rows[at(from.start_row + k)];
        Row& target = rows[at(to.start_row + k)];
        const auto first = source.begin() + from.start_col, last = first + width;
        if (to.start_col <= from.start_col)
            std::copy(first, last, target.begin() + to.start_col);
        else
            std::copy_backward(first, last, target.begin() + to.start_col + width);
    }
    return 1;
}

int TerminalScreen::erase(VTermRect rect) {
    if (!clip(rect)) return 1;
    for (int i = rect.start_row; i < rect.end_row; ++i) {
        Row& row = active().rows[at(i)];
        std::fill(row.begin() + rect.start_col, row.begin() + rect.end_col, emptied());
    }
    return 1;
}

int TerminalScreen::setPen(VTermAttr attribute, const VTermValue& value) {
    switch (attribute) {
    case VTERM_ATTR_BOLD:
        pen_.bold = value.boolean != 0;
        break;
    case VTERM_ATTR_UNDERLINE:
        pen_.underline = static_cast<std::uint8_t>(value.number);
        break;
    case VTERM_ATTR_ITALIC:
        pen_.italic = value.boolean != 0;
        break;
    case VTERM_ATTR_BLINK:
        pen_.blink = value.boolean != 0;
        break;
    case VTERM_ATTR_REVERSE:
        pen_.reverse = value.boolean != 0;
        break;
    case VTERM_ATTR_STRIKE:
        pen_.strike = value.boolean != 0;
        break;
    case VTERM_ATTR_FOREGROUND:
        pen_.foreground = colourOf(value.color);
        break;
    case VTERM_ATTR_BACKGROUND:
        pen_.background = colourOf(value.color);
        break;
    default:
        return 0;
    }
    return 1;
}

int TerminalScreen::setProperty(VTermProp property, const VTermValue& value) {
    switch (property) {
    case VTERM_PROP_CURSORVISIBLE:
        cursorVisible_ = value.boolean != 0;
        break;
    case VTERM_PROP_CURSORSHAPE:
        cursorShape_ = value.number;
        break;
    case VTERM_PROP_CURSORBLINK:
        cursorBlinks_ = value.boolean != 0;
        break;
    case VTERM_PROP_ALTSCREEN:
        if (value.boolean && !alternate_) grids_[1].rows.assign(at(rows_), Row(at(cols_)));
        alternate_ = value.boolean != 0;
        if (!alternate_) grids_[1].rows.clear(), grids_[1].rows.shrink_to_fit();
        break;
    default:
        break;
    }
    return 1;
}

/// Rows below the cursor go first, then those at the top, which are kept if the grid has scrollback.
void TerminalScreen::shrinkTo(Grid& grid, int rows, int cursor, bool keeps, int& delta) {
    while (static_cast<int>(grid.rows.size()) > rows) {
        if (static_cast<int>(grid.rows.size()) > cursor + delta + 1) {
            grid.rows.pop_back();
        } else {
            if (keeps) push(std::move(grid.rows.front()));
            grid.rows.erase(grid.rows.begin());
            --delta;
        }
    }
}

int TerminalScreen::resized(int rows, int cols, VTermPos& delta) {
    int moved = 0;
    for (int i = 0; i < 2; ++i) {
        Grid& grid = grids_[i];
        if (i == 1 && !alternate_) continue;
        const bool isActive = (i == 1) == alternate_;
        int change = 0;
        shrinkTo(grid, rows, isActive ? cursor_.row : rows - 1, i == 0, change);
        // A screen that grows while the cursor is in its last row takes back what has scrolled off.
        while (static_cast<int>(grid.rows.size()) < rows) {
            const bool atEnd = isActive && cursor_.row + change + 1 >= static_cast<int>(grid.rows.size());
            if (i == 0 && atEnd && !recent_.empty()) {
                grid.rows.insert(grid.rows.begin(), std::move(recent_.back()));
                recent_.pop_back();
                ++change;
            } else {
                grid.rows.emplace_back();
            }
        }
        for (Row& row : grid.rows) {
            row.resize(at(cols));
            if (row.back().width > 1) row.back() = Cell{}; // its other half is gone
        }
        if (isActive) moved = change;
    }
    rows_ = rows;
    cols_ = cols;
    delta.row += moved;
    return 1;
}

std::string TerminalScreen::redraw() const {
    std::string out = "\x1b[?1049l\x1b[0m\x1b[4l\x1b>\x1b[?7h\x1b[?25h\x1b[0 q";
    for (const int mode : EscapeTracker::kKept)
        if (mode != 7) out += "\x1b[?" + std::to_string(mode) + 'l';
    out += "\x1b[r\x1b[H\x1b[2J\x1b[3J";
    Pen pen;
    const auto line = [&](const Row& row) {
        appendRow(out, row, pen);
        if (!(pen == Pen{})) out += "\x1b[0m";
        pen = {};
    };
    for (const auto& text : older_) out.append(text).append("\r\n");
    for (const auto& row : recent_) {
        line(row);
        out += "\r\n";
    }
    const auto draw = [&](const Grid& grid) {
        for (std::size_t i = 0; i < grid.rows.size(); ++i) {
            if (i > 0) out += "\r\n";
            line(grid.rows[i]);
        }
    };
    draw(grids_[0]);
    if (alternate_) {
        out += "\x1b[?1049h\x1b[H";
        draw(grids_[1]);
    }
    for (const auto& [mode, on] : tracker_.modes())
        if (mode != 6) out += "\x1b[?" + std::to_string(mode) + (on ? 'h' : 'l');
    if (tracker_.insertMode()) out += "\x1b[4h";
    if (tracker_.keypadMode()) out += "\x1b=";
    const int top = std::max(tracker_.top(), 1);
    if (tracker_.top() || tracker_.bottom())
        out +=
            "\x1b[" + std::to_string(top) + ';' + std::to_string(tracker_.bottom() ? tracker_.bottom() : rows_) + 'r';
    if (!(cursorShape_ == VTERM_PROP_CURSORSHAPE_BLOCK && cursorBlinks_))
        out += "\x1b[" + std::to_string(2 * cursorShape_ - (cursorBlinks_ ? 1 : 0)) + " q";
    const auto origin = tracker_.modes().find(6);
    const bool relative = origin != tracker_.modes().end() && origin->second;
    if (relative) out += "\x1b[?6h";
    const Row& row = active().rows[at(cursor_.row)];
    int col = cursor_.col;
    if (phantom_ && col > 0 && row[at(col)].width == 0) --col; // the left half of a wide one
    out += "\x1b[" + std::to_string(cursor_.row + 1 - (relative ? top - 1 : 0)) + ';' + std::to_string(col + 1) + 'H';
    if (phantom_) {
        Row last(row.begin() + col, row.end());
        Pen none;
        appendRow(out, last, none); // written again, it waits for the next character as it did
    }
    appendPen(out, pen_);
    if (!cursorVisible_) out += "\x1b[?25l";
    return out.append(tracker_.unfinished());
}

std::string TerminalScreen::plainText() const {
    std::string out;
    const auto skim = [&out](std::string_view text) { // of a line of scrollback: its colours are left out
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\x1b')
                i = text.find('m', i);
            else
                out += text[i];
        }
        out += '\n';
    };
    for (const auto& text : older_) skim(text);
    const auto add = [&](const Row& row) {
        Pen pen;
        std::string text;
        appendRow(text, row, pen);
        skim(text);
    };
    for (const Row& row : recent_) add(row);
    for (const Row& row : active().rows) add(row);
    return out;
}

} // namespace talome::terminal
