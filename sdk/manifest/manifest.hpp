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
    std::optional<std::string> domain{}, category{}, title{};        ///< left out: core, the plugin's id, by the name
    std::optional<bool> automationSafe{}, idempotent{}, openWorld{}; ///< left out: no
    bool operator==(const Tool&) const = default;
};
BOOST_DESCRIBE_STRUCT(Tool, (), (name, summary, rename, domain, category, title, automationSafe, idempotent, openWorld))

enum class Tier { read, modify, destructive };
BOOST_DESCRIBE_ENUM(Tier, read, modify, destructive)

/// The tier of inputs in which a member is exactly that.
struct TierRule {
    std::string input;
    boost::json::value equals;
    Tier tier = Tier::destructive;
    bool operator==(const TierRule&) const = default;
};
BOOST_DESCRIBE_STRUCT(TierRule, (), (input, equals, tier))

/// A URI, or one with inputs in braces, by which models read an operation's answer.
struct Resource {
    std::string uri, name, summary;
    std::map<std::string, std::string> rename;
    std::optional<std::string> domain{};
    std::vector<std::string> topics; ///< patterns of what may mean that it has changed
    bool operator==(const Resource&) const = default;
};
BOOST_DESCRIBE_STRUCT(Resource, (), (uri, name, summary, rename, domain, topics))

struct Prompt {
    std::string name, summary;
    std::map<std::string, std::string> rename;
    std::optional<std::string> domain{};
    bool operator==(const Prompt&) const = default;
};
BOOST_DESCRIBE_STRUCT(Prompt, (), (name, summary, rename, domain))

/// Tools that belong together.
struct ToolDomain {
    std::string name, summary;
    std::vector<std::string> settings; ///< active while one of them has a value; none: always
    std::vector<std::string> keywords;
    bool operator==(const ToolDomain&) const = default;
};
BOOST_DESCRIBE_STRUCT(ToolDomain, (), (name, summary, settings, keywords))

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
    std::vector<Source> sources;             ///< of Kind::events
    std::vector<std::string> protocols;      ///< of Kind::websocket: what is offered, the best first
    std::optional<std::int64_t> timeLimitMs; ///< of a call; none: the host's
    // Left out: none.
    std::optional<std::vector<TierRule>> tierRules{}; ///< the first that holds counts
    std::optional<std::vector<Resource>> resources{};
    std::optional<std::vector<Prompt>> prompts{};
    std::optional<bool> passesOn{}; ///< calls that are judged by themselves; left out: no
    bool operator==(const Operation&) const = default;
};
BOOST_DESCRIBE_STRUCT(Operation, (),
                      (id, summary, permission, tier, input, output, outputType, targetKind, targetInput, routes, tools,
                       maxBody, kind, sources, protocols, timeLimitMs, tierRules, resources, prompts, passesOn))

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
    std::int64_t periodMs = 0;       ///< 0: not on an interval
    std::optional<std::string> cron; ///< see cron.hpp
    std::optional<std::string> timeZone;
    bool operator==(const Task&) const = default;
};
BOOST_DESCRIBE_STRUCT(Task, (), (id, summary, periodMs, cron, timeZone))

/// A kind of jobs.
struct Job {
    std::string id, summary, permission;
    bool resumable = false;
    std::int64_t limitMs = 0; ///< of one run
    bool operator==(const Job&) const = default;
};
BOOST_DESCRIBE_STRUCT(Job, (), (id, summary, permission, resumable, limitMs))

struct Topic {
    std::string name, summary, audience;
    std::optional<boost::json::value> schema;
    std::optional<bool> durable{}; ///< left out: no
    bool operator==(const Topic&) const = default;
};
BOOST_DESCRIBE_STRUCT(Topic, (), (name, summary, audience, schema, durable))

/// One that it runs, as argv[0] names it.
struct Program {
    std::string name, summary;
    bool operator==(const Program&) const = default;
};
BOOST_DESCRIBE_STRUCT(Program, (), (name, summary))

struct Manifest {
    std::string id, version, summary;
    unsigned abi = 0;
    std::optional<std::string> sdk; ///< version of the SDK that wrote this; for areas that are "/0" also the host's
    std::vector<std::string> needs; ///< areas without which it does not run
    std::vector<std::string> wants; ///< areas that it can do without
    bool canUnload = false;
    std::vector<std::string> prefixes; ///< its part of the URL space: "/api/containers"
    std::vector<Operation> operations; ///< raw routes included
    std::vector<Listener> listeners;
    std::vector<Flag> flags;
    std::optional<std::vector<ToolDomain>> domains{}; ///< left out: none
    std::vector<Setting> settings;
    std::vector<Migration> migrations;
    std::vector<Task> tasks;
    std::vector<Job> jobs;
    std::vector<Topic> topics;
    std::vector<std::string> subscriptions; ///< topic patterns
    std::vector<std::string> durableSubscriptions;
    std::vector<std::string> uses;         ///< operations that it calls
    std::vector<std::string> requirements; ///< those of them without which it is not started
    std::vector<Program> programs;         ///< that it runs
    std::optional<std::string> digest;     ///< of the .so: "sha256:" and 64 hexadecimal digits
    std::optional<std::uint64_t> size;     ///< of the .so, in bytes
};
BOOST_DESCRIBE_STRUCT(Manifest, (),
                      (id, version, summary, abi, sdk, needs, wants, canUnload, prefixes, operations, listeners, flags,
                       domains, settings, migrations, tasks, jobs, topics, subscriptions, durableSubscriptions, uses,
                       requirements, programs, digest, size))

/// Text of NAME.plugin.json: keys in the order above, two spaces of indent, ends with a newline.
std::string toText(const Manifest&);

/// Throws talome::Invalid with the path of what is wrong.
Manifest fromText(std::string_view text);

} // namespace talome::manifest
