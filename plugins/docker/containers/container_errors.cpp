// GET /api/containers/{id}/last-error: the newest end of a container that nobody asked for, or why it could not start,
// with what it wrote and what could be done. …/startup-errors: those that came soon after a start, with what happened
// around each; also of all containers of a compose project. Values of the environment are never part of it.
#include "containers/container_groups.hpp"
#include "containers/event_history.hpp"
#include "containers/failure_reason.hpp"
#include "containers/log_reader.hpp"
#include "containers/log_text.hpp"
#include "engine/time_spec.hpp"

#include <algorithm>
#include <cstdlib>
#include <deque>

namespace talome::docker {

namespace {

constexpr std::size_t kLines = 80;
constexpr std::size_t kLongestLine = 2000;
constexpr int kMostRecords = 5, kLookedAt = 200;
constexpr std::int64_t kSoonMs = 90'000, kAroundMs = 2'000;

struct ParsedIssue {
    FailureKind errorType = FailureKind::failed;
    int errorCode = 0; // the exit code
    std::vector<std::string> variables, variablesMissing, services;
    std::optional<std::string> context;
};
BOOST_DESCRIBE_STRUCT(ParsedIssue, (), (errorType, errorCode, variables, variablesMissing, services, context))

struct MissingVariable {
    FailureKind errorType = FailureKind::missingVariable;
    std::string variable, suggestion, displayMessage;
};
BOOST_DESCRIBE_STRUCT(MissingVariable, (), (errorType, variable, suggestion, displayMessage))

struct ErrorRecord {
    std::string id, appId, service, containerId, containerName, command;
    int exitCode = 0;
    std::string stderr_, stdout_; // the last lines of that run; empty once its container is gone
    ParsedIssue parsedIssue;
    std::string suggestion;
    std::vector<std::string> variablesInvolved;
    std::vector<MissingVariable> variablesMissing;
    std::vector<std::string> variableNames; // of its environment
    std::vector<std::string> displayMessages;
    std::string createdAt;
    std::optional<std::vector<PastEvent>> containerEvents; // within 2 s
};
BOOST_DESCRIBE_STRUCT(ErrorRecord, (),
                      (id, appId, service, containerId, containerName, command, exitCode, stderr_, stdout_, parsedIssue,
                       suggestion, variablesInvolved, variablesMissing, variableNames, displayMessages, createdAt,
                       containerEvents))

struct StartupErrors {
    std::string appId;
    std::vector<ErrorRecord> failures; // the newest first, five at most
};
BOOST_DESCRIBE_STRUCT(StartupErrors, (), (appId, failures))

struct InspectedFailure {
    std::string Id, Created, Path;
    engine::List<std::string> Args;
    engine::FailedState State;
    engine::Config Config_;
};
BOOST_DESCRIBE_STRUCT(InspectedFailure, (), (Id, Created, Path, Args, State, Config_))

// A run of a container that failed, with its start and the end of the run before, if those are known.
struct Failure {
    PastEvent end;
    std::optional<PastEvent> start, endBefore;
    std::string engineWords; // it could not start
    bool oom = false;
};

std::int64_t msOf(const PastEvent& event) {
    const auto at = parseInstant(event.time, 0);
    return at ? at->seconds * 1000 + at->nanos / 1'000'000 : 0;
}

class ContainerErrors : public Group {
public:
    ContainerErrors(Registry& registry, Services& services) : services_(services), history_(services.host) {
        registry
            .operation("containers.lastError", "Why a container last ended by itself, or could not start", kApps,
                       Tier::read, this, &ContainerErrors::lastError)
            .route("GET", "/api/containers/{id}/last-error")
            .input("id", "Id, start of an id, name, or compose project", pattern(kContainerPattern))
            .target("container", "id");
        registry
            .operation("containers.startupErrors", "Ends of a container, or of a project's, soon after a start", kApps,
                       Tier::read, this, &ContainerErrors::startupErrors)
            .route("GET", "/api/containers/{id}/startup-errors")
            .input("id", "Id, start of an id, name, or compose project", pattern(kContainerPattern))
            .target("container", "id");
    }

    ErrorRecord lastError(Call& call, const ContainerRef& input) {
        auto records = recordsOf(call, input.id, false, 1);
        if (records.empty()) throw NotFound("no error of \"" + input.id + "\" is known");
        return std::move(records.front());
    }

