#include "host/ctl/arguments.hpp"

#include <doctest/doctest.h>

using namespace talome::ctl;

TEST_CASE("a command line is read as its help shows it") {
    const Arguments both("NAME [--role ROLE]", {"ann", "--role", "admin"});
    CHECK(both.count() == 1);
    CHECK(both.at(0) == "ann");
    CHECK(both.option("--role") == "admin");
    CHECK_FALSE(Arguments("NAME [--role ROLE]", {"ann"}).option("--role"));
    CHECK(Arguments("NAME [--role ROLE]", {"--role=member", "ann"}).option("--role") == "member");
    CHECK(Arguments("[KEY]", {}).count() == 0);
    CHECK(Arguments("KEY VALUE", {"port", "-5"}).at(1) == "-5");
    CHECK(Arguments("KEY VALUE", {"key", "-"}).at(1) == "-");
    CHECK(Arguments("KEY VALUE", {"--", "key", "--x"}).at(1) == "--x");
}

TEST_CASE("what a command line must not be") {
    CHECK_THROWS_AS(Arguments("NAME", {}), UsageError);
    CHECK_THROWS_AS(Arguments("NAME", {"ann", "bob"}), UsageError);
    CHECK_THROWS_AS(Arguments("", {"x"}), UsageError);
    CHECK_THROWS_AS(Arguments("NAME", {"ann", "--role", "admin"}), UsageError);
    CHECK_THROWS_AS(Arguments("NAME [--role ROLE]", {"ann", "--role"}), UsageError);
    CHECK_THROWS_AS(Arguments("NAME [--role ROLE]", {"ann", "--role", "a", "--role", "b"}), UsageError);
}
