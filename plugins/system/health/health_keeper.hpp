// Judges each reading of the recorder, tells what has changed, and knows what is wrong now.
#pragma once

#include "health/alert_book.hpp"
#include "health/assess.hpp"

#include <mutex>

namespace talome::system {

/// Told by disk.exceeded, memory.exceeded … when a level is entered, by disk.resolved … when all is well again.
struct AlertEvent {
    std::string key, subject;
    Level level = Level::ok, previous = Level::ok;
    std::optional<double> value, threshold;
    std::string unit, message, evidence, fix, since, at;
    std::int64_t durationSeconds = 0; ///< since it began
};
BOOST_DESCRIBE_STRUCT(AlertEvent, (),
                      (key, subject, level, previous, value, threshold, unit, message, evidence, fix, since, at,
                       durationSeconds))

/// The topics' first word for a kind of check; empty: it has none.
std::string_view topicOf(const std::string& kind);

/// Any worker.
class HealthKeeper {
public:
    HealthKeeper(Host host, Sampler& sampler) : host_(host), sampler_(sampler) {}
    static std::string tables();

    void open();
    void take(const Recorded&); ///< from the recorder
    /// Of the machine, as it is at this moment: mounts are looked at anew, the rest is the recorder's last reading.
    std::vector<Judged> judge();
    /// Checks of other kinds, which somebody else has made.
    std::vector<Judged> judge(const std::vector<Check>&, const std::set<std::string>& kinds);
    Thresholds thresholds() const { return host_.setting<Thresholds>("alert_thresholds"); }

private:
    std::vector<Judged> judge(const Recorded&);
    void tell(const std::vector<Transition>&);

    const Host host_;
    Sampler& sampler_;
    std::mutex telling_; // order of events; the next two
    AlertBook book_;
    std::int64_t warnedAtMs_ = 0;
    std::mutex mutex_;   // all below
    std::optional<Recorded> last_;
    std::vector<Check> slow_;
    std::int64_t slowAtMs_ = 0;
};

} // namespace talome::system
