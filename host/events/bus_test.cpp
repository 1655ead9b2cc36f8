#include "host/events/bus.hpp"

#include <doctest/doctest.h>
#include <future>

using namespace talome;

TEST_CASE("patterns") {
    CHECK(events::Bus::matches("container.*", "container.started"));
    CHECK(events::Bus::matches("container.started", "container.started"));
    CHECK_FALSE(events::Bus::matches("container.started", "container.started2"));
    CHECK_FALSE(events::Bus::matches("containers.*", "container.started"));
    CHECK(events::Bus::matches("*", "anything"));
}

TEST_CASE("a subscriber hears what matches, in order, until it leaves") {
    tasks::Pool pool(4);
    events::Bus bus;
    const auto strand = std::make_shared<tasks::Strand>(pool);
    std::vector<std::string> heard;
    const auto number = bus.subscribe("test", "a.*", strand, [&](std::string_view topic, std::string_view json) {
        heard.push_back(std::string(topic) + std::string(json));
    });
    bus.publish({"a.one", "1"});
    bus.publish({"b.one", "2"});
    bus.publish({"a.two", "3"});
    std::promise<void> done;
    strand->post([&] { done.set_value(); });
    done.get_future().get();
    bus.unsubscribe(number);
    bus.publish({"a.three", "4"});
    strand->close();
    CHECK(heard == std::vector<std::string>{"a.one1", "a.two3"});
}
