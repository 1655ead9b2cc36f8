// What is asked of a container's log, by the REST route and by tools alike, and the engine's request for it.
#pragma once

#include "containers/log_filter.hpp"
#include "services.hpp"

namespace talome::docker {

// How many lines from the end: a number, or "all".
struct Tail {
    std::string text;
};

struct LogQuery {
    std::string id;
    std::optional<Tail> tail;
    std::optional<std::string> since, until;
    bool timestamps = true, stdout_ = true, stderr_ = true;
    std::optional<std::string> grep;
    bool caseSensitive = false;
};
BOOST_DESCRIBE_STRUCT(LogQuery, (), (id, tail, since, until, timestamps, stdout_, stderr_, grep, caseSensitive))

// A log that can be read: which container's, how it is written, and the request for it, which is asked with times
// whatever the query says of them if `timed`.
struct LogSource {
    RecordPtr container;
    bool tty = false;
    EngineRequest request;
};
// `tail`: how many lines where the query does not say. Throws NotFound, Invalid, Unavailable.
LogSource openLog(Services&, const LogQuery&, const char* tail, bool timed);

// The inputs of a LogQuery, for a declaration: an operation's or a raw route's.
template <class Declared> Declared& describeLogQuery(Declared& declared) {
    return declared.input("id", "Id, start of an id, or name", pattern(kContainerPattern))
        .input("tail", "How many lines from the end, 0 to 10000, or all; with grep: how many are searched")
        .input("since", "Not before: Unix seconds, RFC 3339, or how long ago (10m, 1h30m)", length(1, 64))
        .input("until", "Not after: as since", length(1, 64))
        .input("timestamps", "Each line begins with its time", true)
        .input("stdout", "With the standard output", true)
        .input("stderr", "With the standard error", true)
        .input("grep", "Only lines in which this expression (RE2) is found", length(1, kLongestExpression))
        .input("caseSensitive", "Small letters and capitals differ for grep", false);
}

} // namespace talome::docker

template <> struct talome::Codec<talome::docker::Tail> {
    static void write(std::string& out, const void* value) {
        talome::write(out, static_cast<const docker::Tail*>(value)->text);
    }
    static void read(const boost::json::value& from, void* value, const detail::Path& at) {
        auto& tail = *static_cast<docker::Tail*>(value);
        if (const auto* text = from.if_string())
            tail.text.assign(text->data(), text->size());
        else if (from.is_int64())
            tail.text = std::to_string(from.get_int64());
        else
            at.fail("expected a number of lines or all");
    }
    static void schema(detail::SchemaText& text) { // in a query, a number may come as text
        text.out += R"({"type":["integer","string"],"minimum":0,"maximum":10000,"pattern":"^(all|[0-9]{1,4}|10000)$"})";
    }
};
