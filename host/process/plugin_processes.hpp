// The programs of one plugin: which it may run, how many at once, and that none outlives it.
#pragma once

#include "host/plugins/area_state.hpp"
#include "host/process/live.hpp"
#include "host/process/run.hpp"
#include "host/process/usage.hpp"
#include "sdk/manifest/manifest.hpp"

#include <condition_variable>
#include <map>
#include <set>

namespace talome::process {

/// Any thread, unless said otherwise.
class PluginProcesses : public plugins::AreaState {
public:
    explicit PluginProcesses(talome_self&);

    void declare(const char* program, const char* summary); ///< [lifecycle] in create()
    const std::vector<manifest::Program>& programs() const { return programs_; }

    talome_process_result run(talome_call*, const talome_process_spec*, const Sinks&);
    std::uint64_t spawn(const talome_process_spec*, const talome_process_events*);
    std::shared_ptr<Live> find(std::uint64_t number); ///< throws gate::Failure GONE

    /// SIGTERM to all, and SIGKILL to what is left of them after a while; returns when nothing is.
    void stop() override;

private:
    void allow(const Spec&) const;
    void enter();
    void drop(std::uint64_t number);
    void leave(const talome_process_result*); ///< null: it did not come so far

    talome_self& self_;
    std::vector<manifest::Program> programs_;
    Usage& usage_;

    std::mutex mutex_; ///< of what follows
    std::condition_variable fewer_;
    bool stopping_ = false;
    std::size_t running_ = 0;
    std::uint64_t last_ = 0;
    std::set<Child*> runs_;
    std::map<std::uint64_t, std::shared_ptr<Live>> lives_;
};

} // namespace talome::process
