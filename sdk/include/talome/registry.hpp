// Where a plugin's constructor says what it offers and needs. Nothing is done here but to note it: the host is told
// when the constructor has returned.
#pragma once

#include "chains.hpp"
#include "durable.hpp"
#include "wire_registry.hpp"

namespace talome {

class Job; ///< of <talome/jobs.hpp>

class Registry : public WireRegistry {
public:
    Registry(const talome_host* host, talome_self* self) : WireRegistry(host, self) {
        areas_.need<talome_operations>();
    }

    Host host() const { return Host(areas_, watches_); }

    /// The handler is a member function that takes (Call&, const In&), (const In&), (Call&) or nothing. It returns a
    /// described struct, a list, a map, a boost::json::value, a talome::Json, a std::string, or nothing: {"ok":true}.
    template <class P, class F> Operation operation(std::string_view id, std::string_view summary,
                                                    Permission permission, Tier tier, P* object, F handler) {
        auto& record =
            records_.operations.emplace_back(detail::OperationRecord{&areas_,
                                                                     {object, handler},
                                                                     &detail::runOperation<P, F>,
                                                                     std::string(id),
                                                                     std::string(summary),
                                                                     permission.text(),
                                                                     tier,
                                                                     schema<detail::In<F>>(),
                                                                     detail::outputSchema<F>(),
                                                                     std::is_same_v<detail::Out<F>, std::string>,
                                                                     {},
                                                                     {},
                                                                     {},
                                                                     {},
                                                                     {},
                                                                     {},
                                                                     0});
        return Operation(record);
    }
    /// A feature flag that an admin gives a member; `granted`: a new member has it.
    void flag(std::string_view name, std::string_view summary, bool granted) {
        records_.flags.push_back({std::string(name), std::string(summary), granted});
    }
    /// Tools that belong together. Active, and so of use, while one of these settings has a value:
    /// "sonarr_url,radarr_url"; always if none is named. `keywords`: words in which a user may mean it, with commas
    /// between them.
    void domain(std::string_view name, std::string_view summary, std::string_view settings = {},
                std::string_view keywords = {}) {
        records_.domains.push_back(
            {std::string(name), std::string(summary), std::string(settings), std::string(keywords)});
    }
    /// Its type is that of `fallback`: a std::optional without a value where nothing is a sensible default.
    template <class T> Setting setting(std::string_view key, std::string_view summary, const T& fallback) {
        using Value = std::conditional_t<std::is_convertible_v<const T&, std::string_view>, std::string, T>;
        auto& record = records_.settings.emplace_back(detail::SettingRecord{
            std::string(key), std::string(summary), schema<Value>(), toJson(fallback), 0, {}, {}});
        return Setting(record);
    }
    /// Is asked before a value is stored, void (std::string_view key, const boost::json::value&), and refuses it by
    /// throwing Invalid. It changes nothing: another owner may refuse. `on("settings.changed", …)` tells what was
    /// stored.
    template <class P, class F> void onSetting(P* object, F handler) {
        records_.changes.push_back({&areas_, {object, handler}, &detail::runChanging<P, F>});
    }
    /// Versions count from 1 without a gap. Exclusive: the old code cannot run on the new schema.
    void migration(std::uint32_t version, std::string_view sql, bool exclusive = false) {
        records_.migrations.push_back(
            {version, exclusive ? std::uint32_t{TALOME_MIGRATION_EXCLUSIVE} : 0u, std::string(sql)});
    }
    /// Runs again and again while the plugin is active, from the end of one run to the start of the next; void (Call&)
    /// or void ().
    template <class P, class F>
    void every(std::chrono::milliseconds period, std::string_view id, P* object, F handler) {
        records_.tasks.push_back(
            {&areas_, {object, handler}, &detail::runTask<P, F>, std::string(id), {}, period.count()});
    }
    /// Runs by the calendar: minute, hour, day of month, month, day of week, "30 3 * * *"; or "@daily" and the like.
    /// tasks.h says more; what cannot be read is refused when the manifest is made. A run that is due while one goes on
    /// comes after it.
    template <class P, class F> CronTask cron(std::string_view expression, std::string_view id, P* object, F handler) {
        auto& record = records_.tasks.emplace_back(detail::TaskRecord{
            &areas_, {object, handler}, &detail::runTask<P, F>, std::string(id), {}, 0, std::string(expression)});
        return CronTask(record);
    }
    /// Runs only when woken: host().wake(id).
    template <class P, class F> void task(std::string_view id, std::string_view summary, P* object, F handler) {
        records_.tasks.push_back(
            {&areas_, {object, handler}, &detail::runTask<P, F>, std::string(id), std::string(summary), 0});
    }
    /// A kind of long work that outlives the call which begins it; with <talome/jobs.hpp>. Handler: a member function
    /// that takes (Call&, JobRun&, const In&) or (Call&, JobRun&), and returns what an operation's may. Permission:
    /// what its user needs to begin one, to have it run on, and to see it.
    template <class P, class F>
    Job job(std::string_view id, std::string_view summary, Permission permission, P* object, F handler);
    /// An event that the plugin publishes, and who may see it.
    template <class T> Topic topic(std::string_view name, std::string_view summary, Permission audience) {
        return Topic(records_.topics.emplace_back(
            detail::TopicRecord{std::string(name), std::string(summary), schema<T>(false), audience.text()}));
    }
    /// `pattern`: a topic, or a prefix and `*`. Handler: void (std::string_view topic, std::string_view json), or with
    /// a described struct in the second place.
    template <class P, class F> void on(std::string_view pattern, P* object, F handler) {
        records_.subscriptions.push_back({&areas_, {object, handler}, &detail::runEvent<P, F>, std::string(pattern)});
    }
    /// Events of durable topics, each at least once and in order, also those published while this plugin was not
    /// active. Handler: void (const DurableEvent&), or with a described struct in the second place; what it throws
    /// means "not now": the event comes again later, and none before it.
    template <class P, class F> void onDurable(std::string_view pattern, P* object, F handler) {
        auto& record = note<detail::DurableRecord>();
        record.areas = &areas_;
        record.handler = {object, handler};
        record.run = &detail::runDurable<P, F>;
        record.pattern = pattern;
    }
    /// Hears when somebody's event stream begins to show a topic of this plugin, and when nobody's does any more:
    /// void (std::string_view topic, bool present), or void (bool present).
    template <class P, class F> void onAudience(std::string_view topic, P* object, F handler) {
        auto& record = note<detail::AudienceRecord>();
        record.areas = &areas_;
        record.handler = {object, handler};
        record.run = &detail::runAudience<P, F>;
        record.topic = topic;
    }
    /// Says that the plugin calls this operation of another one, or all that begin so: "apps.*", "*". What is not said
    /// cannot be called, whoever asks.
    void uses(std::string_view operation) { records_.uses.emplace_back(operation); }

    /// The same, and without such an operation the plugin is not started: it waits for the plugin that offers it.
    void dependsOn(std::string_view operation) { records_.requirements.emplace_back(operation); }
    /// A program that the plugin runs, see process.hpp: a bare name, or an absolute path. Any other one is refused.
    void program(std::string_view name, std::string_view summary) {
        auto& record = note<detail::ProgramRecord>();
        record.program = name;
        record.summary = summary;
    }

    /// An area that only run time needs ("talome.io/0"): without it the plugin is not loaded.
    void needs(std::string_view area) {
        if (!areas_.ask(area)) throw Unsupported("this host does not offer " + std::string(area));
    }
    /// An area that the plugin can do without: false if the host does not offer it.
    bool wants(std::string_view area) { return areas_.ask(area); }

    // For plugin.hpp.
    const detail::Areas& areas() const { return areas_; }
    void publish() { records_.publish(areas_); }

private:
    mutable detail::Slots<detail::WatchSlot> watches_;
};

} // namespace talome
