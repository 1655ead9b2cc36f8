// The order arrives as it was given, and half of one is none.
#include "host/process/order.hpp"

#include <doctest/doctest.h>

using namespace talome::process;

TEST_CASE("process order: arrives as it was given") {
    Order order;
    order.argv = {"prog", "", "-x", "a\nb", "$(id)"};
    order.env = {"PATH=/bin", "EMPTY="};
    order.writable = {"/tmp"};
    order.directory = "/";
    order.numbers = {0, 1, 2, 200};
    order.readOnly = true;
    order.nice = 19;
    order.memory = 1u << 30;
    order.graceMs = 7;
    const auto text = encode(order);
    const auto back = decode(text);
    REQUIRE(back);
    CHECK(*back == order);
    for (std::size_t n = 0; n < text.size(); ++n) CHECK_FALSE(decode(text.substr(0, n)));
    CHECK_FALSE(decode(text + "x"));
    auto other = text;
    ++other[0]; // the protocol
    CHECK_FALSE(decode(other));
}
