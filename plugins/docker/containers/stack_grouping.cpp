#include "containers/stack_grouping.hpp"

#include <algorithm>
#include <tuple>

namespace talome::docker {

namespace {

std::string label(const Container& container, const char* name) {
    const auto found = container.labels.find(name);
    return found == container.labels.end() ? std::string() : found->second;
}

// Of the primary container if it has it, else of the first that does.
std::optional<std::string> stackLabel(const Stack& stack, const char* name) {
    if (std::string text = label(stack.primaryContainer, name); !text.empty()) return text;
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

void choosePrimary(Stack& stack) {
    std::sort(stack.containers.begin(), stack.containers.end(),
              [](const Container& a, const Container& b) { return a.name < b.name; });
    stack.primaryContainer = *std::min_element(stack.containers.begin(), stack.containers.end(),
                                               [](const Container& a, const Container& b) { return rank(a) < rank(b); });
    stack.image = stack.primaryContainer.image;
    stack.ports = stack.primaryContainer.ports;
    stack.created = stack.primaryContainer.created;
    stack.labels = stack.primaryContainer.labels;
}

void addUp(Stack& stack) {
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
}

// An icon is a name of the homepage's icon set, or an address.
void describe(Stack& stack) {
    stack.appId = stackLabel(stack, "talome.app");
    if (stack.appId || stackLabel(stack, "talome.managed") == "true") stack.kind = StackKind::talome;
    if (auto icon = stackLabel(stack, "homepage.icon")) (isWebUrl(*icon) ? stack.iconUrl : stack.icon) = std::move(icon);
    if (!stack.iconUrl)
        if (auto icon = stackLabel(stack, "net.unraid.docker.icon"); icon && isWebUrl(*icon)) stack.iconUrl = std::move(icon);
    stack.category = stackLabel(stack, "homepage.group");
    if (const auto name = stackLabel(stack, "homepage.name")) stack.name = *name;
    stack.open = stack.primaryContainer.open;
    for (const Container& each : stack.containers)
        if (!stack.open && runs(each)) stack.open = each.open;
}

} // namespace

std::vector<Stack> gatherStacks(std::vector<Container> containers) {
    std::map<std::tuple<StackKind, std::string>, Stack> gathered;
    for (Container& each : containers) {
        if (isHousehold(each)) continue;
        const StackKind kind = each.compose ? StackKind::compose : StackKind::standalone;
        const std::string id = each.compose ? each.compose->project : each.name;
        Stack& stack = gathered[{kind, id}];
        stack.id = stack.name = id;
        stack.kind = kind;
        stack.containers.push_back(std::move(each));
    }
    std::vector<Stack> stacks;
    for (auto& [key, stack] : gathered) {
        choosePrimary(stack);
        addUp(stack);
        describe(stack);
        stacks.push_back(std::move(stack));
    }
    std::sort(stacks.begin(), stacks.end(), [](const Stack& a, const Stack& b) {
        return std::tie(a.status, a.name, a.id) < std::tie(b.status, b.name, b.id);
    });
    return stacks;
}

} // namespace talome::docker
