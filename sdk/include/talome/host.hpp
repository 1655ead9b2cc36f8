// What a plugin holds of its host at run time.
#pragma once

#include "call.hpp"
#include "database.hpp"
#include "json.hpp"
#include "watch.hpp"

namespace talome {

struct JobStarted; ///< of <talome/jobs.hpp>

/// The audience of publishTo() that is one user.
inline std::string userAudience(std::string_view userId) { return "user:" + std::string(userId); }

/// Whose helper makes a call ("mcp", "chat", "automation", "webhook", "bot", "agent"), and with which leave.
struct CallOptions {
    std::string origin, approval; ///< empty: none
};

/// Cheap to copy; valid as long as the plugin's object. From any thread, unless said otherwise.
class Host {
public:
    Host(const detail::Areas& areas, detail::Slots<detail::WatchSlot>& watches) : areas_(&areas), watches_(&watches) {}

    /// A structured log line; `fields` is a JSON object. Never a secret.
    void debug(std::string_view text, std::string_view fields = {}) const { areas_->log(TALOME_DEBUG, text, fields); }
    void info(std::string_view text, std::string_view fields = {}) const { areas_->log(TALOME_INFO, text, fields); }
    void warn(std::string_view text, std::string_view fields = {}) const { areas_->log(TALOME_WARN, text, fields); }
    void error(std::string_view text, std::string_view fields = {}) const { areas_->log(TALOME_ERROR, text, fields); }

    /// Milliseconds since the Unix epoch; tests move this clock.
    std::int64_t nowMs() const { return areas_->host()->now_ms(areas_->self()); }

    /// The value as it is now, the declared default if nobody has set one. Not in the plugin's constructor.
    template <class T> T setting(std::string_view key) const { return read<T>(detail::parse(settingText(key)), key); }
    std::string settingText(std::string_view key) const {
        detail::Collected json;
        areas_->check(areas_->get<talome_settings>()->get(areas_->self(), str(key), &detail::Collected::take, &json));
        return json.done();
    }

    /// [worker, strand, lifecycle] from start() to stop().
    Database database() const { return Database(*areas_); }

    /// A topic that the plugin has declared.
    template <class T> void publish(std::string_view topic, const T& event) const { publishText(topic, toJson(event)); }
    void publishText(std::string_view topic, std::string_view json) const {
        areas_->check(areas_->get<talome_events>()->publish(areas_->self(), str(topic), bytes(json)));
    }

    /// The same to fewer than the topic's audience: userAudience(id), or a permission's text. Subscribers that are
    /// plugins hear it as well.
    template <class T> void publishTo(std::string_view topic, const T& event, std::string_view audience) const {
        publishTextTo(topic, toJson(event), audience);
    }
    void publishTextTo(std::string_view topic, std::string_view json, std::string_view audience) const {
        areas_->check(areas_->get<talome_events>()->publish_to(areas_->self(), str(topic), bytes(json), str(audience)));
    }

    /// Runs a task of this plugin once. If it waits already, the earlier time counts; if it runs now, it runs once
    /// more.
    void wake(std::string_view task, std::chrono::milliseconds delay = {}) const {
        areas_->check(areas_->get<talome_tasks>()->wake(areas_->self(), str(task), delay.count()));
    }

    /// The same at a time of the clock, however the clock is set until then.
    void wakeAt(std::string_view task, std::chrono::system_clock::time_point time) const {
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time.time_since_epoch()).count();
        areas_->check(areas_->get<talome_tasks>()->wake_at(areas_->self(), str(task), ms));
    }
    /// The first time after `after` that a cron expression means; see tasks.h. Throws Invalid.
    std::chrono::system_clock::time_point cronNext(std::string_view expression, std::string_view timeZone,
                                                   std::chrono::system_clock::time_point after) const {
        std::int64_t next = 0;
        const auto ms = std::chrono::floor<std::chrono::milliseconds>(after.time_since_epoch()).count();
        areas_->check(
            areas_->get<talome_tasks>()->cron_next(areas_->self(), str(expression), str(timeZone), ms, &next));
        return std::chrono::system_clock::time_point(std::chrono::milliseconds(next));
    }

    // With <talome/jobs.hpp>.
    /// [worker, strand] Begins a job for the caller of `call`. An operation returns what this gives.
    template <class In>
    JobStarted startJob(const Call& call, std::string_view kind, const In& input, std::string_view title) const;
    /// One of the plugin's own: only administrators see it.
    template <class In> JobStarted startOwnJob(std::string_view kind, const In& input, std::string_view title) const;

    /// [worker, strand] Calls an operation through the gate, as the caller of `call`, or as the plugin itself if it is
    /// null. What fails there is thrown here as the same exception.
    template <class Out, class In> Out call(const Call* call, std::string_view operation, const In& input) const {
        return readText<Out>(callText(call, operation, toJson(input)));
    }
    std::string callText(const Call* call, std::string_view operation, std::string_view json) const {
        detail::Collected answer;
        areas_->check(areas_->get<talome_operations>()->call(areas_->self(), call ? call->raw() : nullptr,
                                                             str(operation), bytes(json), &detail::Collected::take,
                                                             &answer));
        return answer.done();
    }

    /// The same for somebody's helper: judged by the security mode as what `options` say it is. Throws NeedsApproval if
    /// a person must give leave first.
    std::string callTextAs(const Call* call, const CallOptions& options, std::string_view operation,
                           std::string_view json) const {
        detail::Collected answer, needed;
        const talome_call_options how{sizeof how,
                                      0,
                                      options.origin.empty() ? nullptr : options.origin.c_str(),
                                      options.approval.empty() ? nullptr : options.approval.c_str(),
                                      &detail::Collected::take,
                                      &needed,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr};
        const auto status =
            areas_->get<talome_operations>()->call_with(areas_->self(), call ? call->raw() : nullptr, &how,
                                                        str(operation), bytes(json), &detail::Collected::take, &answer);
        if (status < 0 && !needed.text.empty()) {
            detail::Collected words;
            areas_->host()->why(areas_->self(), &detail::Collected::take, &words);
            throw NeedsApproval(words.done(), needed.done());
        }
        areas_->check(status);
        return answer.done();
    }

    /// [strand, worker, lifecycle] from start() to stop(). The callback comes on the strand and must not block.
    Watch watch(int fd, std::uint32_t events, OnReady onReady) const {
        return Watch(*areas_, *watches_, fd, events, std::move(onReady));
    }

    // For the areas that have a header of their own.
    const detail::Areas& areas() const { return *areas_; }

private:
    const detail::Areas* areas_;
    detail::Slots<detail::WatchSlot>* watches_;
};

} // namespace talome
