// talomed: reads its configuration, runs the server until it is told to stop.
#include "host/plugins/lifecycle_thread.hpp"
#include "host/server/server.hpp"

#include <Poco/Exception.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <getopt.h>
#include <iostream>
#include <malloc.h>
#include <optional>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

namespace {

using namespace talome;

constexpr std::chrono::seconds kDrain{5};
constexpr unsigned kHardStop = 10; // seconds

constexpr const char* kUsage = R"(usage: talomed [--config FILE]

The Talome home server. What it reads from the environment and from talome.yaml is in README.md.

  -c, --config FILE    read this file instead of /etc/talome/talome.yaml
  -h, --help           say what the options are
  -v, --version        say the version
)";

void allowManyConnections() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warn("host", "the limit of open files stays low");
}

void announce(const Server& server) {
    log::info("host", "talomed " TALOME_VERSION " listens on " + server.address());
    if (const auto code = server.setupCode(); !code.empty())
        log::info("host", "nobody has logged in yet: the first login creates the administrator (from a public "
                          "address it needs the setup code " +
                              code + ")");
    sd_notify(0, "READY=1");
}

/// Until it is told to stop by one of these signals, which every thread blocks.
void serve(const sigset_t& ends) {
    auto passed = takePassedSockets();
    const auto config = config::load();
    checkAgreement(config, passed);
    log::configure(config.logLevel, config.logFormat);
    // What they came out as, for plugins.
    if (config.dockerSocket) ::setenv("DOCKER_SOCKET", config.dockerSocket->c_str(), 1);
    ::setenv("TALOME_STATE_DIR", std::filesystem::absolute(config.stateDir).c_str(), 1);
    ::setenv("DATABASE_PATH", std::filesystem::absolute(config.database).c_str(), 1);
    allowManyConnections();
    Server server(config, std::move(passed));
    announce(server);
    for (int signal = 0; ::sigwait(&ends, &signal) != 0;) {}
    sd_notify(0, "STOPPING=1");
    ::alarm(kHardStop); // whatever hangs then is ended by the signal
    log::info("host", "stopping");
    server.stop(kDrain);
    if (plugins::LifecycleThread::anyLeftBehind()) { // a plugin that never returned is still in what would go
        log::info("host", "stopped");
        ::_exit(EXIT_SUCCESS);
    }
}

/// The exit code, if the options leave nothing else to do.
std::optional<int> takeOptions(int argc, char** argv) {
    static const option kOptions[] = {{"help", no_argument, nullptr, 'h'},
                                      {"version", no_argument, nullptr, 'v'},
                                      {"config", required_argument, nullptr, 'c'},
                                      {}};
    for (int which; (which = ::getopt_long(argc, argv, "hvc:", kOptions, nullptr)) != -1;) {
        switch (which) {
        case 'h': std::cout << kUsage; return EXIT_SUCCESS;
        case 'v': std::cout << "talomed " TALOME_VERSION "\n"; return EXIT_SUCCESS;
        case 'c': ::setenv("TALOME_CONFIG", optarg, 1); break;
        default: return EX_USAGE; // getopt has said which option, and what is wrong with it
        }
    }
    if (optind == argc) return std::nullopt;
    std::cerr << "talomed: '" << argv[optind] << "' is no option; talomed --help lists them\n";
    return EX_USAGE;
}

int run(const sigset_t& ends) {
    try {
        serve(ends);
    } catch (const config::BadConfig& wrong) {
        std::cerr << "talomed: " << wrong.what() << '\n';
        return EX_CONFIG;
    } catch (const Poco::Exception& error) {
        std::cerr << "talomed: " << error.displayText() << '\n';
        return EX_SOFTWARE;
    } catch (const std::exception& error) {
        std::cerr << "talomed: " << error.what() << '\n';
        return EX_SOFTWARE;
    }
    log::info("host", "stopped");
    return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
    // Before any thread: these signals are waited for, and a client that leaves is an error code, not a signal.
    sigset_t ends;
    sigemptyset(&ends);
    for (const int each : {SIGINT, SIGTERM, SIGQUIT}) sigaddset(&ends, each);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN); // a file that grows too large is an error code, too
    ::umask(077);                  // whatever it writes is its owner's only
    // Large blocks (19 MiB for each password) go back to the system at once; by itself glibc would begin to keep them.
    ::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    ::mallopt(M_TRIM_THRESHOLD, 256 * 1024);
    ::mallopt(M_ARENA_MAX, 4);
    if (const auto code = takeOptions(argc, argv)) return *code;
    return run(ends);
}
