// Counts, and ends.
#include "host/process/plugin_processes.hpp"

#include "host/log/log.hpp"
#include "host/plugins/self.hpp"
#include "sdk/manifest/fit.hpp"
#include "sdk/manifest/recorder.hpp"

#include <algorithm>

namespace talome::process {

namespace {

constexpr std::size_t kAtOnce = 16;
constexpr std::chrono::milliseconds kStopped{kStopGraceMs + 4'000};

} // namespace

PluginProcesses::PluginProcesses(talome_self& self) : self_(self), usage_(usageOf(self.id)) {}

void PluginProcesses::declare(const char* program, const char* summary) {
    auto declared = manifest::recordProgram(program, summary);
    if (std::ranges::find(programs_, declared.name, &manifest::Program::name) != programs_.end())
        throw Invalid(declared.name, "is declared twice as a program");
    programs_.push_back(std::move(declared));
}

void PluginProcesses::allow(const Spec& spec) const {
    const auto& program = spec.order.argv[0];
    if (std::ranges::find(programs_, program, &manifest::Program::name) == programs_.end())
        throw gate::Failure(TALOME_E_DENIED, self_.id + " has not declared the program '" + program + "'");
}

void PluginProcesses::enter() {
    const std::lock_guard lock(mutex_);
    if (stopping_) throw gate::Failure(TALOME_E_UNAVAILABLE, "the plugin has been told to end");
    if (running_ >= kAtOnce)
        throw gate::Failure(TALOME_E_LIMITED,
                            self_.id + " runs " + std::to_string(kAtOnce) + " programs already, as many as it may");
    ++running_;
    ++usage_.running;
}

void PluginProcesses::leave(const talome_process_result* result) {
    if (result) usage_.cpuMs += result->cpu_ms;
    --usage_.running;
    const std::lock_guard lock(mutex_);
    --running_;
    fewer_.notify_all();
}

talome_process_result PluginProcesses::run(talome_call* call, const talome_process_spec* given, const Sinks& sinks) {
    auto spec = readSpec(given, Kind::oneShot);
    allow(spec);
    Interrupt interrupt;
    if (call && (call->cancelled || call->deadlineMs))
        interrupt = [this, call]() -> talome_status {
            if (call->deadlineMs && self_.services.now() >= call->deadlineMs) return TALOME_E_TIMEOUT;
            return call->cancelled && call->cancelled() ? TALOME_E_CANCELLED : TALOME_OK;
        };
    enter();
    try {
        const auto result = runToEnd(
            std::move(spec), self_.services.reactor, sinks, interrupt,
            [this](Child& child) {
                ++usage_.started;
                const std::lock_guard lock(mutex_);
                runs_.insert(&child);
                if (stopping_) child.end(kStopGraceMs);
            },
            [this](Child& child) {
                const std::lock_guard lock(mutex_);
                runs_.erase(&child);
            });
        leave(&result);
        return result;
    } catch (...) {
        leave(nullptr);
        throw;
    }
}

std::uint64_t PluginProcesses::spawn(const talome_process_spec* given, const talome_process_events* events) {
    auto spec = readSpec(given, Kind::longLived);
    const auto calls = manifest::fit(events, "events");
    if (!calls.exited) throw Invalid("events", "needs exited()");
    allow(spec);
    if (self_.ended) throw gate::Failure(TALOME_E_UNAVAILABLE, "the plugin has been told to end");
    enter();
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        number = ++last_;
    }
    std::shared_ptr<Live> live;
    try {
        live = std::make_shared<Live>(
            self_.services.reactor, self_.strand, self_.usage, calls, number, std::move(spec),
            [this](const talome_process_result& result) { leave(&result); }, [this, number] { drop(number); });
        ++usage_.started;
        {
            const std::lock_guard lock(mutex_);
            lives_.emplace(number, live);
            if (stopping_) live->end(kStopGraceMs);
        }
        live->watch();
    } catch (...) {
        if (live) live->forget(); // the reactor would keep it
        drop(number);
        leave(nullptr);
        throw;
    }
    return number;
}

void PluginProcesses::drop(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    lives_.erase(number);
}

std::shared_ptr<Live> PluginProcesses::find(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto it = lives_.find(number);
    if (it == lives_.end()) throw gate::Failure(TALOME_E_GONE, "this program has ended");
    return it->second;
}

void PluginProcesses::stop() {
    std::map<std::uint64_t, std::shared_ptr<Live>> left;
    {
        std::unique_lock lock(mutex_);
        stopping_ = true;
        for (auto* each : runs_) each->end(kStopGraceMs);
        for (const auto& [number, live] : lives_) live->end(kStopGraceMs);
        if (!fewer_.wait_for(lock, kStopped, [this] { return running_ == 0; }))
            log::warn(self_.id, "a program of it was killed, but hangs in the kernel; it is left behind");
        left.swap(lives_);
    }
    for (const auto& [number, live] : left) live->forget();
}

} // namespace talome::process
