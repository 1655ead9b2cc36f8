// What the host's callbacks point to. Slots are reused and never freed before the plugin's end: a late callback finds
// an empty slot, or that of another, and not freed memory.
#pragma once

#include "edge.hpp"

#include <deque>
#include <mutex>
#include <vector>

namespace talome::detail {

template <class S> class Slots;

/// The base of a slot of the kind S.
template <class S> struct Slot {
    const Areas* areas = nullptr;
    Slots<S>* home = nullptr;
    std::mutex mutex;
};

/// Any thread.
template <class S> class Slots {
public:
    S* take(const Areas& areas) {
        const std::lock_guard lock(mutex_);
        if (free_.empty()) {
            auto& slot = all_.emplace_back();
            slot.areas = &areas;
            slot.home = this;
            free_.reserve(all_.size()); // so that giveBack() needs no memory
            return &slot;
        }
        S* slot = free_.back();
        free_.pop_back();
        return slot;
    }
    void giveBack(S* slot) noexcept {
        const std::lock_guard lock(mutex_);
        free_.push_back(slot);
    }

private:
    std::mutex mutex_;
    std::vector<S*> free_; // goes after the slots, whose callbacks may hold what gives its slot back
    std::deque<S> all_;
};

} // namespace talome::detail
