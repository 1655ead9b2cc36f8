#include "screen/escape_tracker.hpp"

#include <algorithm>
#include <vector>

namespace talome::terminal {

namespace {

constexpr std::size_t kMostUnfinished = 4096; // a longer one (a picture, say) is not kept

constexpr unsigned char kEscape = 0x1b, kBell = 7, kCancel = 0x18, kSubstitute = 0x1a;

/// "1;23" as numbers; what is none is 0.
std::vector<int> numbers(std::string_view text) {
    std::vector<int> list{0};
    for (const char c : text) {
        if (c >= '0' && c <= '9')
            list.back() = std::min(list.back() * 10 + (c - '0'), 100'000);
        else if (list.size() < 32)
            list.push_back(0);
    }
    return list;
}

} // namespace

void EscapeTracker::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        if (state_ == State::ground) { // most of all output is plain text
            const auto plain = std::find_if(bytes.begin(), bytes.end(), [](char each) {
                const auto c = static_cast<unsigned char>(each);
                return c == kEscape || c >= 0x80;
            });
            bytes.remove_prefix(static_cast<std::size_t>(plain - bytes.begin()));
            if (bytes.empty()) return;
        }
        byte(static_cast<unsigned char>(bytes.front()));
        bytes.remove_prefix(1);
    }
}

void EscapeTracker::byte(unsigned char c) {
    if (state_ == State::ground) return ground(c);
    if (c == kCancel || c == kSubstitute) return finish();
    if (unfinished_.size() < kMostUnfinished) unfinished_ += static_cast<char>(c);
    switch (state_) {
    case State::utf8:
        if ((c & 0xc0) != 0x80) { // it was none: this byte begins something of its own
            finish();
            return ground(c);
        }
        if (--wanted_ == 0) finish();
        return;
    case State::escape:
        if (c == '[')
            state_ = State::csi;
        else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_')
            state_ = State::text;
        else if (c >= 0x20 && c <= 0x2f)
            state_ = State::intermediate;
        else if (c != kEscape) {
            if (c == 'c') reset();
            if (c == '=' || c == '>') keypad_ = c == '=';
            finish();
        }
        return;
    case State::intermediate:
        if (c >= 0x30) finish();
        return;
    case State::csi:
        if (c == kEscape) {
            unfinished_.assign(1, static_cast<char>(c));
            state_ = State::escape;
        } else if (c >= 0x40 && c <= 0x7e) {
            endCsi(c);
            finish();
        }
        return;
    case State::text:
        if (c == kBell) finish();
        if (c == kEscape) state_ = State::textEscape;
        return;
    case State::textEscape: // ESC \ ends the text; anything else begins a sequence
        if (c == '\\') return finish();
        unfinished_ = {static_cast<char>(kEscape)};
        state_ = State::escape;
        return byte(c);
    case State::ground:
        return;
    }
}

void EscapeTracker::ground(unsigned char c) {
    if (c == kEscape) {
        state_ = State::escape;
    } else if (c >= 0xc2 && c <= 0xf4) {
        state_ = State::utf8;
        wanted_ = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    } else {
        return;
    }
    unfinished_.assign(1, static_cast<char>(c));
}

void EscapeTracker::endCsi(unsigned char final) {
    std::string_view text(unfinished_);
    text.remove_prefix(2);
    text.remove_suffix(1);
    const bool isPrivate = text.starts_with('?');
    if (isPrivate) text.remove_prefix(1);
    if (final == 'p' && text == "!") return reset();
    const auto list = numbers(text);
    if (final == 'h' || final == 'l') {
        for (const int mode : list) {
            if (!isPrivate && mode == 4) insert_ = final == 'h';
            if (!isPrivate || std::find(kKept.begin(), kKept.end(), mode) == kKept.end()) continue;
            const bool on = final == 'h', usual = mode == 7; // a line that is full goes on in the next one
            if (on == usual)
                modes_.erase(mode);
            else
                modes_[mode] = on;
        }
    } else if (final == 'r' && !isPrivate) {
        top_ = list[0];
        bottom_ = list.size() > 1 ? list[1] : 0;
    }
}

void EscapeTracker::reset() {
    modes_.clear();
    insert_ = keypad_ = false;
    forgetMargins();
}

} // namespace talome::terminal
