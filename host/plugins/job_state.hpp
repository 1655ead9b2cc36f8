// What talome.tasks runs of a plugin's jobs: the kinds that it has declared, from activate() to its last run.
#pragma once

#include "host/jobs/jobs.hpp"
#include "host/plugins/self.hpp"

namespace talome::plugins {

/// The lifecycle thread leads it. Jobs that run when it is quiesced hold the plugin as calls in flight do.
class JobState : public AreaState {
public:
    explicit JobState(talome_self& self) : self_(self) {}

    void activate() override;
    void quiesce() override;
    void endCalls() override;

private:
    jobs::Outcome run(const DeclaredJob&, talome_job_run&);

    talome_self& self_;
    std::vector<std::shared_ptr<jobs::Offer>> offers_; ///< one for each activate(); the last is in force
};

// The functions of talome_tasks.
talome_status declareJob(talome_self*, const talome_job*) noexcept;
talome_status startJob(talome_self*, talome_call*, talome_str kind, talome_bytes input, talome_str title, talome_sink,
                       void* to) noexcept;
talome_str jobId(const talome_job_run*) noexcept;
talome_bytes jobResumed(const talome_job_run*) noexcept;
talome_status jobProgress(talome_job_run*, const talome_job_progress*) noexcept;
talome_status jobLog(talome_job_run*, int32_t level, talome_str line) noexcept;
talome_status jobCheckpoint(talome_job_run*, talome_bytes json) noexcept;

} // namespace talome::plugins
