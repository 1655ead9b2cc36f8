// S16: whatever is asked for, and in whichever company, what reaches out of a container needs its grant.
#include "creation/create_policy.hpp"

#include <talome/errors.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <random>

using namespace talome::docker;

namespace {

const Machine kMachine{{"/srv/engine/own.sock"}, {"/var/lib/talome"}};

engine::CreateBody plain() {
    engine::CreateBody body;
    body.Image = "busybox";
    body.HostConfig.Mounts = {{"volume", "data", "/data", false}, {"bind", "/srv/media", "/media", false}, {"tmpfs", "", "/tmp", false},
                              {"bind", "/etc/localtime", "/etc/localtime", true}};
    body.HostConfig.CapAdd = {"NET_BIND_SERVICE", "cap_chown"};
    body.HostConfig.SecurityOpt = {"no-new-privileges"};
    body.HostConfig.Sysctls = {{"net.ipv4.ip_forward", "1"}};
    return body;
}

std::function<void(engine::CreateBody&)> bind(const char* path, bool readOnly = false) {
    return [=](engine::CreateBody& body) { body.HostConfig.Mounts.push_back({"bind", path, "/x", readOnly}); };
}

struct Risk {
    std::set<Grant> needs;
    std::function<void(engine::CreateBody&)> add;
};

const std::vector<Risk>& risks() {
    static const std::vector<Risk> all{
        {{Grant::privileged}, [](auto& b) { b.HostConfig.Privileged = true; }},
        {{Grant::hostNetwork}, [](auto& b) { b.HostConfig.NetworkMode = "host"; }},
        {{Grant::hostProcesses}, [](auto& b) { b.HostConfig.PidMode = "host"; }},
        {{Grant::hostMemory}, [](auto& b) { b.HostConfig.IpcMode = "host"; }},
        {{Grant::hostUsers}, [](auto& b) { b.HostConfig.UsernsMode = "host"; }},
        {{Grant::containerNamespaces}, [](auto& b) { b.HostConfig.PidMode = "container:abc"; }},
        {{Grant::capabilities}, [](auto& b) { b.HostConfig.CapAdd.push_back("SYS_ADMIN"); }},
        {{Grant::capabilities}, [](auto& b) { b.HostConfig.CapAdd.push_back("cap_net_admin"); }},
        {{Grant::capabilities}, [](auto& b) { b.HostConfig.CapAdd.push_back("ALL"); }},
        {{Grant::devices}, [](auto& b) { b.HostConfig.Devices.push_back({"/dev/sda", "/dev/sda", "rwm"}); }},
        {{Grant::unconfined}, [](auto& b) { b.HostConfig.SecurityOpt.push_back("seccomp=unconfined"); }},
        {{Grant::unconfined}, [](auto& b) { b.HostConfig.SecurityOpt.push_back("no-new-privileges:false"); }},
        {{Grant::sysctls}, [](auto& b) { b.HostConfig.Sysctls["kernel.core_pattern"] = "|/x"; }},
        {{Grant::systemPaths, Grant::engineSocket}, bind("/")},
        {{Grant::systemPaths, Grant::engineSocket}, bind("//.//")},
        {{Grant::systemPaths}, bind("/etc")},
        {{Grant::systemPaths}, bind("/etc/./passwd", true)},
        {{Grant::systemPaths}, bind("/etc/localtime")},
        {{Grant::systemPaths}, bind("/var")},
        {{Grant::systemPaths}, bind("/var/lib/talome/host.db")},
        {{Grant::systemPaths}, bind("/proc/1/root")},
        {{Grant::systemPaths, Grant::engineSocket}, bind("/var/run/docker.sock")},
        {{Grant::engineSocket}, bind("/home/me/.docker/run/docker.sock")},
        {{Grant::engineSocket}, bind("/srv/engine/own.sock")},
        {{Grant::engineSocket}, bind("/srv/engine/")},
    };
    return all;
}

std::set<Grant> needed(const engine::CreateBody& body) {
    std::set<Grant> grants;
    for (const Breach& each : breaches(body, kMachine)) grants.insert(each.grant);
    return grants;
}

} // namespace

TEST_CASE("what stays inside needs no grant") {
    CHECK(needed(plain()).empty());
    CHECK_NOTHROW(requireGranted(plain(), {}, kMachine));
}

TEST_CASE("each risk needs exactly its grants") {
    for (const Risk& risk : risks()) {
        auto body = plain();
        risk.add(body);
        CHECK(needed(body) == risk.needs);
        CHECK_NOTHROW(requireGranted(body, risk.needs, kMachine));
        for (const Grant missing : risk.needs) {
            auto granted = risk.needs;
            granted.erase(missing);
            CHECK_THROWS_AS(requireGranted(body, granted, kMachine), talome::Denied);
        }
    }
}

TEST_CASE("risks hide behind no others") {
    std::mt19937 random(16);
    for (int round = 0; round < 2000; ++round) {
        auto body = plain();
        std::set<Grant> needs;
        for (unsigned n = random() % 5 + 1; n > 0; --n) {
            const Risk& risk = risks()[random() % risks().size()];
            const auto before = needed(body);
            risk.add(body);
            needs = needed(body);
            for (const Grant each : risk.needs) REQUIRE(needs.contains(each));
            if (risk.needs != std::set{Grant::hostProcesses} && risk.needs != std::set{Grant::containerNamespaces}) // one PidMode
                for (const Grant each : before) REQUIRE(needs.contains(each));
        }
        REQUIRE_NOTHROW(requireGranted(body, needs, kMachine));
        auto fewer = needs;
        fewer.erase(std::next(fewer.begin(), random() % fewer.size()));
        REQUIRE_THROWS_AS(requireGranted(body, fewer, kMachine), talome::Denied);
    }
}

TEST_CASE("paths and kinds that are none are refused, whatever is granted") {
    const std::set<Grant> all{Grant::privileged, Grant::systemPaths, Grant::engineSocket};
    for (const auto& add : {bind("/srv/../etc"), bind("srv"), bind(""), bind("/srv/..")}) {
        auto body = plain();
        add(body);
        CHECK_THROWS_AS(requireGranted(body, all, kMachine), talome::Invalid);
    }
    auto body = plain();
    body.HostConfig.Mounts.push_back({"volume", "/etc", "/x", false});
    CHECK_THROWS_AS(requireGranted(body, all, kMachine), talome::Invalid);
    body = plain();
    body.HostConfig.Mounts.push_back({"npipe", "a", "/x", false});
    CHECK_THROWS_AS(requireGranted(body, all, kMachine), talome::Invalid);
    body = plain();
    body.HostConfig.Mounts.push_back({"volume", "a", "x", false});
    CHECK_THROWS_AS(requireGranted(body, all, kMachine), talome::Invalid);
}
