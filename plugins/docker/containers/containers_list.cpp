// GET /api/containers, from the cache: the engine is not asked, and the text of each container is written only when the
// container changes.
#include "services.hpp"

#include <algorithm>

namespace talome::docker {

// A container of the list: the prepared text, and its usage if it has any.
struct ListedContainer {
    RecordPtr record;
    const ContainerStats* stats = nullptr; // of `samples`
    SamplesPtr samples;
};

} // namespace talome::docker

template <> struct talome::Codec<talome::docker::ListedContainer> {
    static void write(std::string& out, const void* value) {
        const auto& listed = *static_cast<const docker::ListedContainer*>(value);
        out += listed.record->json;
        if (listed.stats) {
            out += R"(,"stats":)";
            talome::write(out, *listed.stats);
        }
        out += '}';
    }
    static void read(const boost::json::value&, void*, const detail::Path& at) { at.fail("is never read"); }
    static void schema(detail::SchemaText& text) { Codec<docker::Container>::schema(text); }
};

namespace talome::docker {

namespace {

struct ListInput {
    bool stats = true, all = true;
    std::optional<std::string> label;
    std::optional<int> limit;
    int offset = 0;
};
BOOST_DESCRIBE_STRUCT(ListInput, (), (stats, all, label, limit, offset))

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
            .input("stats", "With what each running container uses", true)
            .input("all", "Also those that do not run", true)
            .input("label", "Only those with this label: key or key=value", length(1, 512))
            .input("limit", "At most so many; the header X-Total-Count says how many there are", range(1, 1000))
            .input("offset", "How many to leave out at the start", range(0, 1000000), 0);
    }

    std::vector<ListedContainer> list(Call& call, const ListInput& input) {
        const SnapshotPtr snapshot = services_.cache.trueSnapshot();
        std::vector<ListedContainer> listed;
        listed.reserve(snapshot->containers.size());
        for (const RecordPtr& record : snapshot->containers) {
            if (!input.all && !record->running()) continue;
            if (input.label && !hasLabel(record->shown, *input.label)) continue;
            listed.push_back({record, nullptr, nullptr});
        }
        call.header("X-Total-Count", std::to_string(listed.size()));
        listed.erase(listed.begin(), listed.begin() + std::min<std::ptrdiff_t>(input.offset, std::ssize(listed)));
        if (input.limit && std::ssize(listed) > *input.limit) listed.resize(static_cast<std::size_t>(*input.limit));
        if (input.stats) addStats(listed);
        return listed;
    }

private:
    void addStats(std::vector<ListedContainer>& listed) {
        const auto runs = [](const ListedContainer& one) { return one.record->running(); };
        if (std::none_of(listed.begin(), listed.end(), runs)) return;
        const SamplesPtr samples = services_.sampler.look();
        for (ListedContainer& one : listed) {
            if (!one.record->running()) continue;
            one.stats = samples->find(one.record->id);
            one.samples = samples;
        }
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> containersList(Registry& registry, Services& services) {
    return std::make_unique<ContainersList>(registry, services);
}

} // namespace talome::docker
