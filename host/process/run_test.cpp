// Programs of the system, run to their end without a plugin: results, limits, and many at once.
#include "host/process/run.hpp"

#include "host/gate/failure.hpp"

#include <csignal>
#include <doctest/doctest.h>
#include <thread>

using namespace talome::process;

namespace {

/// A spec in C, with its texts.
struct Given {
    std::vector<std::string> argv;
    std::vector<talome_str> list;
    talome_process_spec spec{};

    explicit Given(std::vector<std::string> words) : argv(std::move(words)) {
        for (const auto& each : argv) list.push_back({each.data(), each.size()});
        spec.struct_size = sizeof spec;
        spec.argv = list.data();
        spec.n_argv = static_cast<std::uint32_t>(list.size());
    }
    Given(const Given&) = delete;
    Given& operator=(const Given&) = delete;
};

struct Done {
    talome_process_result result{};
    std::string output, errors;
    talome_status status = TALOME_OK;
    std::string words;
};

talome::tasks::Reactor reactor;

Done run(const Given& given, const Interrupt& interrupt = {}) {
    Done done;
    try {
        done.result = runToEnd(
            readSpec(&given.spec, Kind::oneShot), reactor,
            {[&](std::string_view piece) { done.output += piece; },
             [&](std::string_view piece) { done.errors += piece; }},
            interrupt, [](Child&) {}, [](Child&) {});
    } catch (const talome::gate::Failure& failure) {
        done.status = failure.status;
        done.words = failure.what();
    }
    return done;
}

} // namespace

TEST_CASE("process run: exit code, output and errors") {
    const auto echo = run(Given({"echo", "$(id)", "a b"}));
    CHECK(echo.words == "");
    CHECK(echo.output == "$(id) a b\n");
    CHECK(echo.result.exit_code == 0);
    CHECK(echo.result.limit == TALOME_LIMIT_NONE);
    const auto ls = run(Given({"/bin/ls", "/nowhere"}));
    CHECK(ls.result.exit_code == 2);
    CHECK(ls.errors.find("/nowhere") != std::string::npos);
}

TEST_CASE("process run: standard input is a file") {
    Given given({"cat"});
    const std::string text(1 << 20, 'x');
    given.spec.input = {text.data(), text.size()};
    CHECK(run(given).output == text);
    CHECK(run(Given({"cat"})).output == "");
}

TEST_CASE("process run: what cannot be started says why") {
    const auto missing = run(Given({"talome-no-such-program"}));
    CHECK(missing.status == TALOME_E_NOT_FOUND);
    CHECK(missing.words.find("talome-no-such-program") != std::string::npos);
    CHECK(run(Given({"/etc"})).status == TALOME_E_DENIED);
    Given elsewhere({"true"});
    elsewhere.spec.directory = {"/nowhere", 8};
    CHECK(run(elsewhere).status == TALOME_E_NOT_FOUND);
    Given closed({"true"});
    const std::int32_t fd = 9999, number = 5;
    closed.spec.fds = &fd;
    closed.spec.fd_numbers = &number;
    closed.spec.n_fds = 1;
    CHECK(run(closed).status == TALOME_E_INVALID);
}

TEST_CASE("process run: limits end it") {
    Given slow({"sleep", "100"});
    slow.spec.time_ms = 50;
    const auto late = run(slow);
    CHECK(late.result.limit == TALOME_LIMIT_TIME);
    CHECK(late.result.signal == SIGTERM);
    Given endless({"yes"});
    endless.spec.output_bytes = 100'000;
    const auto much = run(endless);
    CHECK(much.result.limit == TALOME_LIMIT_OUTPUT);
    CHECK(much.result.cut == TALOME_CUT_STDOUT);
    CHECK(much.output.size() == 100'000);
    Given cut({"head", "-c", "500000", "/dev/zero"});
    cut.spec.output_bytes = 10;
    cut.spec.flags = TALOME_PROCESS_CUT_OUTPUT;
    const auto rest = run(cut);
    CHECK(rest.result.limit == TALOME_LIMIT_NONE);
    CHECK(rest.result.exit_code == 0);
    CHECK(rest.output.size() == 10);
    CHECK(rest.result.cut == TALOME_CUT_STDOUT);
}

TEST_CASE("process run: is ended when its caller is gone") {
    CHECK(run(Given({"sleep", "100"}), [] { return talome_status{TALOME_E_CANCELLED}; }).status == TALOME_E_CANCELLED);
    CHECK(run(Given({"sleep", "100"}), [] { return talome_status{TALOME_E_TIMEOUT}; }).status == TALOME_E_TIMEOUT);
}

TEST_CASE("process run: a hundred at once") {
    std::atomic<int> fine{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 100; ++i)
        threads.emplace_back([&fine, i] {
            const auto text = std::to_string(i);
            const auto done = run(Given({"echo", text}));
            if (done.output == text + "\n" && done.result.exit_code == 0) ++fine;
        });
    for (auto& each : threads) each.join();
    CHECK(fine.load() == 100);
}

TEST_CASE("process spec: what cannot be meant is refused") {
    const auto refused = [](auto&& spoil) {
        Given given({"true"});
        spoil(given.spec);
        try {
            readSpec(&given.spec, Kind::oneShot);
            return std::string("taken");
        } catch (const std::exception& error) {
            return std::string(error.what());
        }
    };
    using Spec = talome_process_spec;
    CHECK(refused([](Spec&) {}) == "taken");
    CHECK(refused([](Spec& s) { s.n_argv = 0; }) == "argv: names no program");
    CHECK(refused([](Spec& s) { s.argv = nullptr; }) == "argv: is null");
    CHECK(refused([](Spec& s) { s.flags = 1u << 30; }) == "spec: has a flag that this host does not know");
    CHECK(refused([](Spec& s) { s.directory = {"tmp", 3}; }) == "directory: expected an absolute path");
    CHECK(refused([](Spec& s) { s.nice = -1; }) == "nice: expected 0 to 19");
    static const talome_str zero{"a\0b", 3};
    CHECK(refused([](Spec& s) { s.argv = &zero; }) == "argv: holds a zero byte");
    static const talome_pair pair{{"A=B", 3}, {"", 0}};
    CHECK(refused([](Spec& s) {
              s.env = &pair;
              s.n_env = 1;
          }) == "env: has a name that is none");
}
