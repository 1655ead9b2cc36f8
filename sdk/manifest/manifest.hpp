// What a plugin declares, as data: the content of NAME.plugin.json, and what the host compares with after loading.
#pragma once

#include <talome/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace talome::manifest {

struct Route {
    std::string method, path;
    int success = 200;
    std::map<std::string, std::string> rename; ///< name on the route -> name of the input
    std::optional<std::string> listener;       ///< id; none: the server's own port
    bool operator==(const Route&) const = default;
};
BOOST_DESCRIBE_STRUCT(Route, (), (method, path, success, rename, listener))

struct Tool {
    std::string name, summary;
    std::map<std::string, std::string> rename;
    bool operator==(const Tool&) const = default;
};
BOOST_DESCRIBE_STRUCT(Tool, (), (name, summary, rename))

enum class Tier { read, modify, destructive };
BOOST_DESCRIBE_ENUM(Tier, read, modify, destructive)

/// How a call is answered: by an operation's output, or by one of the kinds of http.h.
enum class Kind { call, raw, upload, events, websocket };
BOOST_DESCRIBE_ENUM(Kind, call, raw, upload, events, websocket)

/// A topic pattern of an event stream, and its name on the wire.
struct Source {
    std::string pattern;
    std::optional<std::string> event; ///< none: the topic
    bool operator==(const Source&) const = default;
};
BOOST_DESCRIBE_STRUCT(Source, (), (pattern, event))

struct Operation {
    std::string id, summary, permission;
    Tier tier = Tier::destructive;
    boost::json::value input;                 ///< JSON Schema of an object
    std::optional<boost::json::value> output; ///< JSON Schema
    std::string outputType;                   ///< media type
    std::optional<std::string> targetKind, targetInput;
    std::vector<Route> routes;
    std::vector<Tool> tools;
    std::uint64_t maxBody = 0; ///< bytes
    Kind kind = Kind::call;
    std::vector<Source> sources;        ///< of Kind::events
    std::vector<std::string> protocols; ///< of Kind::websocket: what is offered, the best first
    bool operator==(const Operation&) const = default;
};
BOOST_DESCRIBE_STRUCT(Operation, (),
                      (id, summary, permission, tier, input, output, outputType, targetKind, targetInput, routes, tools,
                       maxBody, kind, sources, protocols))

/// A port of its own.
struct Listener {
    std::string id, summary, host;
    unsigned port = 0;
    std::optional<std::string> portVariable, hostVariable;
    bool operator==(const Listener&) const = default;
};
BOOST_DESCRIBE_STRUCT(Listener, (), (id, summary, host, port, portVariable, hostVariable))

struct Flag {
    std::string name, summary;
    bool granted = false; ///< what a new member has
    bool operator==(const Flag&) const = default;
};
BOOST_DESCRIBE_STRUCT(Flag, (), (name, summary, granted))

struct Setting {
    std::string key, summary;
    bool secret = false;
    boost::json::value schema;
    boost::json::value fallback;
    bool restart = false;                   ///< a new value counts from the next start
    bool portable = false;                  ///< part of an exported configuration
    std::optional<std::string> environment; ///< the variable that overrides it
    bool operator==(const Setting&) const = default;
};
BOOST_DESCRIBE_STRUCT(Setting, (), (key, summary, secret, schema, fallback, restart, portable, environment))

struct Migration {
    unsigned version = 0;
    bool exclusive = false;
    std::string sql;
    bool operator==(const Migration&) const = default;
};
BOOST_DESCRIBE_STRUCT(Migration, (), (version, exclusive, sql))

struct Task {
    std::string id, summary;
    std::int64_t periodMs = 0; ///< 0: only when woken
    bool operator==(const Task&) const = default;
};
BOOST_DESCRIBE_STRUCT(Task, (), (id, summary, periodMs))

struct Topic {
    std::string name, summary, audience;
    std::optional<boost::json::value> schema;
    bool operator==(const Topic&) const = default;
};
BOOST_DESCRIBE_STRUCT(Topic, (), (name, summary, audience, schema))

struct Manifest {
    std::string id, version, summary;
    unsigned abi = 0;
    std::vector<std::string> needs; ///< areas without which it does not run
    std::vector<std::string> wants; ///< areas that it can do without
    bool canUnload = false;
    std::vector<std::string> prefixes; ///< its part of the URL space: "/api/containers"
    std::vector<Operation> operations; ///< raw routes included
    std::vector<Listener> listeners;
    std::vector<Flag> flags;
    std::vector<Setting> settings;
    std::vector<Migration> migrations;
    std::vector<Task> tasks;
    std::vector<Topic> topics;
    std::vector<std::string> subscriptions; ///< topic patterns
    std::vector<std::string> uses;          ///< operations that it calls
    std::vector<std::string> requirements;  ///< those of them without which it is not started
};
BOOST_DESCRIBE_STRUCT(Manifest, (),
                      (id, version, summary, abi, needs, wants, canUnload, prefixes, operations, listeners, flags,
                       settings, migrations, tasks, topics, subscriptions, uses, requirements))

/// Text of NAME.plugin.json: keys in the order above, two spaces of indent, ends with a newline.
std::string toText(const Manifest&);

/// Throws talome::Invalid with the path of what is wrong.
Manifest fromText(std::string_view text);

} // namespace talome::manifest
