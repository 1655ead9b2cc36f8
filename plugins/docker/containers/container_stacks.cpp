// GET /api/containers/stacks: containers gathered by their compose project; each other one is a stack by itself. Those
// of Talome's own household (talome.role: proxy, dns, mdns, tailscale) are left out.
#include "containers/container_groups.hpp"

#include <algorithm>
#include <tuple>

namespace talome::docker {

namespace {

constexpr const char* kProject = "com.docker.compose.project";

enum class StackKind { talome, compose, standalone };
BOOST_DESCRIBE_ENUM(StackKind, talome, compose, standalone)
enum class StackStatus { running, partial, stopped };
BOOST_DESCRIBE_ENUM(StackStatus, running, partial, stopped)

struct Stack {
    std::string id, name;
    StackKind kind = StackKind::standalone;
    StackStatus status = StackStatus::stopped;
    std::string primaryContainer; // its id: the first that runs and publishes a TCP port, else that runs, else the first
    std::optional<std::string> icon, url, appId;
    std::vector<Container> containers;
    double cpuPercent = 0;
    std::int64_t memoryUsageMb = 0;
    int runningCount = 0, totalCount = 0;
};
BOOST_DESCRIBE_STRUCT(Stack, (),
                      (id, name, kind, status, primaryContainer, icon, url, appId, containers, cpuPercent,
                       memoryUsageMb, runningCount, totalCount))

std::string label(const Container& container, const char* name) {
    const auto found = container.labels.find(name);
    return found == container.labels.end() ? std::string() : found->second;
}

std::optional<std::string> firstLabel(const Stack& stack, const char* name) {
    for (const Container& each : stack.containers)
        if (std::string text = label(each, name); !text.empty()) return text;
    return std::nullopt;
}

bool isHousehold(const Container& container) {
    const std::string role = label(container, "talome.role");
    return role == "proxy" || role == "dns" || role == "mdns" || role == "tailscale" || role == "exec-ender";
}

bool runs(const Container& container) { return container.status == ContainerStatus::running; }

int rank(const Container& container) {
    const bool publishes = std::any_of(container.ports.begin(), container.ports.end(),
                                       [](const Port& port) { return port.protocol == "tcp"; });
    return runs(container) ? (publishes ? 0 : 1) : 2;
}

void finish(Stack& stack) {
    std::sort(stack.containers.begin(), stack.containers.end(),
              [](const Container& a, const Container& b) { return a.name < b.name; });
    const auto primary = std::min_element(stack.containers.begin(), stack.containers.end(),
                                          [](const Container& a, const Container& b) { return rank(a) < rank(b); });
    stack.primaryContainer = primary->id;
    stack.totalCount = static_cast<int>(stack.containers.size());
    for (const Container& each : stack.containers) {
        stack.runningCount += runs(each);
        if (!each.stats) continue;
        stack.cpuPercent += each.stats->cpuPercent;
        stack.memoryUsageMb += each.stats->memoryUsageMb;
    }
    stack.status = stack.runningCount == stack.totalCount ? StackStatus::running
                   : stack.runningCount > 0               ? StackStatus::partial
                                                          : StackStatus::stopped;
    stack.appId = firstLabel(stack, "talome.app");
    if (stack.appId || firstLabel(stack, "talome.managed") == "true") stack.kind = StackKind::talome;
    stack.icon = firstLabel(stack, "homepage.icon");
    stack.url = firstLabel(stack, "homepage.href");
    if (const auto name = firstLabel(stack, "homepage.name")) stack.name = *name;
}

class ContainerStacks : public Group {
public:
    ContainerStacks(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.stacks", "Gathers containers by the project that they belong to", kApps, Tier::read,
                       this, &ContainerStacks::stacks)
            .route("GET", "/api/containers/stacks");
    }

    std::vector<Stack> stacks() {
        const SnapshotPtr snapshot = services_.cache.trueSnapshot();
        const bool anyRuns = std::any_of(snapshot->containers.begin(), snapshot->containers.end(),
                                         [](const RecordPtr& each) { return each->running(); });
        const SamplesPtr samples = anyRuns ? services_.sampler.look() : nullptr;
        std::map<std::string, Stack> byId;
        for (const RecordPtr& record : snapshot->containers) {
            if (isHousehold(record->shown)) continue;
            const std::string project = label(record->shown, kProject);
            const std::string id = project.empty() ? record->shown.name : project;
            Stack& stack = byId[(project.empty() ? "container " : "project ") + id];
            stack.id = stack.name = id;
            stack.kind = project.empty() ? StackKind::standalone : StackKind::compose;
            stack.containers.push_back(record->shown);
            if (const auto* stats = samples ? samples->find(record->id) : nullptr; stats && record->running())
                stack.containers.back().stats = *stats;
        }
        std::vector<Stack> stacks;
        for (auto& [key, stack] : byId) {
            finish(stack);
            stacks.push_back(std::move(stack));
        }
        std::sort(stacks.begin(), stacks.end(), [](const Stack& a, const Stack& b) {
            return std::tie(a.status, a.name) < std::tie(b.status, b.name);
        });
        return stacks;
    }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerStacks(Registry& registry, Services& services) {
    return std::make_unique<ContainerStacks>(registry, services);
}

} // namespace talome::docker
