// A whole server in a directory of its own: how it begins and ends, and who calls.
#include "sdk/testing/house.hpp"

#include "host/auth/sessions.hpp"
#include "host/auth/users.hpp"
#include "host/log/log.hpp"
#include "host/plugins/self.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>

namespace json = boost::json;
namespace fs = std::filesystem;

namespace talome::testing {

namespace {

constexpr std::chrono::seconds kDrain{5};
constexpr std::int64_t kNewTokenAfterMs = 30 * 60'000; // long before a session ends

const char* variable(const char* name) { return std::getenv(name); }

/// Once in a process: what main() does for the server.
void prepareProcess() {
    static std::once_flag once;
    std::call_once(once, [] {
        std::signal(SIGPIPE, SIG_IGN);
        const char* level = variable("TALOME_TEST_LOG");
        log::configure(log::levelFrom(level ? level : "error"), log::Format::text);
    });
}

void install(const fs::path& file, const fs::path& directory) {
    auto manifest = file;
    manifest.replace_extension(".plugin.json");
    for (const auto& each : {file, manifest}) {
        if (!fs::is_regular_file(each)) throw std::runtime_error(each.string() + " is missing");
        const auto to = directory / each.filename();
        fs::copy_file(each, to, fs::copy_options::overwrite_existing);
        ::chmod(to.c_str(), 0644);
    }
}

} // namespace

Folder::Folder() {
    auto name = (fs::temp_directory_path() / "talome-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::system_error(errno, std::generic_category(), name);
    path_ = name;
}

Folder::~Folder() {
    std::error_code ignored; // a directory that stays behind is no reason to fail a test that has passed
    fs::remove_all(path_, ignored);
}

House::House(const std::vector<fs::path>& plugins, std::int64_t nowMs)
    : time_(nowMs ? nowMs : tasks::TimeSource::real().epochMs()) {
    prepareProcess();
    fs::create_directory(pluginDirectory());
    ::chmod(pluginDirectory().c_str(), 0755);
    for (const auto& file : plugins) {
        install(file, pluginDirectory());
        plugins_.push_back(file.stem().string());
    }
    callers_.emplace_back();
    start();
    makeUser(callers_[0], "admin", {});
}

House::~House() {
    try {
        stop();
    } catch (const std::exception& error) {
        log::error("testing", error.what());
    }
}

void House::start() {
    const auto state = folder_.path() / "state";
    const auto environment = [&](std::string_view name) -> std::string {
        if (name == "CORE_HOST") return "127.0.0.1";
        if (name == "CORE_PORT") return "0";
        if (name == "TALOME_STATE_DIR") return state.string();
        if (name == "TALOME_PLUGIN_DIR") return pluginDirectory().string();
        if (name == "TALOME_PLUGINS") return "all";
        if (name == "TALOME_SOCKET") return (folder_.path() / "socket").string();
        const char* docker = name == "DOCKER_SOCKET" ? variable("DOCKER_SOCKET") : nullptr;
        return docker ? docker : "";
    };
    std::string kept; // until the next question
    const auto config = config::load(std::nullopt, [&](const char* name) -> const char* {
        kept = environment(name);
        return kept.empty() ? nullptr : kept.c_str();
    });
    server_ = std::make_unique<Server>(config, PassedSockets{}, time_);
    listening_ = server_->inside().services.bus.listen("*", [this](const events::Event& event) {
        const std::lock_guard lock(mutex_);
        events_.emplace_back(event.topic, event.json);
    });
    for (auto& caller : callers_) caller.token.clear();
    if (!plugins_.empty()) requireActive();
}

void House::stop() {
    if (!server_) return;
    server_->inside().services.bus.unsubscribe(listening_);
    server_->stop(kDrain);
    server_.reset();
}

void House::restart() {
    stop();
    start();
}

/// What is wrong with a plugin is in the server's own list.
void House::requireActive() {
    const auto list = json::parse(call(-1, nullptr, "plugins.list", "{}"));
    for (const auto& id : plugins_)
        for (const auto& row : list.as_array())
            if (row.at("id").as_string() == id && row.at("state").as_string() != "active") {
                const auto* why = row.as_object().if_contains("reason");
                throw std::runtime_error(id + " is " + std::string(row.at("state").as_string()) +
                                         (why && why->is_string() ? ": " + std::string(why->as_string()) : ""));
            }
}

void House::makeUser(Caller& caller, const std::string& role, const std::vector<std::string>& flags) {
    auto inside = server_->inside();
    auth::User user;
    user.id = "test-user-" + std::to_string(inside.users.all().size() + 1);
    user.username = role + std::to_string(inside.users.all().size() + 1);
    user.role = role;
    user.createdAt = nowMs();
    for (const auto& [name, granted] : inside.services.registry.snapshot()->flags) user.flags[name] = false;
    for (const auto& name : flags)
        if (!user.flags.contains(name))
            throw std::runtime_error("no plugin declares the flag '" + name + "'");
        else
            user.flags[name] = true;
    if (inside.users.empty() ? !inside.users.createFirst(user)
                             : inside.users.create(user) != auth::Users::Outcome::done)
        throw std::runtime_error("a user could not be made");
    caller.userId = user.id;
}

int House::caller(const std::string& role, const std::vector<std::string>& flags) {
    Caller made;
    if (role == "admin" || role == "member")
        makeUser(made, role, flags);
    else if (!role.empty())
        throw std::runtime_error("a role is admin, member or empty, not '" + role + "'");
    const std::lock_guard lock(mutex_);
    callers_.push_back(std::move(made));
    return static_cast<int>(callers_.size() - 1);
}

std::string House::userId(int caller) const {
    const std::lock_guard lock(mutex_);
    return callers_.at(static_cast<std::size_t>(caller)).userId;
}

std::string House::tokenOf(int number) {
    const std::lock_guard lock(mutex_);
    auto& caller = callers_.at(static_cast<std::size_t>(number));
    if (caller.userId.empty()) return {};
    if (caller.token.empty() || nowMs() - caller.madeAt > kNewTokenAfterMs) {
        caller.madeAt = nowMs();
        caller.token =
            server_->inside().sessions.create(caller.userId, "127.0.0.1", "talome-testing", caller.madeAt).second;
    }
    return caller.token;
}

} // namespace talome::testing
