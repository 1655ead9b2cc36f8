// GET and POST /api/health/container-connectivity: whether containers reach each other, asked from inside of the one that
// wants to, by a program that it has. Without the docker plugin, or an older one of it, there is no answer.
#include "services.hpp"

#include "live/timestamp.hpp"

#include <algorithm>
#include <chrono>

namespace talome::system {

namespace {

struct Pair {
    std::string from, to;
    std::optional<int> port;
};
BOOST_DESCRIBE_STRUCT(Pair, (), (from, to, port))
struct PairsInput {
    std::vector<Pair> pairs;
};
BOOST_DESCRIBE_STRUCT(PairsInput, (), (pairs))
struct PairsText {
    std::string pairs;
};
BOOST_DESCRIBE_STRUCT(PairsText, (), (pairs))

struct Reached {
    std::string from, to;
    std::optional<int> port;
    std::optional<bool> dnsResolvable, reachable; ///< null: the container has no program to find out with; see error
    std::optional<std::string> error;
    std::optional<std::int64_t> latency; ///< ms, of connecting and what the engine needs for it
};
BOOST_DESCRIBE_STRUCT(Reached, (), (from, to, port, dnsResolvable, reachable, error, latency))
struct ReachedAnswer {
    std::vector<Reached> results;
    std::string timestamp;
};
BOOST_DESCRIBE_STRUCT(ReachedAnswer, (), (results, timestamp))

/// As much of containers.exec as is needed.
struct ExecOrder {
    std::string id;
    std::vector<std::string> command;
    int timeoutMs = 0;
};
BOOST_DESCRIBE_STRUCT(ExecOrder, (), (id, command, timeoutMs))
struct ExecOutcome {
    int exitCode = 0;
    bool timedOut = false;
    std::string output;
};
BOOST_DESCRIBE_STRUCT(ExecOutcome, (), (exitCode, timedOut, output))

using Clock = std::chrono::steady_clock;

constexpr int kPatienceMs = 3000;         // of each question
constexpr std::chrono::seconds kBegins{20}; // no pair is asked later than that
constexpr std::size_t kMostPairs = 20;
constexpr const char* kName = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"; // no option of a program

class ConnectivityGroup : public Group {
public:
    ConnectivityGroup(Registry& registry, Services& services) : services_(services) {
        const auto declared = [&](std::string_view id, std::string_view method, auto handler) {
            return registry
                .operation(id, "Whether containers reach each other: names and ports, asked from inside of them", admin, Tier::modify,
                           this, handler)
                .route(method, "/api/health/container-connectivity");
        };
        declared("system.containerConnectivity", "POST", &ConnectivityGroup::check)
            .input("pairs", "Who wants to reach whom", items(1, kMostPairs))
            .input("pairs[].from", "A container, by name or id", pattern(kName))
            .input("pairs[].to", "A name, as the container would use it", pattern(kName))
            .input("pairs[].port", "A TCP port of it; the name alone unless said", range(1, 65535));
        declared("system.containerConnectivityQuery", "GET", &ConnectivityGroup::checkText)
            .input("pairs", "JSON: [{\"from\":…,\"to\":…,\"port\":…}]", length(2, 8192));
        registry.uses("containers.exec");
    }

private:
    /// 126 and 127 mean, as in a shell, that the program is not there.
    static bool isMissing(int exitCode) { return exitCode == 126 || exitCode == 127; }

    /// The exit code of the first of these programs that the container has; nothing if it has none.
    std::optional<ExecOutcome> first(Call& call, const std::string& in, const std::vector<std::vector<std::string>>& commands) {
        for (const auto& command : commands) {
            const auto done = services_.host.call<ExecOutcome>(&call, "containers.exec", ExecOrder{in, command, kPatienceMs});
            if (done.timedOut || !isMissing(done.exitCode)) return done;
        }
        return std::nullopt;
    }

    std::optional<bool> answersPing(Call& call, const Pair& pair, Reached& row) {
        const auto done = first(call, pair.from, {{"ping", "-c", "1", "-W", "2", pair.to}});
        if (!done) return std::nullopt; // its name is known, and more was not asked
        const bool reached = !done->timedOut && done->exitCode == 0;
        if (!reached) row.error = "it does not answer a ping";
        return reached;
    }

