#include "host/server/passed_sockets.hpp"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <doctest/doctest.h>
#include <unistd.h>

namespace {

talome::PassedSockets listening(const Poco::Net::ServerSocket& socket) {
    talome::PassedSockets passed;
    passed.http.emplace_back(::dup(socket.impl()->sockfd()));
    return passed;
}

} // namespace

TEST_CASE("passed sockets: without a service manager there are none") {
    const auto passed = talome::takePassedSockets();
    CHECK(passed.http.empty());
    CHECK(passed.ctl.empty());
}

TEST_CASE("passed sockets: an address of the configuration must be theirs") {
    const Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
    const auto passed = listening(socket);
    talome::config::Config config;
    CHECK_NOTHROW_MESSAGE(talome::checkAgreement(config, passed), "a default is no wish");
    config.addressGiven = true;
    CHECK_THROWS_WITH_AS(talome::checkAgreement(config, passed), doctest::Contains("systemctl edit talomed.socket"),
                         talome::config::BadConfig);
    config.host = "127.0.0.1";
    config.port = socket.address().port();
    CHECK_NOTHROW(talome::checkAgreement(config, passed));
    config.host = "127.0.0.2";
    CHECK_THROWS_AS(talome::checkAgreement(config, passed), talome::config::BadConfig);
    CHECK_NOTHROW_MESSAGE(talome::checkAgreement(config, {}), "it binds that itself");
}
