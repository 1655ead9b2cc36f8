// One life of a plugin: from its code to its last call. A plugin that is replaced has two for a while.
#pragma once

#include "host/plugins/code.hpp"
#include "host/plugins/lifecycle_thread.hpp"
#include "host/plugins/self.hpp"

#include <memory>
#include <set>
#include <string>

namespace talome::plugins {

/// Called by the manager's thread; the plugin's own functions run on the lifecycle thread. What a step fails with is
/// thrown, with words for whoever reads the reason; then finish() is all that may follow.
class Generation {
public:
    Generation(std::shared_ptr<Code>, const Services&, LifecycleThread&, std::shared_ptr<Budget>);
    /// Finishes it, if that was not done.
    ~Generation();
    Generation(const Generation&) = delete;
    Generation& operator=(const Generation&) = delete;

    const manifest::Manifest& manifest() const { return code_->manifest(); }
    const std::shared_ptr<Code>& code() const { return code_; }
    talome_self& self() { return *self_; }
    const talome_self& self() const { return *self_; }
    /// What it offers. Throws std::invalid_argument if a schema is not acceptable.
    using Endpoints = std::vector<std::shared_ptr<const gate::Endpoint>>;
    const Endpoints& endpoints();

    void create();
    /// Its settings are declared and its database is migrated by now.
    void start();
    void activate(const std::set<std::string>& listening = {});
    /// Takes back what activate() has begun, also if that failed. Never fails; one that does not return in time is left
    /// behind, and so is the generation then.
    void quiesce(const std::set<std::string>& listening = {});
    /// After the last call has left: stops and destroys it. Never fails.
    void finish();
    /// Somebody is inside who does not leave: instead of finish(), it stays as it is.
    void abandon();
    /// One of its functions has never returned: its objects and code stay for as long as the process.
    bool leftBehind() const { return leftBehind_; }

private:
    void run(const char* what, std::function<talome_status()> body);
    void endWhatIsLeft() noexcept; ///< of one that is left behind: its programs, tasks and places in the host

    std::shared_ptr<Code> code_;
    LifecycleThread& thread_;
    std::unique_ptr<talome_self> self_;
    std::shared_ptr<void*> instance_;
    Endpoints endpoints_;
    bool created_ = false, started_ = false, begun_ = false, active_ = false, leftBehind_ = false;
};

/// An endpoint for each operation that was declared. Throws std::invalid_argument if a schema is not acceptable.
std::vector<std::shared_ptr<const gate::Endpoint>> endpointsOf(const talome_self&);

} // namespace talome::plugins
