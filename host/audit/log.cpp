// The audit log: appending.
#include "host/audit/log.hpp"

#include "host/audit/tables.hpp"
#include "host/log/log.hpp"

#include <algorithm>

namespace talome::audit {

namespace {

constexpr std::size_t kMostAtOnce = 256; // rows of one transaction

std::int64_t lastId(storage::Database& database) {
    return std::get<std::int64_t>(database.rows("SELECT coalesce(max(id), 0) FROM audit_log")[0][0]);
}

} // namespace

Log::Log(std::filesystem::path file, std::string key, Now now)
    : now_(std::move(now)), chain_(std::move(key)), database_(file, storage::Durability::powerCut),
      reader_((makeTables(database_, chain_), std::move(file)), storage::Durability::powerCut) {
    head();
}

/// From where the chain goes on. What does not fit is left as it is, for verify() to tell.
End Log::head() {
    if (head_) return *head_;
    const auto last = lastId(database_);
    const auto found = readEnd(database_, chain_, kHead);
    if (found.sealed) {
        head_ = found.end;
        if (last != head_->id)
            log::error("audit", "rows of the audit log were removed or added: the last one is " + std::to_string(last) +
                                    ", and " + std::to_string(head_->id) + " was written");
        head_->id = std::max(head_->id, last);
    } else {
        head_ = End{std::max(last, found.end.id) + 1, std::string(32, '\0')}; // a row that will never be there
        log::error("audit", "the audit log's end is not the one that was written, or was written with another secret");
    }
    return *head_;
}

void Log::append(Entry entry) {
    Waiting mine{bounded(std::move(entry)), false, nullptr};
    if (mine.entry.at == 0) mine.entry.at = now_();
    std::unique_lock lock(mutex_);
    waiting_.push_back(&mine);
    while (!mine.done) {
        if (writing_)
            written_.wait(lock);
        else
            writeNext(lock);
    }
    if (mine.error) std::rethrow_exception(mine.error);
}

void Log::writeNext(std::unique_lock<std::mutex>& lock) {
    const auto n = std::min(waiting_.size(), kMostAtOnce);
    const std::vector<Waiting*> batch(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n));
    writing_ = true;
    lock.unlock();
    std::exception_ptr error;
    try {
        write(batch);
    } catch (...) { // told to each of those who wait
        error = std::current_exception();
        head_.reset(); // whether it was committed is not known: it is read again
    }
    lock.lock();
    writing_ = false;
    for (auto* each : batch) {
        each->error = error;
        each->done = true;
    }
    written_.notify_all();
}

void Log::write(std::span<Waiting* const> batch) {
    auto end = head();
    database_.transaction([&] {
        for (const auto* each : batch) {
            Row row{end.id + 1, each->entry, {}};
            row.mac = chain_.mac(end.mac, row.id, row.entry);
            insert(database_, row);
            end = {row.id, std::move(row.mac)};
        }
        writeEnd(database_, chain_, kHead, end);
        return true;
    });
    head_ = std::move(end);
}

} // namespace talome::audit
