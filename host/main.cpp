// talomed: reads its configuration, runs the server until it is told to stop.
#include "host/plugins/lifecycle_thread.hpp"
#include "host/server/server.hpp"

#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/OptionCallback.h>
#include <Poco/Util/ServerApplication.h>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

namespace {

using namespace talome;

constexpr std::chrono::seconds kDrain{5};
constexpr unsigned kHardStop = 10; // seconds

class Talomed : public Poco::Util::ServerApplication {
protected:
    void defineOptions(Poco::Util::OptionSet& options) override {
        ServerApplication::defineOptions(options);
        using Poco::Util::Option;
        using Poco::Util::OptionCallback;
        options.addOption(
            Option("help", "h", "say what the options are").callback(OptionCallback<Talomed>(this, &Talomed::onHelp)));
        options.addOption(
            Option("version", "v", "say the version").callback(OptionCallback<Talomed>(this, &Talomed::onVersion)));
        options.addOption(Option("config", "c", "read this file instead of /etc/talome/talome.yaml")
                              .argument("FILE")
                              .callback(OptionCallback<Talomed>(this, &Talomed::onConfig)));
    }

    int main(const std::vector<std::string>&) override {
        if (answered_) return EXIT_OK;
        try {
            const auto config = config::load();
            log::configure(config.logLevel, config.logFormat);
            if (config.dockerSocket) ::setenv("DOCKER_SOCKET", config.dockerSocket->c_str(), 1);
            allowManyConnections();
            Server server(config);
            announce(server);
            waitForTerminationRequest();
            sd_notify(0, "STOPPING=1");
            ::alarm(kHardStop); // whatever hangs then is ended by the signal
            log::info("host", "stopping");
            server.stop(kDrain);
            if (plugins::LifecycleThread::anyLeftBehind()) { // a plugin that never returned is still in what would go
                log::info("host", "stopped");
                ::_exit(EXIT_OK);
            }
        } catch (const config::BadConfig& wrong) {
            std::cerr << "talomed: " << wrong.what() << '\n';
            return EXIT_CONFIG;
        } catch (const Poco::Exception& error) {
            std::cerr << "talomed: " << error.displayText() << '\n';
            return EXIT_SOFTWARE;
        } catch (const std::exception& error) {
            std::cerr << "talomed: " << error.what() << '\n';
            return EXIT_SOFTWARE;
        }
        log::info("host", "stopped");
        return EXIT_OK;
    }

private:
    void onHelp(const std::string&, const std::string&) {
        Poco::Util::HelpFormatter formatter(options());
        formatter.setCommand("talomed");
        formatter.setHeader(
            "The Talome home server. What it reads from the environment and from talome.yaml is in README.md.");
        formatter.format(std::cout);
        answered_ = true;
        stopOptionsProcessing();
    }
    void onVersion(const std::string&, const std::string&) {
        std::cout << "talomed " TALOME_VERSION << '\n';
        answered_ = true;
        stopOptionsProcessing();
    }
    void onConfig(const std::string&, const std::string& file) { ::setenv("TALOME_CONFIG", file.c_str(), 1); }

    static void allowManyConnections() {
        rlimit limit{};
        if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warn("host", "the limit of open files stays low");
    }

    static void announce(const Server& server) {
        log::info("host", "talomed " TALOME_VERSION " listens on " + server.address());
        if (const auto code = server.setupCode(); !code.empty())
            log::info("host", "nobody has logged in yet: the first login creates the administrator (from a public "
                              "address it needs the setup code " +
                                  code + ")");
        sd_notify(0, "READY=1");
    }

    bool answered_ = false;
};

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
    Talomed daemon;
    return daemon.run(argc, argv);
}
