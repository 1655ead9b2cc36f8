#include "host/gate/origins.hpp"

#include <doctest/doctest.h>
#include <stdexcept>

using talome::gate::Origins;
using Trust = Origins::Trust;

TEST_CASE("an origin is trusted by what it is, not by how it looks") {
    const Origins origins({"https://dash.example.org", "http://localhost:3000"});
    for (const char* listed : {"https://dash.example.org", "http://localhost:3000"})
        CHECK(origins.of(listed) == Trust::listed);
    for (const char* local : {"http://localhost", "http://localhost:8080", "http://127.0.0.1:1", "http://10.0.0.7",
                              "https://192.168.1.5:3000", "http://100.64.0.1", "http://[::1]:3000", "http://[fe80::1]",
                              "http://[fd00::7]:80", "http://nas.local", "http://nas.local:3000"})
        CHECK_MESSAGE(origins.of(local) == Trust::local, local);
    for (const char* foreign : {"",
                                "null",
                                "http://10.evil.com",
                                "http://192.168.1.5.evil.com",
                                "http://localhost.evil.com",
                                "http://evil.com",
                                "http://8.8.8.8",
                                "http://[2001:db8::1]",
                                "http://dash.example.org",
                                "https://dash.example.org:444",
                                "https://dash.example.org.evil.com",
                                "http://127.0.0.1@evil.com",
                                "http://127.0.0.1:80/x",
                                "ftp://127.0.0.1",
                                "http://",
                                "http://[::1",
                                "http://[::1]x",
                                "http://127.0.0.1:",
                                "http://127.0.0.1:80 ",
                                "file://",
                                "http://LOCALHOST#"})
        CHECK_MESSAGE(origins.of(foreign) == Trust::none, foreign);
}

TEST_CASE("what is no origin cannot be listed") {
    for (const char* wrong : {"*", "null", "localhost:3000", "http://localhost:3000/", "http://a b"})
        CHECK_THROWS_AS(Origins({wrong}), std::invalid_argument);
}
