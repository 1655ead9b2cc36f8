// Every function of every area, with the threads on which it may be called: one list, from which both processes make
// their half of it.
#pragma once

#include <talome/database.h>
#include <talome/events.h>
#include <talome/fetch.h>
#include <talome/http.h>
#include <talome/io.h>
#include <talome/operations.h>
#include <talome/process.h>
#include <talome/settings.h>
#include <talome/tasks.h>
#include <talome/tools.h>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace talome::check {

/// What a thread of the plugin's process is doing.
enum Role : unsigned {
    kCreating = 1,   ///< [lifecycle], in create()
    kLiving = 2,     ///< [lifecycle], from start() to stop()
    kDestroying = 4, ///< [lifecycle], in destroy()
    kWorker = 8,
    kStrand = 16,
    kOwn = 32 ///< a thread that the host did not start
};
constexpr unsigned kAny = 63;
constexpr unsigned kAfterCreate = kAny & ~unsigned{kCreating};
constexpr unsigned kWork = kWorker | kStrand;
constexpr unsigned kRunning = kWork | kLiving;
constexpr unsigned kEnding = kRunning | kDestroying;

template <auto Member, int Descriptor = -1> struct Function {
    static constexpr auto member = Member;
    static constexpr int descriptor = Descriptor; ///< which argument is one; -1: none
    const char* name;
    unsigned roles;
};

template <class Table> struct Area;

/// The table that create() is given, but for extension().
template <> struct Area<talome_host> {
    static constexpr const char* id = "talome_host";
    static constexpr std::tuple functions{
        Function<&talome_host::log>{"log", kAny}, Function<&talome_host::fail>{"fail", kAny},
        Function<&talome_host::why>{"why", kAny}, Function<&talome_host::now_ms>{"now_ms", kAny}};
};

template <> struct Area<talome_operations> {
    static constexpr const char* id = TALOME_OPERATIONS;
    static constexpr std::tuple functions{Function<&talome_operations::declare>{"declare", kCreating},
                                          Function<&talome_operations::declare_flag>{"declare_flag", kCreating},
                                          Function<&talome_operations::uses>{"uses", kCreating},
                                          Function<&talome_operations::call>{"call", kWork},
                                          Function<&talome_operations::principal>{"principal", kWork},
                                          Function<&talome_operations::granted>{"granted", kWork},
                                          Function<&talome_operations::request_id>{"request_id", kWork},
                                          Function<&talome_operations::deadline_ms>{"deadline_ms", kWork},
                                          Function<&talome_operations::cancelled>{"cancelled", kAny},
                                          Function<&talome_operations::set_status>{"set_status", kWork},
                                          Function<&talome_operations::set_header>{"set_header", kWork},
                                          Function<&talome_operations::call_with>{"call_with", kWork},
                                          Function<&talome_operations::depends_on>{"depends_on", kCreating},
                                          Function<&talome_operations::declare_domain>{"declare_domain", kCreating},
                                          Function<&talome_operations::tell>{"tell", kWork},
                                          Function<&talome_operations::ask>{"ask", kWork}};
};

template <> struct Area<talome_http> {
    static constexpr const char* id = TALOME_HTTP;
    static constexpr std::tuple functions{Function<&talome_http::route>{"route", kCreating},
                                          Function<&talome_http::header>{"header", kWorker},
                                          Function<&talome_http::read>{"read", kWorker},
                                          Function<&talome_http::begin>{"begin", kWorker},
                                          Function<&talome_http::write>{"write", kWorker},
                                          Function<&talome_http::file>{"file", kWorker},
                                          Function<&talome_http::stream>{"stream", kWorker},
                                          Function<&talome_http::listener>{"listener", kCreating},
                                          Function<&talome_http::upload>{"upload", kCreating},
                                          Function<&talome_http::event_stream>{"event_stream", kCreating},
                                          Function<&talome_http::websocket>{"websocket", kCreating},
                                          Function<&talome_http::link, 2>{"link", kWorker},
                                          Function<&talome_http::stream_write>{"stream_write", kAny},
                                          Function<&talome_http::stream_event>{"stream_event", kAny},
                                          Function<&talome_http::stream_close>{"stream_close", kAny},
                                          Function<&talome_http::ws_send>{"ws_send", kAny},
                                          Function<&talome_http::ws_close>{"ws_close", kAny},
                                          Function<&talome_http::ws_pause>{"ws_pause", kAny},
                                          Function<&talome_http::queued>{"queued", kAny}};
};

template <> struct Area<talome_settings> {
    static constexpr const char* id = TALOME_SETTINGS;
    static constexpr std::tuple functions{Function<&talome_settings::declare>{"declare", kCreating},
                                          Function<&talome_settings::on_change>{"on_change", kCreating},
                                          Function<&talome_settings::get>{"get", kAfterCreate}};
};

template <> struct Area<talome_database> {
    static constexpr const char* id = TALOME_DATABASE;
    static constexpr std::tuple functions{Function<&talome_database::migration>{"migration", kCreating},
                                          Function<&talome_database::execute>{"execute", kRunning},
                                          Function<&talome_database::transaction>{"transaction", kRunning}};
};