    std::optional<bool> opens(Call& call, const Pair& pair, const std::string& port, Reached& row) {
        bool reached = false, known = false;
        if (auto nc = first(call, pair.from, {{"nc", "-z", "-w", "2", pair.to, port}})) {
            if (nc->output.find("nvalid option") != std::string::npos) // BusyBox as Debian builds it
                nc = first(call, pair.from, {{"nc", "-w", "2", pair.to, port, "-e", "true"}});
            known = nc.has_value();
            reached = nc && !nc->timedOut && nc->exitCode == 0;
        } else if (const auto curl = first(call, pair.from, {{"curl", "-s", "-o", "/dev/null", "--connect-timeout", "2", "-m", "2",
                                                              "http://" + pair.to + ":" + port + "/"}})) {
            known = true; // whatever is said there: of curl's codes these mean that nobody took the connection
            constexpr int kNoName = 6, kNotConnected = 7, kTooLate = 28;
            const int code = curl->exitCode;
            reached = !curl->timedOut && code != kNoName && code != kNotConnected && code != kTooLate;
        }
        if (!known) {
            row.error = "the container has neither nc nor curl";
            return std::nullopt;
        }
        if (!reached) row.error = "nobody takes a connection at this port";
        return reached;
    }

    Reached reach(Call& call, const Pair& pair) {
        Reached row{pair.from, pair.to, pair.port, {}, {}, {}, {}};
        try {
            const auto resolved = first(call, pair.from, {{"getent", "hosts", pair.to}, {"nslookup", pair.to}, {"ping", "-c", "1", "-W", "2", pair.to}});
            if (!resolved) {
                row.error = "the container has neither getent nor nslookup nor ping";
                return row;
            }
            row.dnsResolvable = !resolved->timedOut && resolved->exitCode == 0;
            if (!*row.dnsResolvable) {
                row.reachable = false;
                row.error = resolved->timedOut ? "its name was not found in time" : "its name is not known there: they share no network, or it does not run";
                return row;
            }
            const auto begun = Clock::now();
            row.reachable = pair.port ? opens(call, pair, std::to_string(*pair.port), row) : answersPing(call, pair, row);
            if (row.reachable == true)
                row.latency = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count();
        } catch (const NotFound& error) { // of the container
            row.error = error.what();
        } catch (const Conflict& error) { // it does not run
            row.error = error.what();
        }
        return row;
    }

    ReachedAnswer check(Call& call, const PairsInput& input) {
        ReachedAnswer answer;
        const auto begun = Clock::now();
        for (const Pair& each : input.pairs) {
            if (call.cancelled()) throw Cancelled("the rest was not asked");
            if (Clock::now() - begun < kBegins)
                answer.results.push_back(reach(call, each));
            else
                answer.results.push_back({each.from, each.to, each.port, {}, {}, "not asked: the others took too long", {}});
        }
        answer.timestamp = timestamp(services_.host.nowMs());
        return answer;
    }

    ReachedAnswer checkText(Call& call, const PairsText& input) {
        PairsInput pairs;
        try {
            pairs.pairs = readText<std::vector<Pair>>(input.pairs);
        } catch (const Error& error) {
            throw Invalid("pairs", error.what());
        }
        if (pairs.pairs.empty() || pairs.pairs.size() > kMostPairs) throw Invalid("pairs", "expected 1 to 20");
        for (const Pair& each : pairs.pairs) {
            if (!isName(each.from) || !isName(each.to)) throw Invalid("pairs", "from and to are names: letters, digits and _ . -");
            if (each.port && (*each.port < 1 || *each.port > 65535)) throw Invalid("pairs", "a port is 1 to 65535");
        }
        return check(call, pairs);
    }
    static bool isName(std::string_view text) {
        const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
        return !text.empty() && text.size() <= 128 && plain(text.front()) &&
               std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '_' || c == '.' || c == '-'; });
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> connectivity(Registry& registry, Services& services) {
    return std::make_unique<ConnectivityGroup>(registry, services);
}

} // namespace talome::system