    StartupErrors startupErrors(Call& call, const ContainerRef& input) {
        StartupErrors errors{input.id, recordsOf(call, input.id, true, kMostRecords)};
        if (!errors.failures.empty()) errors.appId = errors.failures.front().appId;
        return errors;
    }

private:
    // The container of that name, or those of that project.
    std::vector<RecordPtr> containersOf(const std::string& ref) {
        try {
            return {services_.keeper.resolve(ref)};
        } catch (const NotFound&) {
            std::vector<RecordPtr> all;
            for (const RecordPtr& each : services_.cache.trueSnapshot()->containers)
                if (each->shown.compose && each->shown.compose->project == ref) all.push_back(each);
            if (all.empty()) throw;
            return all;
        }
    }

    struct Found {
        RecordPtr container;
        std::shared_ptr<const InspectedFailure> inspected;
        Failure failure;
        std::vector<PastEvent> around;
    };

    // The newest first. Logs are read only of those that are told.
    std::vector<ErrorRecord> recordsOf(Call& call, const std::string& ref, bool startup, std::size_t most) {
        std::vector<Found> all;
        for (const RecordPtr& container : containersOf(ref)) {
            if (call.cancelled()) throw Cancelled("the caller has left");
            std::shared_ptr<const InspectedFailure> inspected;
            try {
                inspected = std::make_shared<InspectedFailure>(
                    services_.client.get<InspectedFailure>({.path = {"containers", container->id, "json"}}));
            } catch (const NotFound&) { // gone meanwhile
                continue;
            }
            const auto events = history_.read(container->shown.id, container->shown.name, false, kLookedAt);
            std::size_t taken = 0;
            for (const Failure& failure : failuresOf(*container, *inspected, events)) {
                if (startup && !isStartup(failure)) continue;
                if (taken++ == most) break;
                all.push_back({container, inspected, failure, startup ? around(failure, events) : std::vector<PastEvent>{}});
            }
        }
        std::stable_sort(all.begin(), all.end(),
                         [](const Found& a, const Found& b) { return a.failure.end.time > b.failure.end.time; });
        if (all.size() > most) all.resize(most);
        std::vector<ErrorRecord> records;
        for (Found& each : all) {
            if (call.cancelled()) throw Cancelled("the caller has left");
            records.push_back(record(*each.container, *each.inspected, each.failure));
            if (startup) records.back().containerEvents = std::move(each.around);
        }
        return records;
    }

    // The newest first, as the events are.
    static std::vector<Failure> failuresOf(const ContainerRecord& container, const InspectedFailure& inspected,
                                           const std::vector<PastEvent>& events) {
        std::vector<Failure> failures;
        if (!inspected.State.Error.empty() && inspected.State.Pid == 0) {
            const bool ran = !inspected.State.FinishedAt.starts_with("0001-");
            PastEvent end{ran ? inspected.State.FinishedAt : inspected.Created, "died", container.shown.id, container.shown.name,
                          container.shown.image, inspected.State.ExitCode, {}, {}};
            failures.push_back({std::move(end), {}, {}, inspected.State.Error, false});
        }
        for (std::size_t i = 0; i < events.size(); ++i) {
            if (events[i].event != "died" || events[i].reason == "finished") continue;
            Failure failure{events[i], {}, {}, {}, events[i].reason == "oom"};
            for (std::size_t j = i + 1; j < events.size() && !failure.endBefore; ++j) {
                if (events[j].containerId != events[i].containerId) continue;
                if (events[j].event == "died" || events[j].event == "stopped") failure.endBefore = events[j];
                if (events[j].event == "started") failure.start = events[j];
            }
            failures.push_back(std::move(failure));
        }
        return failures;
    }

    static bool isStartup(const Failure& failure) {
        if (!failure.engineWords.empty()) return true;
        return failure.start && msOf(failure.end) - msOf(*failure.start) < kSoonMs;
    }

    static std::vector<PastEvent> around(const Failure& failure, const std::vector<PastEvent>& events) {
        std::vector<PastEvent> near;
        const std::int64_t at = msOf(failure.end);
        for (const PastEvent& each : events)
            if (std::abs(msOf(each) - at) <= kAroundMs) near.push_back(each);
        return near;
    }

