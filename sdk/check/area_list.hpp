// Every function of every area, with the threads on which it may be called: one list, from which both processes make
// their half of it.
#pragma once

#include <talome/database.h>
#include <talome/events.h>
#include <talome/http.h>
#include <talome/io.h>
#include <talome/operations.h>
#include <talome/settings.h>
#include <talome/tasks.h>

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
                                          Function<&talome_operations::call_with>{"call_with", kWork}};
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
                                          Function<&talome_tasks::wake>{"wake", kAny}};
};

template <> struct Area<talome_events> {
    static constexpr const char* id = TALOME_EVENTS;
    static constexpr std::tuple functions{Function<&talome_events::declare>{"declare", kCreating},
                                          Function<&talome_events::subscribe>{"subscribe", kCreating},
                                          Function<&talome_events::publish>{"publish", kAny},
                                          Function<&talome_events::publish_to>{"publish_to", kAny},
                                          Function<&talome_events::on_audience>{"on_audience", kCreating}};
};

template <> struct Area<talome_io> {
    static constexpr const char* id = TALOME_IO;
    static constexpr std::tuple functions{Function<&talome_io::watch, 1>{"watch", kRunning},
                                          Function<&talome_io::change>{"change", kRunning},
                                          Function<&talome_io::unwatch>{"unwatch", kEnding}};
};

using AllAreas = std::tuple<talome_host, talome_operations, talome_http, talome_settings, talome_database, talome_tasks,
                            talome_events, talome_io>;

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

/// The place of an area in the list.
template <class Table> constexpr std::size_t areaNumber() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return ((std::is_same_v<Table, std::tuple_element_t<I, AllAreas>> ? I : 0) + ...);
    }
    (std::make_index_sequence<kAreaCount>());
}

} // namespace talome::check
