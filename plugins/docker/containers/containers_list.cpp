// GET /api/containers, from the cache: the engine is not asked, and the text of each container is written only when the
// container changes. With `grouped`, stacks.
#include "containers/list_source.hpp"

namespace talome::docker {

// A container, with its usage if it has any; or a stack.
struct ListEntry {
    RecordPtr record;
    const ContainerStats* stats = nullptr; // of `samples`
    SamplesPtr samples;
    std::shared_ptr<const Stack> stack;
};

// What an entry can hold, for the schema: a stack has the members of a container as well.
enum class EntryStatus { running, exited, paused, restarting, created, stopped, partial };
BOOST_DESCRIBE_ENUM(EntryStatus, running, exited, paused, restarting, created, stopped, partial)
struct EntrySchema {
    std::string id, name, image;
    EntryStatus status = EntryStatus::stopped; // partial: only of stacks
    std::vector<Port> ports;
    std::string created;
    std::map<std::string, std::string> labels;
    std::optional<ComposeLabels> compose;
    std::optional<HomepageLabels> homepage;
    std::optional<WatchtowerLabels> watchtower;
    std::optional<OpenAddress> open;
    std::optional<ContainerStats> stats;
    // Of stacks:
    std::optional<StackKind> kind;
    std::optional<std::string> icon, iconUrl, category, appId;
    std::optional<Container> primaryContainer;
    std::optional<std::vector<Container>> containers;
    std::optional<double> cpuPercent;
    std::optional<std::int64_t> memoryUsageMb;
    std::optional<int> runningCount, totalCount;
};
BOOST_DESCRIBE_STRUCT(EntrySchema, (),
                      (id, name, image, status, ports, created, labels, compose, homepage, watchtower, open, stats, kind,
                       icon, iconUrl, category, appId, primaryContainer, containers, cpuPercent, memoryUsageMb,
                       runningCount, totalCount))

} // namespace talome::docker

template <> struct talome::Codec<talome::docker::ListEntry> {
    static void write(std::string& out, const void* value) {
        const auto& entry = *static_cast<const docker::ListEntry*>(value);
        if (entry.stack) return talome::write(out, *entry.stack);
        out += entry.record->json;
        if (entry.stats) {
            out += R"(,"stats":)";
            talome::write(out, *entry.stats);
        }
        out += '}';
    }
    static void read(const boost::json::value&, void*, const detail::Path& at) { at.fail("is never read"); }
    static void schema(detail::SchemaText& text) { Codec<docker::EntrySchema>::schema(text); }
};

namespace talome::docker {

namespace {

struct ListInput {
    bool stats = true, all = true, grouped = false;
    std::optional<std::string> label;
    std::optional<int> limit;
    int offset = 0;
};
BOOST_DESCRIBE_STRUCT(ListInput, (), (stats, all, grouped, label, limit, offset))

// "key" or "key=value".
bool hasLabel(const Container& container, const std::string& wanted) {
    const auto equals = wanted.find('=');
    const auto found = container.labels.find(wanted.substr(0, equals));
    if (found == container.labels.end()) return false;
    return equals == std::string::npos || found->second == wanted.substr(equals + 1);
}

class ContainersList : public Group {
public:
    ContainersList(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.list", "Lists containers with their state, ports and usage", kApps, Tier::read, this,
                       &ContainersList::list)
            .route("GET", "/api/containers")
            .tool("list_containers", "All containers: id, name, image, status, ports, usage")
            .resource("talome://containers", "containers", "All containers with their state, ports and usage", "container.*")
            .input("stats", "With what each running container uses", true)
            .input("all", "Also those that do not run", true)
            .input("grouped", "Stacks: containers gathered by their compose project", false)
            .input("label", "Only those with this label: key or key=value", length(1, 512))
            .input("limit", "At most so many; the header X-Total-Count says how many there are", range(1, 1000))
            .input("offset", "How many to leave out at the start", range(0, 1000000), 0);
    }

    std::vector<ListEntry> list(Call& call, const ListInput& input) {
        const SnapshotPtr snapshot = services_.cache.trueSnapshot();
        std::vector<RecordPtr> records;
        for (const RecordPtr& record : snapshot->containers) {
            if (!input.all && !record->running()) continue;
            if (input.label && !hasLabel(record->shown, *input.label)) continue;
            records.push_back(record);
        }
        return input.grouped ? stacks(call, input, records) : containers(call, input, std::move(records));
    }

private:
    // `first` to `last` of so many, as limit and offset say.
    struct Part {
        std::size_t first, last;
    };
    static Part part(Call& call, const ListInput& input, std::size_t count) {
        call.header("X-Total-Count", std::to_string(count));
        const std::size_t first = std::min(static_cast<std::size_t>(input.offset), count);
        const std::size_t most = input.limit ? static_cast<std::size_t>(*input.limit) : count;
        return {first, first + std::min(most, count - first)};
    }

    std::vector<ListEntry> containers(Call& call, const ListInput& input, std::vector<RecordPtr> records) {
        const auto [first, last] = part(call, input, records.size());
        records = {records.begin() + static_cast<std::ptrdiff_t>(first), records.begin() + static_cast<std::ptrdiff_t>(last)};
        const SamplesPtr samples = input.stats ? samplesOf(services_, records) : nullptr;
        std::vector<ListEntry> listed;
        listed.reserve(records.size());
        for (RecordPtr& record : records) {
            const ContainerStats* stats = samples && record->running() ? samples->find(record->id) : nullptr;
            listed.push_back({std::move(record), stats, samples, nullptr});
        }
        return listed;
    }

    std::vector<ListEntry> stacks(Call& call, const ListInput& input, const std::vector<RecordPtr>& records) {
        std::vector<Container> all;
        if (input.stats)
            all = withStats(services_, records);
        else
            for (const RecordPtr& record : records) all.push_back(record->shown);
        std::vector<Stack> gathered = gatherStacks(std::move(all));
        const auto [first, last] = part(call, input, gathered.size());
        std::vector<ListEntry> listed;
        for (std::size_t i = first; i < last; ++i) listed.push_back({nullptr, nullptr, nullptr, std::make_shared<const Stack>(std::move(gathered[i]))});
        return listed;
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> containersList(Registry& registry, Services& services) {
    return std::make_unique<ContainersList>(registry, services);
}

} // namespace talome::docker
