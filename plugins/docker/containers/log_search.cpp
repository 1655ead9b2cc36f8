// GET /api/containers/logs: lines in which an expression is found, of one container or of all. The newest lines of each
// are read, one container after the other, in constant memory.
#include "containers/container_groups.hpp"
#include "containers/log_query.hpp"
#include "containers/log_reader.hpp"
#include "containers/log_text.hpp"

namespace talome::docker {

namespace {

constexpr std::size_t kMostMatches = 500, kLongestMatch = 2000; // lines, bytes
constexpr std::chrono::seconds kOneLimit{10}, kLimit{60};

struct SearchInput {
    std::string pattern;
    std::optional<std::string> containerId;
    int tail = 500;
    bool caseSensitive = false;
};
BOOST_DESCRIBE_STRUCT(SearchInput, (), (pattern, containerId, tail, caseSensitive))

struct LogMatch {
    std::string containerId, container, time, stream, text;
};
BOOST_DESCRIBE_STRUCT(LogMatch, (), (containerId, container, time, stream, text))

struct UnreadLog {
    std::string container, error;
};
BOOST_DESCRIBE_STRUCT(UnreadLog, (), (container, error))

struct LogMatches {
    std::vector<LogMatch> matches; // of each container the oldest first
    int searchedContainers = 0;
    std::int64_t searchedLines = 0;
    bool truncated = false;         // there are more matches, or the time was over
    std::vector<UnreadLog> unread;  // logs that could not be read
};
BOOST_DESCRIBE_STRUCT(LogMatches, (), (matches, searchedContainers, searchedLines, truncated, unread))

class LogSearch : public Group {
public:
    LogSearch(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.searchLogs", "Finds lines in the logs of one container, or of all", kApps, Tier::read,
                       this, &LogSearch::search)
            .route("GET", "/api/containers/logs")
            .tool("search_container_logs", "Lines of container logs in which an expression is found")
            .input("pattern", "What is looked for: an expression of RE2's", length(1, kLongestExpression))
            .input("containerId", "Only in this one's log: id, start of an id, or name", pattern(kContainerPattern))
            .input("tail", "How many lines of each log are searched, from its end", range(1, 10'000), 500)
            .input("caseSensitive", "Small letters and capitals differ", false)
            .timeLimit(kLimit + std::chrono::seconds(15));
    }

    LogMatches search(Call& call, const SearchInput& input) {
        const LogFilter filter(input.pattern, input.caseSensitive, "pattern");
        std::vector<RecordPtr> containers;
        if (input.containerId)
            containers.push_back(services_.keeper.resolve(*input.containerId));
        else
            containers = services_.cache.trueSnapshot()->containers;
        LogMatches found;
        const auto enough = std::chrono::steady_clock::now() + kLimit;
        for (const RecordPtr& container : containers) {
            found.truncated = found.truncated || found.matches.size() >= kMostMatches || std::chrono::steady_clock::now() > enough;
            if (found.truncated) break;
            if (call.cancelled()) throw Cancelled("the caller has left");
            try {
                searchOne(call, input, filter, *container, found);
                ++found.searchedContainers;
            } catch (const NotFound&) { // gone meanwhile
            } catch (const Unavailable&) {
                throw;
            } catch (const Cancelled&) {
                throw;
            } catch (const Error& error) { // a log driver that cannot be read, for one
                if (input.containerId) throw;
                found.unread.push_back({container->shown.name, error.what()});
            }
        }
        return found;
    }

private:
    void searchOne(Call& call, const SearchInput& input, const LogFilter& filter, const ContainerRecord& container,
                   LogMatches& found) {
        LogQuery query{.id = container.id, .tail = Tail{std::to_string(input.tail)}, .since = {}, .until = {}, .grep = {}};
        LogSource log = openLog(services_, query, "500", true);
        log.request.limit = kOneLimit;
        log.request.cancelled = [&call] { return call.cancelled(); };
        LogReader reader(log.tty, true, [&](const LogLine& line) {
            ++found.searchedLines;
            if (!filter.wants(line.text)) return;
            if (found.matches.size() >= kMostMatches) {
                found.truncated = true;
                return;
            }
            LogMatch match{container.shown.id, container.shown.name, std::string(line.time),
                           line.stream == LogStream::stderr_ ? "stderr" : "stdout", {}};
            appendUtf8(match.text, line.text.substr(0, kLongestMatch));
            found.matches.push_back(std::move(match));
        });
        services_.client.stream(log.request, [&](std::string_view bytes) { reader.feed(bytes); });
        reader.finish();
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> logSearch(Registry& registry, Services& services) {
    return std::make_unique<LogSearch>(registry, services);
}

} // namespace talome::docker
