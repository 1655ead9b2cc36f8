// The kinds of jobs that one generation of a plugin runs.
#pragma once

#include "host/jobs/live.hpp"
#include "sdk/manifest/manifest.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace talome::jobs {
class Offer;
}

/// One run of a job, behind the ABI's opaque pointer. Any thread while it lasts.
struct talome_job_run {
    std::shared_ptr<talome::jobs::Live> live;
    std::shared_ptr<talome::jobs::Offer> offer;
    talome::jobs::Record begun; ///< the record as the run has begun
    std::int64_t deadlineMs = 0;
    std::function<std::int64_t()> now;

    bool isLate() const { return now() >= deadlineMs; }
    inline bool isCancelled() const;
    /// After a checkpoint: another run goes on from there.
    inline bool isToPause() const;
};

namespace talome::jobs {

/// How a run ended.
struct Outcome {
    std::int32_t status = 0; ///< talome_status
    std::string words;       ///< of a failure
    std::string result;      ///< JSON; empty: none
};

struct Kind {
    manifest::Job declared;
    std::function<Outcome(talome_job_run&)> run;
};

/// The generation's code, as a call finds it.
struct Home {
    std::function<std::shared_ptr<void>()> enter; ///< keeps the code there; null: it is to go
    std::function<bool()> cancelled;              ///< whoever is inside is to leave
};

/// Any thread.
class Offer {
public:
    Offer(std::string plugin, Home home, std::vector<Kind> kinds)
        : plugin(std::move(plugin)), home(std::move(home)), kinds(std::move(kinds)) {}

    const Kind* find(std::string_view id) const {
        for (const auto& each : kinds)
            if (each.declared.id == id) return &each;
        return nullptr;
    }

    const std::string plugin;
    const Home home;
    const std::vector<Kind> kinds;
    std::atomic<bool> withdrawn{false}; ///< nothing begins any more; what can go on later ends at its next checkpoint
    std::atomic<bool> cancelled{false}; ///< what runs is to end at once
};

} // namespace talome::jobs

bool talome_job_run::isCancelled() const {
    return live->cancelAsked() || offer->cancelled || offer->home.cancelled() || isLate();
}
bool talome_job_run::isToPause() const { return begun.resumable && offer->withdrawn; }
