// A set of records by name that only grows, up to a limit: found without a lock by any number of threads.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace talome::http {

/// Any thread. A `Record` is made by Record(std::string name, std::size_t index), has `name`, and stays where it is
/// until the table ends. The record of the empty name, with index 0, is always there; it also stands for all names
/// above the limit, so that nobody can use up the memory by inventing names.
template <class Record> class NameTable {
public:
    explicit NameTable(std::size_t most)
        : most_(most), mask_(std::bit_ceil(most * 2) - 1), slots_(new std::atomic<Record*>[mask_ + 1]),
          none_(std::make_unique<Record>(std::string(), 0)) {
        for (std::size_t i = 0; i <= mask_; ++i) slots_[i].store(nullptr, std::memory_order_relaxed);
    }

    Record& operator[](std::string_view name) noexcept {
        if (name.empty()) return *none_;
        auto at = std::hash<std::string_view>()(name) & mask_;
        if (auto* record = walk(name, at)) return *record;
        try {
            return insert(name);
        } catch (const std::bad_alloc&) {
            return *none_; // counted, but not under its name
        }
    }

    /// In the order of their index.
    template <class Visit> void forEach(Visit visit) const {
        const std::lock_guard lock(mutex_);
        visit(*none_);
        for (const auto& record : records_) visit(*record);
    }

private:
    /// From `at` on to the record, or to the free slot where it would stand. There is one: half of them stay free.
    Record* walk(std::string_view name, std::size_t& at) const noexcept {
        for (;; at = (at + 1) & mask_) {
            auto* record = slots_[at].load(std::memory_order_acquire);
            if (!record || record->name == name) return record;
        }
    }

    Record& insert(std::string_view name) {
        const std::lock_guard lock(mutex_);
        auto at = std::hash<std::string_view>()(name) & mask_;
        if (auto* record = walk(name, at)) return *record;
        if (records_.size() == most_) return *none_;
        records_.push_back(std::make_unique<Record>(std::string(name), records_.size() + 1));
        slots_[at].store(records_.back().get(), std::memory_order_release);
        return *records_.back();
    }

    const std::size_t most_, mask_;
    const std::unique_ptr<std::atomic<Record*>[]> slots_;
    const std::unique_ptr<Record> none_; ///< of the empty name
    mutable std::mutex mutex_;           ///< of records_, and of stores to slots_
    std::vector<std::unique_ptr<Record>> records_;
};

} // namespace talome::http
