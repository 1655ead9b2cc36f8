#include "host/plugins/generation.hpp"

#include "host/log/log.hpp"
#include "host/process/plugin_processes.hpp"

namespace talome::plugins {

namespace {

manifest::Manifest declaredBy(const talome_self& self) {
    manifest::Manifest declared;
    for (const auto& each : self.operations) declared.operations.push_back(each.declared);
    for (const auto& each : self.tasks) declared.tasks.push_back(each.declared);
    for (const auto& each : self.jobs) declared.jobs.push_back(each.declared);
    declared.settings = self.settings;
    declared.listeners = self.listeners;
    declared.topics = self.topics;
    declared.flags = self.flags;
    if (!self.domains.empty()) declared.domains = self.domains;
    declared.migrations = self.migrations;
    declared.uses.assign(self.uses.begin(), self.uses.end());
    declared.requirements.assign(self.requirements.begin(), self.requirements.end());
    for (const auto& each : self.subscriptions) declared.subscriptions.push_back(each.pattern);
    declared.durableSubscriptions = self.durableSubscriptions;
    return declared;
}

/// The host's own operations take what they need: a snapshot of all databases may be large.
std::chrono::milliseconds limitOf(const talome_self& self, const manifest::Operation& operation) {
    if (self.id == "host") return {};
    if (operation.timeLimitMs) return std::chrono::milliseconds(*operation.timeLimitMs);
    return std::chrono::seconds(self.limits.callSeconds);
}

} // namespace

Generation::Generation(std::shared_ptr<Code> code, const Services& services, LifecycleThread& thread,
                       std::shared_ptr<Budget> budget)
    : code_(std::move(code)), thread_(thread),
      self_(std::make_unique<talome_self>(code_->manifest().id, services, std::move(budget))),
      instance_(std::make_shared<void*>()) {}

Generation::~Generation() {
    finish();
    if (!leftBehind_) return;
    endWhatIsLeft();
    code_->keep();
    keepForever(std::shared_ptr<talome_self>(std::move(self_)));
    keepForever(code_);
}

/// `body` may outlive this object, if it does not return: it has no reference to it.
void Generation::run(const char* what, std::function<talome_status()> body) {
    LifecycleThread::Result result;
    try {
        result = thread_.run(what, [id = self_->id, what, body = std::move(body)] {
            const crash::Scope scope(id, what);
            return body();
        });
    } catch (const Late&) {
        leftBehind_ = true;
        throw;
    }
    if (result.status >= 0) return;
    throw std::runtime_error(std::string(what) +
                             " failed: " + (result.words.empty() ? "it gave no reason" : result.words));
}

void Generation::create() {
    created_ = true;
    run("create()", [functions = &code_->functions(), self = self_.get(), instance = instance_] {
        return functions->create(&hostTable(), self, instance.get());
    });
    self_->creating = false;
    auto declared = declaredBy(*self_);
    if (self_->asked.contains(TALOME_PROCESS))
        declared.programs = self_->states.of<process::PluginProcesses>(*self_).programs();
    requireWithin(declared, code_->manifest());
}

void Generation::start() {
    run("start()", [functions = &code_->functions(), instance = instance_]() -> talome_status {
        return functions->start ? functions->start(*instance) : TALOME_OK;
    });
    started_ = true;
}

void Generation::activate(const std::set<std::string>& listening) {
    begun_ = true;
    run("activate()",
        [functions = &code_->functions(), self = self_.get(), instance = instance_, listening]() -> talome_status {
            self->activate(listening);
            return functions->activate ? functions->activate(*instance) : TALOME_OK;
        });
    active_ = true;
}

void Generation::quiesce(const std::set<std::string>& listening) {
    const bool told = std::exchange(active_, false);
    if (!std::exchange(begun_, false) || leftBehind_) return;
    try {
        run("quiesce()",
            [functions = &code_->functions(), self = self_.get(), instance = instance_, listening,
             told]() -> talome_status {
                self->quiesce(listening);
                if (told && functions->quiesce) functions->quiesce(*instance);
                return TALOME_OK;
            });
    } catch (const std::exception& error) {
        log::error("host", "plugin " + self_->id + ": " + error.what());
    }
}

void Generation::abandon() {
    log::error("host", "plugin " + self_->id + ": it has calls that do not end, and stays in memory");
    leftBehind_ = true;
}

void Generation::finish() {
    quiesce();
    if (!std::exchange(created_, false) || leftBehind_) return;
    try {
        run("stop()",
            [functions = &code_->functions(), self = self_.get(), instance = instance_,
             started = started_]() -> talome_status {
                self->states.endCalls();
                self->end();
                if (started && functions->stop && *instance) functions->stop(*instance);
                self->states.stop();
                if (functions->destroy && *instance) functions->destroy(*instance);
                *instance = nullptr;
                return TALOME_OK;
            });
    } catch (const std::exception& error) {
        log::error("host", "plugin " + self_->id + ": " + error.what());
    }
}

void Generation::endWhatIsLeft() noexcept {
    try {
        run("ending what is left of it", [self = self_.get()]() -> talome_status {
            self->quiesce({});
            self->states.stop();
            return TALOME_OK;
        });
    } catch (const std::exception& error) {
        log::error("host", "plugin " + self_->id + ": " + error.what());
    }
}

const Generation::Endpoints& Generation::endpoints() {
    if (endpoints_.empty()) endpoints_ = endpointsOf(*self_);
    return endpoints_;
}

std::vector<std::shared_ptr<const gate::Endpoint>> endpointsOf(const talome_self& self) {
    const bool host = self.id == "host"; // always there, and not limited
    std::vector<std::shared_ptr<const gate::Endpoint>> result;
    for (const auto& each : self.operations) {
        try {
            result.push_back(std::make_shared<gate::Endpoint>(gate::Endpoint{
                each.declared, gate::Schema(each.declared.input), each.invoke, each.user, each.wire,
                each.lateAuthentication, self.id, host ? nullptr : self.bulkhead, host ? nullptr : self.holdings,
                limitOf(self, each.declared), self.usage, host ? nullptr : self.drain}));
        } catch (const std::invalid_argument& wrong) {
            throw std::invalid_argument(each.declared.id + ": " + wrong.what());
        }
    }
    return result;
}

} // namespace talome::plugins
