#include "host/server/passed_sockets.hpp"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <sys/socket.h>
#include <system_error>
#include <systemd/sd-daemon.h>

namespace talome {

namespace {

struct Free {
    void operator()(char** names) const {
        for (char** each = names; each && *each; ++each) std::free(*each);
        std::free(names);
    }
};

Poco::Net::SocketAddress addressOf(const http::Descriptor& socket) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    if (::getsockname(socket.get(), plain, &length) != 0) throw std::system_error(errno, std::generic_category());
    return {plain, length};
}

} // namespace

bool PassedSockets::hasCtl(const std::filesystem::path& path) const {
    return std::any_of(ctl.begin(), ctl.end(), [&](const auto& each) { return addressOf(each).toString() == path; });
}

PassedSockets takePassedSockets() {
    PassedSockets passed;
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    if (count < 0) throw std::system_error(-count, std::generic_category(), "LISTEN_FDS");
    const std::unique_ptr<char*, Free> owned(names);
    for (int i = 0; i < count; ++i) {
        http::Descriptor socket(SD_LISTEN_FDS_START + i);
        const std::string name = names[i];
        const bool ctl = name == "ctl";
        if (!ctl && name != "http")
            throw std::runtime_error("was passed a socket named '" + name +
                                     "'; it knows http and ctl (FileDescriptorName)");
        const bool right = ctl ? sd_is_socket(socket.get(), AF_UNIX, SOCK_STREAM, 1) > 0
                               : sd_is_socket_inet(socket.get(), AF_UNSPEC, SOCK_STREAM, 1, 0) > 0;
        if (!right)
            throw std::runtime_error("the socket that was passed as '" + name + "' is no listening " +
                                     (ctl ? "unix" : "TCP") + " socket");
        (ctl ? passed.ctl : passed.http).push_back(std::move(socket));
    }
    return passed;
}

void checkAgreement(const config::Config& config, const PassedSockets& passed) {
    if (!config.addressGiven || passed.http.empty()) return;
    std::string there;
    for (const auto& each : passed.http) {
        const auto address = addressOf(each);
        if (address.host().toString() == config.host && address.port() == config.port) return;
        there += (there.empty() ? "" : " and ") + address.toString();
    }
    throw config::BadConfig("http.host and http.port say " + config.host + " port " + std::to_string(config.port) +
                            ", but talomed.socket listens on " + there +
                            ": leave them out and say it there (systemctl edit talomed.socket), or let talomed listen by "
                            "itself (systemctl disable --now talomed.socket)");
}

} // namespace talome
