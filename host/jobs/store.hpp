// The jobs in host.db. What a method has returned from survives a power cut.
#pragma once

#include "host/jobs/job.hpp"
#include "host/settings/seal.hpp"
#include "host/storage/database.hpp"

#include <optional>
#include <string>
#include <vector>

namespace talome::jobs {

/// What a list shows. Empty: all.
struct Filter {
    std::string userId;
    std::optional<State> state;
    std::string kind, plugin;
};

/// Any thread. Inputs, checkpoints and results are sealed: they may hold what a user has typed.
class Store {
public:
    Store(storage::Database& database, settings::Seal seal) : database_(database), seal_(std::move(seal)) {}

    void insert(const Record&);
    /// What changes while it lives, and the new events; of older ones only kMostEvents stay. `checkpoint`: that too.
    void update(const Record&, const std::vector<Event>& added, bool checkpoint = false);
    void remove(const std::string& id);
    /// Those that are over for too long, or are too many.
    void prune(std::int64_t now);

    std::optional<Record> byId(const std::string& id) const;
    /// The id of the job that was begun with this key since then.
    std::optional<std::string> byKey(const std::string& userId, const std::string& kind, const std::string& key,
                                     std::int64_t since) const;
    std::vector<Record> unfinished() const; ///< the oldest first
    /// The newest first, without what is sealed.
    std::vector<Record> list(const Filter&, int limit, int offset) const;
    std::int64_t count(const Filter&) const;
    /// The kept ones, "status" and "log", whose number is higher.
    std::vector<Event> events(const std::string& id, std::int64_t after) const;

private:
    Record recordOf(const storage::Row&, bool whole) const;
    std::string open(const Record&, const char* what, const storage::Value&) const;
    storage::Value close(const Record&, const char* what, const std::string& plain) const;

    storage::Database& database_;
    const settings::Seal seal_;
};

} // namespace talome::jobs