template <> struct Area<talome_tasks> {
    static constexpr const char* id = TALOME_TASKS;
    static constexpr std::tuple functions{Function<&talome_tasks::declare>{"declare", kCreating},
                                          Function<&talome_tasks::wake>{"wake", kAny},
                                          Function<&talome_tasks::wake_at>{"wake_at", kAny},
                                          Function<&talome_tasks::cron_next>{"cron_next", kAny},
                                          Function<&talome_tasks::declare_job>{"declare_job", kCreating},
                                          Function<&talome_tasks::start_job>{"start_job", kWork},
                                          Function<&talome_tasks::job_id>{"job_id", kAny},
                                          Function<&talome_tasks::job_resumed>{"job_resumed", kAny},
                                          Function<&talome_tasks::job_progress>{"job_progress", kAny},
                                          Function<&talome_tasks::job_log>{"job_log", kAny},
                                          Function<&talome_tasks::job_checkpoint>{"job_checkpoint", kAny}};
};

template <> struct Area<talome_events> {
    static constexpr const char* id = TALOME_EVENTS;
    static constexpr std::tuple functions{Function<&talome_events::declare>{"declare", kCreating},
                                          Function<&talome_events::subscribe>{"subscribe", kCreating},
                                          Function<&talome_events::publish>{"publish", kAny},
                                          Function<&talome_events::publish_to>{"publish_to", kAny},
                                          Function<&talome_events::on_audience>{"on_audience", kCreating},
                                          Function<&talome_events::subscribe_durable>{"subscribe_durable", kCreating}};
};

template <> struct Area<talome_io> {
    static constexpr const char* id = TALOME_IO;
    static constexpr std::tuple functions{Function<&talome_io::watch, 1>{"watch", kRunning},
                                          Function<&talome_io::change>{"change", kRunning},
                                          Function<&talome_io::unwatch>{"unwatch", kEnding}};
};

template <> struct Area<talome_process> {
    static constexpr const char* id = TALOME_PROCESS;
    static constexpr std::tuple functions{Function<&talome_process::declare_program>{"declare_program", kCreating},
                                          Function<&talome_process::run>{"run", kWorker | kLiving},
                                          Function<&talome_process::spawn>{"spawn", kRunning},
                                          Function<&talome_process::write>{"write", kAny},
                                          Function<&talome_process::close_input>{"close_input", kAny},
                                          Function<&talome_process::pause>{"pause", kAny},
                                          Function<&talome_process::signal>{"signal", kAny},
                                          Function<&talome_process::end>{"end", kAny}};
};

template <> struct Area<talome_fetch> {
    static constexpr const char* id = TALOME_FETCH;
    static constexpr std::tuple functions{
        Function<&talome_fetch::fetch>{"fetch", kWorker}, Function<&talome_fetch::open>{"open", kAfterCreate},
        Function<&talome_fetch::pause>{"pause", kAny}, Function<&talome_fetch::close>{"close", kAny},
        Function<&talome_fetch::upgrade>{"upgrade", kWorker}};
};

template <> struct Area<talome_tools> {
    static constexpr const char* id = TALOME_TOOLS;
    static constexpr std::tuple functions{Function<&talome_tools::list>{"list", kWork},
                                          Function<&talome_tools::call>{"call", kWork}};
};

using AllAreas = std::tuple<talome_host, talome_operations, talome_http, talome_settings, talome_database, talome_tasks,
                            talome_events, talome_io, talome_process, talome_fetch, talome_tools>;

/// The type of a function: a pointer.
template <class Table, class F> using TypeOf = std::remove_cvref_t<decltype(std::declval<Table&>().*F::member)>;

/// What a message is.
enum Kind : unsigned char {
    kCall = 'C',      ///< a function of an area, by its number
    kExtension = 'X', ///< the host's extension()
    kCallback = 'K',  ///< a function of the plugin that was declared, by its number
    kLife = 'L',      ///< a step of the plugin's life, or a question about the process
    kReply = 'R'
};
enum class Life : unsigned char {
    load,
    describe,
    create,
    start,
    activate,
    quiesce,
    stop,
    destroy,
    threads,
    descriptors,
    unload
};

constexpr std::size_t kAreaCount = std::tuple_size_v<AllAreas>;

// A function that is missing in a list above could not be called. The host's table has a version and extension()
// besides.
template <class Table> constexpr bool isWhole() {
    constexpr std::size_t besides = std::is_same_v<Table, talome_host> ? 3 : 1;
    return sizeof(Table) == (besides + std::tuple_size_v<std::remove_cvref_t<decltype(Area<Table>::functions)>>)*8;
}
static_assert(isWhole<talome_host>() && isWhole<talome_operations>() && isWhole<talome_http>());
static_assert(isWhole<talome_settings>() && isWhole<talome_database>() && isWhole<talome_tasks>());
static_assert(isWhole<talome_events>() && isWhole<talome_io>() && isWhole<talome_process>() && isWhole<talome_fetch>());
static_assert(isWhole<talome_tools>());

/// The place of an area in the list.
template <class Table> constexpr std::size_t areaNumber() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return ((std::is_same_v<Table, std::tuple_element_t<I, AllAreas>> ? I : 0) + ...);
    }
    (std::make_index_sequence<kAreaCount>());
}

} // namespace talome::check
