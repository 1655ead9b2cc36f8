// Jobs as their users see them: /api/jobs.
#pragma once

#include "host/jobs/jobs.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <talome/plugin.hpp>

namespace talome::api {

struct JobQuery {
    std::optional<std::string> status, kind, plugin;
    int limit = 0, offset = 0;
};
BOOST_DESCRIBE_STRUCT(JobQuery, (), (status, kind, plugin, limit, offset))

struct JobId {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(JobId, (), (id))

struct JobInfo {
    std::string id, kind, plugin, title;
    jobs::State status{};
    std::string userId, username, origin;
    bool resumable = false, cancelling = false;
    unsigned attempts = 0;
    std::optional<jobs::Progress> progress;
    std::optional<boost::json::value> result; ///< of one alone, and done
    std::optional<std::string> error;
    std::optional<int> errorStatus; ///< what a call that fails so would be answered
    std::string createdAt;
    std::optional<std::string> startedAt, endedAt;
};
BOOST_DESCRIBE_STRUCT(JobInfo, (),
                      (id, kind, plugin, title, status, userId, username, origin, resumable, cancelling, attempts,
                       progress, result, error, errorStatus, createdAt, startedAt, endedAt))

/// Any thread.
class Jobs {
public:
    Jobs(Registry&, jobs::Jobs&);

private:
    class Follower;

    std::vector<JobInfo> list(Call&, const JobQuery&);
    JobInfo get(Call&, const JobId&) const;
    void cancel(Call&, const JobId&);
    void events(Call&, const JobId&, Exchange&);
    /// Throws NotFound, for those of others too.
    jobs::Record find(Call&, const std::string& id) const;

    jobs::Jobs& jobs_;
    std::mutex mutex_;
    std::map<std::uint64_t, std::shared_ptr<Follower>> followers_;
    std::uint64_t nextFollower_ = 1;
};

} // namespace talome::api
