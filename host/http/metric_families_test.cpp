#include "host/http/metric_families.hpp"

#include <doctest/doctest.h>

using talome::http::withFamilies;

TEST_SUITE("http::withFamilies") {
    const std::string own = "# TYPE talome_a counter\n# HELP talome_a A.\ntalome_a_total 1\n# EOF\n";

    TEST_CASE("families come before the end") {
        CHECK(withFamilies(own, {"# TYPE node_x gauge\n# HELP node_x X.\nnode_x{cpu=\"0\"} 2\nnode_x{cpu=\"1\"} 3\n"}) ==
              "# TYPE talome_a counter\n# HELP talome_a A.\ntalome_a_total 1\n# TYPE node_x gauge\n# HELP node_x X.\n"
              "node_x{cpu=\"0\"} 2\nnode_x{cpu=\"1\"} 3\n# EOF\n");
    }
    TEST_CASE("a family that is there already is left out, of whomever") {
        CHECK(withFamilies(own, {"# TYPE talome_a counter\ntalome_a_total 9\n"}) == own);
        CHECK(withFamilies(own, {"# TYPE b gauge\nb 1\n", "# TYPE b gauge\nb 2\n# TYPE c gauge\nc 3\n"}) ==
              own.substr(0, own.size() - 6) + "# TYPE b gauge\nb 1\n# TYPE c gauge\nc 3\n# EOF\n");
    }
    TEST_CASE("what is no part of a family is left out") {
        for (const char* line : {"# EOF", "", "nonsense", "other 1", "b", "bc 1", "# HELP other x", "b{x=\"\xff\"} 1", "{} 1"})
            CHECK(withFamilies(own, {std::string("# TYPE b gauge\n") + line + "\n"}).find("TYPE talome_a") != std::string::npos);
        CHECK(withFamilies(own, {"# TYPE b gauge\n# EOF\nother 1\nbc 1\nb 1"}) ==
              own.substr(0, own.size() - 6) + "# TYPE b gauge\nb 1\n# EOF\n");
        CHECK(withFamilies(own, {"b 1\n# TYPE 9 gauge\n9 1\n"}) == own);
        CHECK(withFamilies(own, {"# TYPE b gauge\nb{x=\"\xff\"} 1\n"}) == own);
    }
}