    ErrorRecord record(const ContainerRecord& container, const InspectedFailure& inspected, const Failure& failure) {
        ErrorRecord record;
        record.id = failure.end.containerId + "@" + failure.end.time;
        const auto& compose = container.shown.compose;
        record.appId = compose ? compose->project : container.shown.name;
        record.service = compose ? compose->service.value_or(container.shown.name) : container.shown.name;
        record.containerId = failure.end.containerId;
        record.containerName = failure.end.name;
        record.command = inspected.Path;
        for (const std::string& word : inspected.Args.value_or(std::vector<std::string>{})) record.command += " " + word;
        record.exitCode = failure.end.exitCode.value_or(0);
        record.createdAt = failure.end.time;
        std::vector<std::string> lines;
        if (failure.end.containerId == container.shown.id && failure.engineWords.empty())
            lines = readLog(container, inspected.Config_.Tty, failure, record);
        explain(record, explainFailure({record.exitCode, failure.oom, failure.engineWords, lines}), failure);
        for (const std::string& variable : inspected.Config_.Env.value_or(std::vector<std::string>{}))
            record.variableNames.push_back(variable.substr(0, variable.find('=')));
        return record;
    }

    static void explain(ErrorRecord& record, const FailureReason& reason, const Failure& failure) {
        record.parsedIssue = {reason.kind, record.exitCode, reason.variables, reason.variables, {record.service}, {}};
        if (!reason.context.empty()) record.parsedIssue.context = reason.context;
        record.suggestion = reason.suggestion;
        record.variablesInvolved = reason.variables;
        for (const std::string& name : reason.variables)
            record.variablesMissing.push_back({FailureKind::missingVariable, name, "Set " + name + ".", "The variable " + name + " is missing."});
        if (!failure.engineWords.empty())
            record.displayMessages.push_back(record.containerName + " could not start: " + failure.engineWords);
        else
            record.displayMessages.push_back(record.containerName + " ended with exit code " + std::to_string(record.exitCode) +
                                             (reason.context.empty() ? "." : ": " + reason.context));
    }

    // The last lines of the run that failed. The engine takes `tail` of all that there is, and only then what lies within
    // the times: so the last lines are kept here.
    std::vector<std::string> readLog(const ContainerRecord& container, bool tty, const Failure& failure, ErrorRecord& record) {
        std::deque<std::pair<LogStream, std::string>> last;
        LogReader reader(tty, false, [&](const LogLine& line) {
            std::string text;
            appendUtf8(text, line.text.substr(0, kLongestLine));
            last.emplace_back(line.stream, std::move(text));
            if (last.size() > kLines) last.pop_front();
        });
        EngineRequest request{.path = {"containers", container.id, "logs"},
                              .query = {{"stdout", "1"}, {"stderr", "1"}, {"tail", "all"}},
                              .limit = std::chrono::seconds(5)};
        const auto bound = [&](const char* name, std::int64_t ms) {
            request.query.emplace_back(name, Instant{ms / 1000, static_cast<std::int32_t>(ms % 1000 * 1'000'000)}.engineText());
        };
        // It may write before the news of its start; what is long before it is none of this run.
        if (failure.endBefore)
            bound("since", msOf(*failure.endBefore));
        else if (failure.start)
            bound("since", msOf(*failure.start) - 5000);
        bound("until", msOf(failure.end) + 1000); // what it wrote last may come after the news of its end
        try {
            services_.client.stream(request, [&](std::string_view bytes) { reader.feed(bytes); });
            reader.finish();
        } catch (const Unavailable&) {
            throw;
        } catch (const Error& error) { // a log driver that cannot be read
            services_.host.debug("no log of container " + container.shown.name + ": " + error.what());
        }
        std::vector<std::string> lines;
        for (auto& [stream, text] : last) {
            (stream == LogStream::stderr_ ? record.stderr_ : record.stdout_).append(text).append("\n");
            lines.push_back(std::move(text));
        }
        return lines;
    }

    Services& services_;
    EventHistory history_;
};

} // namespace

std::unique_ptr<Group> containerErrors(Registry& registry, Services& services) {
    return std::make_unique<ContainerErrors>(registry, services);
}

} // namespace talome::docker
