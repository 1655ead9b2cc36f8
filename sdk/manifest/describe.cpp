// The recording host. What needs a live host (settings' values, the database, calls) answers UNSUPPORTED here, for
// create() does no I/O.
#include "describe.hpp"

#include "fields.hpp"
#include "names.hpp"
#include "recorder.hpp"

#include <talome/areas.hpp>
#include <talome/fetch.h>
#include <talome/io.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace talome::manifest {

namespace {

struct Recorder {
    Manifest manifest;
    std::string hidden; ///< an area that this host pretends not to have
    std::set<std::string> asked;
    std::string words;

    static Recorder& of(talome_self* self) { return *reinterpret_cast<Recorder*>(self); }
    talome_self* self() { return reinterpret_cast<talome_self*>(this); }

    talome_status fail(talome_status status, std::string_view why) noexcept {
        words = why;
        return status;
    }
};

talome_status fail(talome_self* self, talome_status status, talome_str why) noexcept {
    return Recorder::of(self).fail(status, view(why));
}
void why(talome_self* self, talome_sink sink, void* to) noexcept { sink(to, bytes(Recorder::of(self).words)); }
void log(talome_self*, std::int32_t, talome_str, talome_str) noexcept {}
std::int64_t nowMs(talome_self*) noexcept {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// Records, with the words of what is refused.
template <class F> talome_status note(talome_self* self, F&& body) noexcept {
    auto& recorder = Recorder::of(self);
    try {
        body(recorder.manifest);
        return TALOME_OK;
    } catch (const std::exception& error) {
        return recorder.fail(TALOME_E_INVALID, error.what());
    }
}

template <class T> void add(std::vector<T>& to, T record, std::string T::*name, const char* what) {
    if (std::ranges::find(to, record.*name, name) != to.end())
        throw Invalid(record.*name, std::string("is declared twice as ") + what);
    to.push_back(std::move(record));
}

void addOperation(Manifest& manifest, Operation operation) {
    for (const Operation& other : manifest.operations)
        for (const Route& theirs : other.routes)
            for (const Route& ours : operation.routes)
                if (theirs.method == ours.method && theirs.path == ours.path && theirs.listener == ours.listener)
                    throw Invalid(operation.id,
                                  ours.method + " " + ours.path + " is the route of " + other.id + " already");
    add(manifest.operations, std::move(operation), &Operation::id, "an operation");
}

template <class T> talome_status noteOperation(talome_self* self, const T* given) noexcept {
    return note(self, [&](Manifest& m) { addOperation(m, record(given)); });
}

/// A host function that answers "unsupported" whatever it is given.
template <class F> struct Absent;
template <class R, class... A> struct Absent<R (*)(A...) noexcept> {
    static R call(A...) noexcept {
        if constexpr (std::is_same_v<R, talome_str> || std::is_same_v<R, talome_bytes>)
            return {};
        else if constexpr (!std::is_void_v<R>)
            return R{TALOME_E_UNSUPPORTED};
    }
};
template <class F> constexpr F absent(F) { return &Absent<F>::call; }
#define TALOME_ABSENT(table, field) absent(decltype(table::field){})

const talome_operations kOperations{
    sizeof(talome_operations),
    0,
    &noteOperation<talome_operation>,
    [](talome_self* self, const char* flag, const char* summary, std::int32_t granted) noexcept {
        return note(self,
                    [&](Manifest& m) { add(m.flags, recordFlag(flag, summary, granted), &Flag::name, "a flag"); });
    },
    [](talome_self* self, const char* operation) noexcept {
        return note(self, [&](Manifest& m) {
            if (!operation || !isTopicPattern(operation))
                throw Invalid("uses", "expected the id of an operation, or the beginning of some and *");
            if (std::ranges::find(m.uses, operation) == m.uses.end()) m.uses.emplace_back(operation);
        });
    },
    TALOME_ABSENT(talome_operations, call),
    TALOME_ABSENT(talome_operations, principal),
    TALOME_ABSENT(talome_operations, granted),
    TALOME_ABSENT(talome_operations, request_id),
    TALOME_ABSENT(talome_operations, deadline_ms),
    TALOME_ABSENT(talome_operations, cancelled),
    TALOME_ABSENT(talome_operations, set_status),
    TALOME_ABSENT(talome_operations, set_header),
    TALOME_ABSENT(talome_operations, call_with),
    [](talome_self* self, const char* operation) noexcept {
        return note(self, [&](Manifest& m) {
            if (!operation || !isTopicPattern(operation))
                throw Invalid("depends_on", "expected the id of an operation, or the beginning of some and *");
            for (auto* list : {&m.uses, &m.requirements})
                if (std::ranges::find(*list, operation) == list->end()) list->emplace_back(operation);
        });
    },
    [](talome_self* self, const talome_tool_domain* d) noexcept {
        return note(self, [&](Manifest& m) {
            if (!m.domains) m.domains.emplace();
            add(*m.domains, record(d), &ToolDomain::name, "a domain");
        });
    },
    TALOME_ABSENT(talome_operations, tell),
    TALOME_ABSENT(talome_operations, ask)};

const talome_http kHttp{sizeof(talome_http),
                        0,
                        &noteOperation<talome_raw_route>,
                        TALOME_ABSENT(talome_http, header),
                        TALOME_ABSENT(talome_http, read),
                        TALOME_ABSENT(talome_http, begin),
                        TALOME_ABSENT(talome_http, write),
                        TALOME_ABSENT(talome_http, file),
                        TALOME_ABSENT(talome_http, stream),
                        [](talome_self* self, const talome_listener* l) noexcept {
                            return note(self,
                                        [&](Manifest& m) { add(m.listeners, record(l), &Listener::id, "a listener"); });
                        },
                        &noteOperation<talome_upload_route>,
                        &noteOperation<talome_event_stream>,
                        &noteOperation<talome_websocket>,
                        TALOME_ABSENT(talome_http, link),
                        TALOME_ABSENT(talome_http, stream_write),
                        TALOME_ABSENT(talome_http, stream_event),
                        TALOME_ABSENT(talome_http, stream_close),
                        TALOME_ABSENT(talome_http, ws_send),
                        TALOME_ABSENT(talome_http, ws_close),
                        TALOME_ABSENT(talome_http, ws_pause),
                        TALOME_ABSENT(talome_http, queued)};

const talome_settings kSettings{
    sizeof(talome_settings), 0,
    [](talome_self* self, const talome_setting* s) noexcept {
        return note(self, [&](Manifest& m) { add(m.settings, record(s), &Setting::key, "a setting"); });
    },
    [](talome_self* self, talome_setting_changing changing, void*) noexcept {
        return note(self, [&](Manifest&) {
            if (!changing) throw Invalid("on_change", "has no function to call");
        });
    },
    TALOME_ABSENT(talome_settings, get)};

const talome_database kDatabase{
    sizeof(talome_database), 0,
    [](talome_self* self, std::uint32_t version, std::uint32_t flags, const char* sql) noexcept {
        return note(self, [&](Manifest& m) {
            if (version != m.migrations.size() + 1)
                throw Invalid("migration " + std::to_string(version),
                              "comes when " + std::to_string(m.migrations.size() + 1) + " is next");
            m.migrations.push_back(recordMigration(version, flags, sql));
        });
    },
    TALOME_ABSENT(talome_database, execute), TALOME_ABSENT(talome_database, transaction)};

const talome_tasks kTasks{sizeof(talome_tasks),
                          0,
                          [](talome_self* self, const talome_task* t) noexcept {
                              return note(self, [&](Manifest& m) {
                                  Task task = record(t);
                                  if (!task.id.starts_with(m.id + "."))
                                      throw Invalid(task.id, "a task's id begins with the plugin's: \"" + m.id + ".\"");
                                  add(m.tasks, std::move(task), &Task::id, "a task");
                              });
                          },
                          TALOME_ABSENT(talome_tasks, wake),
                          TALOME_ABSENT(talome_tasks, wake_at),
                          TALOME_ABSENT(talome_tasks, cron_next),
                          [](talome_self* self, const talome_job* j) noexcept {
                              return note(self, [&](Manifest& m) { add(m.jobs, record(j), &Job::id, "a job"); });
                          },
                          TALOME_ABSENT(talome_tasks, start_job),
                          TALOME_ABSENT(talome_tasks, job_id),
                          TALOME_ABSENT(talome_tasks, job_resumed),
                          TALOME_ABSENT(talome_tasks, job_progress),
                          TALOME_ABSENT(talome_tasks, job_log),
                          TALOME_ABSENT(talome_tasks, job_checkpoint)};

const talome_events kEvents{
    sizeof(talome_events),
    0,
    [](talome_self* self, const talome_topic* t) noexcept {
        return note(self, [&](Manifest& m) {
            Topic topic = record(t);
            const auto& recorder = Recorder::of(self);
            if (topic.durable && (!recorder.asked.contains(TALOME_DATABASE) || recorder.hidden == TALOME_DATABASE))
                throw Invalid(topic.name, "a durable topic needs " TALOME_DATABASE ", which was not asked for");
            add(m.topics, std::move(topic), &Topic::name, "a topic");
        });
    },
    [](talome_self* self, const char* pattern, talome_on_event function, void*) noexcept {
        return note(self, [&](Manifest& m) {
            if (!pattern || !isTopicPattern(pattern)) throw Invalid("subscribe", "expected a topic, or a prefix and *");
            if (!function) throw Invalid("subscribe", "has no function to call");
            if (std::ranges::find(m.subscriptions, pattern) == m.subscriptions.end())
                m.subscriptions.emplace_back(pattern);
        });
    },
    TALOME_ABSENT(talome_events, publish),
    TALOME_ABSENT(talome_events, publish_to),
    [](talome_self* self, const char* topic, talome_on_audience function, void*) noexcept {
        return note(self, [&](Manifest& m) {
            if (!function) throw Invalid("on_audience", "has no function to call");
            if (std::ranges::find(m.topics, orEmpty(topic), &Topic::name) == m.topics.end())
                throw Invalid("on_audience", "\"" + orEmpty(topic) + "\" is not declared");
        });
    },
    [](talome_self* self, const char* pattern, talome_on_durable_event function, void*) noexcept {
        return note(self, [&](Manifest& m) {
            if (!pattern || !isTopicPattern(pattern))
                throw Invalid("subscribe_durable", "expected a topic, or a prefix and *");
            if (!function) throw Invalid("subscribe_durable", "has no function to call");
            auto& list = m.durableSubscriptions;
            if (std::ranges::find(list, pattern) != list.end())
                throw Invalid("subscribe_durable", std::string(pattern) + " is subscribed to already");
            list.emplace_back(pattern);
        });
    }};

const talome_io kIo{sizeof(talome_io), 0, TALOME_ABSENT(talome_io, watch), TALOME_ABSENT(talome_io, change),
                    TALOME_ABSENT(talome_io, unwatch)};

const talome_process kProcess{sizeof(talome_process),
                              0,
                              [](talome_self* self, const char* program, const char* summary) noexcept {
                                  return note(self, [&](Manifest& m) {
                                      add(m.programs, recordProgram(program, summary), &Program::name, "a program");
                                  });
                              },
                              TALOME_ABSENT(talome_process, run),
                              TALOME_ABSENT(talome_process, spawn),
                              TALOME_ABSENT(talome_process, write),
                              TALOME_ABSENT(talome_process, close_input),
                              TALOME_ABSENT(talome_process, pause),
                              TALOME_ABSENT(talome_process, signal),
                              TALOME_ABSENT(talome_process, end)};
const talome_fetch kFetch{sizeof(talome_fetch),
                          0,
                          TALOME_ABSENT(talome_fetch, fetch),
                          TALOME_ABSENT(talome_fetch, open),
                          TALOME_ABSENT(talome_fetch, pause),
                          TALOME_ABSENT(talome_fetch, close),
                          TALOME_ABSENT(talome_fetch, upgrade)};

const talome_tools kTools{sizeof(talome_tools), 0, TALOME_ABSENT(talome_tools, list),
                          TALOME_ABSENT(talome_tools, call)};

struct Area {
    const char* id;
    const void* table;
};
constexpr Area kAreas[] = {{TALOME_OPERATIONS, &kOperations},
                           {TALOME_HTTP, &kHttp},
                           {TALOME_SETTINGS, &kSettings},
                           {TALOME_DATABASE, &kDatabase},
                           {TALOME_TASKS, &kTasks},
                           {TALOME_EVENTS, &kEvents},
                           {TALOME_IO, &kIo},
                           {TALOME_PROCESS, &kProcess},
                           {TALOME_FETCH, &kFetch},
                           {TALOME_TOOLS, &kTools}};

const void* extension(talome_self* self, const char* id) noexcept {
    auto& recorder = Recorder::of(self);
    if (!id) return nullptr;
    recorder.asked.insert(id);
    if (recorder.hidden == id) return nullptr;
    const auto* found = std::ranges::find_if(kAreas, [&](const Area& area) { return std::string_view(area.id) == id; });
    return found == std::end(kAreas) ? nullptr : found->table;
}

const talome_host kHost{sizeof(talome_host), TALOME_ABI, TALOME_VERSION, &extension, &log, &fail, &why, &nowMs};

/// One life of the plugin; false, with words in the recorder, if create() fails.
bool live(const talome_plugin& plugin, Recorder& recorder) {
    void* instance = nullptr;
    const talome_status status = plugin.create(&kHost, recorder.self(), &instance);
    if (status < 0) return false;
    plugin.destroy(instance);
    return true;
}

Recorder recorderFor(const talome_plugin& plugin) {
    Recorder recorder;
    recorder.manifest.id = plugin.id;
    return recorder;
}

void checkDescriptor(const talome_plugin* plugin, const std::string& name) {
    if (!plugin) throw Invalid(name, "talome_plugin_v1() gave no descriptor");
    if (plugin->abi != TALOME_ABI) throw Unsupported(name + ": is built for ABI " + std::to_string(plugin->abi));
    if (!TALOME_HAS(plugin, create) || !TALOME_HAS(plugin, destroy))
        throw Invalid(name, "has no create() or no destroy()");
    if (!plugin->id || !isPluginId(plugin->id)) throw Invalid(name, "its id must be like [a-z][a-z0-9-]{0,31}");
    if (isReserved(plugin->id)) throw Invalid(name, "is a name of the host's own: a plugin cannot have it");
    if (name != plugin->id)
        throw Invalid(name,
                      "the file's name and the plugin's id, \"" + std::string(plugin->id) + "\", must be the same");
    if (!plugin->version || !isVersion(plugin->version)) throw Invalid(name, "its version must be like 1.0.0");
    if (!plugin->summary || !*plugin->summary) throw Invalid(name, "it has no summary");
}

} // namespace

const std::vector<std::string>& areas() {
    static const std::vector<std::string> ids = [] {
        std::vector<std::string> list;
        for (const Area& area : kAreas) list.emplace_back(area.id);
        return list;
    }();
    return ids;
}

Manifest describe(const talome_plugin* plugin, const std::string& name) {
    checkDescriptor(plugin, name);
    Recorder recorder = recorderFor(*plugin);
    if (!live(*plugin, recorder))
        throw Error(TALOME_E_INVALID,
                    name + ": " + (recorder.words.empty() ? "create() failed without words" : recorder.words));
    Manifest manifest = std::move(recorder.manifest);
    try {
        checkListeners(manifest.operations, manifest.listeners);
    } catch (const Invalid& invalid) {
        throw Invalid(name, invalid.what());
    }
    manifest.version = plugin->version;
    manifest.summary = plugin->summary;
    manifest.abi = plugin->abi;
    manifest.sdk = TALOME_VERSION;
    manifest.canUnload = plugin->flags & TALOME_CAN_UNLOAD;
    manifest.prefixes = prefixesOf(manifest.operations);
    for (const std::string& area : recorder.asked) {
        Recorder without = recorderFor(*plugin);
        without.hidden = area;
        (live(*plugin, without) ? manifest.wants : manifest.needs).push_back(area);
    }
    return manifest;
}

} // namespace talome::manifest
