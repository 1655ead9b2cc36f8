// The checks of what tasks.h declares: tasks and kinds of jobs.
#include "cron.hpp"
#include "fields.hpp"
#include "fit.hpp"
#include "names.hpp"
#include "recorder.hpp"

namespace talome::manifest {

namespace {

constexpr std::int64_t kLeastPeriod = 100;           // milliseconds, as all here
constexpr std::int64_t kJobLimit = 24 * 3'600'000LL; // unless said
constexpr std::int64_t kMostLimit = 30 * kJobLimit;

std::optional<std::string> cronOf(const char* text, const std::string& where) {
    if (!text) return std::nullopt;
    try {
        const Cron readable(text);
    } catch (const Invalid& wrong) {
        throw Invalid(where, wrong.what());
    }
    return text;
}

/// Whether there is such a zone is the server's to say.
std::optional<std::string> timeZoneOf(const char* text, const std::string& where) {
    if (!text) return std::nullopt;
    if (!isTimeZone(text)) throw Invalid(where, "expected a name of the IANA database, such as Europe/Berlin");
    return text;
}

} // namespace

Task record(const talome_task* given) {
    const talome_task from = whole(given);
    Task to;
    to.id = nameOf(from.id, isTaskId, "task");
    to.summary = orEmpty(from.summary);
    to.periodMs = from.period_ms;
    requireKnown(from.flags, 0, to.id);
    if (to.periodMs != 0 && to.periodMs < kLeastPeriod)
        throw Invalid(to.id + ".period", "expected 100 ms or more, or 0");
    to.cron = cronOf(from.cron, to.id + ".cron");
    to.timeZone = timeZoneOf(from.time_zone, to.id + ".time_zone");
    if (to.cron && to.periodMs) throw Invalid(to.id, "has a period or a cron expression, not both");
    if (to.timeZone && !to.cron) throw Invalid(to.id + ".time_zone", "needs a cron expression");
    requireFunction(from.run, to.id);
    return to;
}

Job record(const talome_job* given) {
    const talome_job from = whole(given);
    Job to;
    to.id = nameOf(from.id, isOperationId, "job");
    to.summary = summaryOf(from.summary, to.id);
    to.permission = permissionOf(from.permission, to.id + ".permission");
    requireKnown(from.flags, TALOME_JOB_RESUMABLE, to.id);
    to.resumable = from.flags & TALOME_JOB_RESUMABLE;
    to.limitMs = from.limit_ms ? from.limit_ms : kJobLimit;
    if (to.limitMs < 0 || to.limitMs > kMostLimit) throw Invalid(to.id + ".limit", "expected 30 days at most, or 0");
    requireFunction(from.run, to.id);
    return to;
}

talome_task whole(const talome_task* given) { return fit(given, "task"); }
talome_job whole(const talome_job* given) { return fit(given, "job"); }

} // namespace talome::manifest
