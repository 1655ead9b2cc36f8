#include "containers/stack_grouping.hpp"

#include <doctest/doctest.h>

using namespace talome::docker;

namespace {

Container made(const char* name, ContainerStatus status, LabelMap labels = {}, std::vector<Port> ports = {}) {
    Container container;
    container.id = container.name = name;
    container.status = status;
    container.labels = std::move(labels);
    container.compose = composeLabels(container.labels);
    container.ports = std::move(ports);
    return container;
}

constexpr auto kRuns = ContainerStatus::running;
const LabelMap kShop{{"com.docker.compose.project", "shop"}};

std::string with(const std::vector<Stack>& stacks) {
    std::string names;
    for (const Stack& each : stacks) names += (names.empty() ? "" : " ") + each.id;
    return names;
}

} // namespace

TEST_CASE("by project, and each other one by itself") {
    const auto stacks = gatherStacks({made("shop-web", kRuns, kShop, {{80, 80, "tcp"}}), made("alone", kRuns), made("shop-db", kRuns, kShop)});
    REQUIRE(with(stacks) == "alone shop");
    CHECK(stacks[0].kind == StackKind::standalone);
    CHECK(stacks[1].kind == StackKind::compose);
    CHECK(stacks[1].containers[0].name == "shop-db");
    CHECK(stacks[1].primaryContainer.name == "shop-web");
    CHECK(stacks[1].ports.size() == 1);
    CHECK((stacks[1].runningCount == 2 && stacks[1].totalCount == 2));
}

TEST_CASE("a project and a container of the same name are two") {
    CHECK(with(gatherStacks({made("a", kRuns, kShop), made("shop", kRuns)})) == "shop shop");
}

TEST_CASE("running, then partial, then stopped") {
    const LabelMap half{{"com.docker.compose.project", "half"}};
    const auto stacks = gatherStacks({made("z", kRuns), made("down", ContainerStatus::exited), made("h1", kRuns, half),
                                      made("h2", ContainerStatus::exited, half), made("held", ContainerStatus::paused)});
    CHECK(with(stacks) == "z half down held");
    CHECK(stacks[1].status == StackStatus::partial);
    CHECK(stacks[2].status == StackStatus::stopped);
}

TEST_CASE("Talome's own household is not shown") {
    CHECK(gatherStacks({made("p", kRuns, {{"talome.role", "proxy"}}), made("d", kRuns, {{"talome.role", "dns"}})}).empty());
    CHECK(gatherStacks({}).empty());
}

TEST_CASE("labels say name, icon, category and app") {
    LabelMap labels = kShop;
    labels.insert({{"homepage.name", "The shop"}, {"homepage.icon", "shop.png"}, {"homepage.group", "Sales"}, {"talome.app", "shop"}});
    const auto stacks = gatherStacks({made("db", kRuns, kShop), made("web", kRuns, labels)});
    REQUIRE(stacks.size() == 1);
    const Stack& shop = stacks[0];
    CHECK((shop.id == "shop" && shop.name == "The shop" && shop.icon == "shop.png" && shop.category == "Sales" && shop.appId == "shop"));
    CHECK(shop.kind == StackKind::talome);
    const auto script = gatherStacks({made("x", kRuns, {{"net.unraid.docker.icon", "javascript:1"}})});
    CHECK_FALSE(script[0].iconUrl);
}

TEST_CASE("usage is added up") {
    auto one = made("one", kRuns, kShop), two = made("two", kRuns, kShop);
    one.stats = ContainerStats{.cpuPercent = 1.5, .memoryUsageMb = 10};
    two.stats = ContainerStats{.cpuPercent = 2, .memoryUsageMb = 5};
    const auto stacks = gatherStacks({one, two});
    CHECK(stacks[0].cpuPercent == doctest::Approx(3.5));
    CHECK(stacks[0].memoryUsageMb == 15);
}
