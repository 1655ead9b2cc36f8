// The process that the host is in: a plugin, to the host, all of whose functions are messages to the process in which
// the plugin really is.
#pragma once

#include "sdk/check/area_list.hpp"
#include "sdk/check/codec.hpp"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace talome::check {

class Near;

/// What the host is given in place of functions of the plugin.
struct Stub {
    Near* near;
    std::vector<std::uint32_t> numbers; ///< of the plugin's process
    std::string name;                   ///< of what they are declared for
    std::int32_t descriptor;            ///< that was passed along, as the plugin's process knows it
};

/// What was seen in the plugin's process, beside how its functions answered.
struct Finding {
    std::string check, what;
};

/// Host threads call it through the plugin's descriptor, one at a time; the rest is the checker's own thread's.
class Near : public Side {
public:
    /// Starts the process and loads the plugin there. `runner`: the program talome-check-runner.
    Near(const std::filesystem::path& runner, const std::filesystem::path& plugin, std::chrono::milliseconds limit);
    ~Near() override;
    Near(const Near&) = delete;
    Near& operator=(const Near&) = delete;

    bool loaded() const { return loaded_; }
    const std::string& why() const { return why_; } ///< it is not loaded
    const std::string& id() const { return id_; }
    bool canUnload() const { return flags_ & TALOME_CAN_UNLOAD; }
    unsigned steps() const { return steps_; } ///< a bit for each function of the descriptor

    /// The manifest that registering gives today; throws std::runtime_error with the plugin's words.
    std::string describe(const std::string& name);
    std::vector<std::string> threads();
    std::vector<std::string> descriptors();
    std::string unload(bool& fine);
    /// How many generations of it there are.
    std::size_t instances() const;

    /// What the host loads. One Near at a time has it.
    const talome_plugin* descriptor();
    std::set<std::string> hidden; ///< areas that its host does not have; set before it is created

    /// Calls an operation's function past the gate, with any text. The answer, or the words.
    talome_status invoke(const std::string& operation, talome_call&, std::string_view input, std::string& answer);

    /// How its process ended, if it has: "dies of SIGSEGV in …".
    std::optional<std::string> death();
    std::vector<Finding> takeFindings();

    std::uint32_t numberOf(const void* handle) override;
    void* handleOf(std::uint32_t number, Held&) override;
    talome_sink collector(Held&, void*& to) override;
    void deliver(talome_sink out, void* to, std::string_view text) override { out(to, {text.data(), text.size()}); }
    std::uint32_t note(AnyFunction, void*, void (*)(), bool) override { return 0; }
    void* stubFor(std::vector<std::uint32_t> numbers, std::string name, const Held&) override;

    /// A function of the plugin. Throws Gone.
    Reader callBack(const std::string& what, const Writer&);
    talome_status life(Life, std::uint32_t instance, const char* what);
    talome_status create(const talome_host*, talome_self*, void** instance);

    const void* table(std::size_t area) const;
    bool isAlive() const;
    /// One call at a time.
    std::unique_lock<std::recursive_mutex> lane() { return std::unique_lock(laneMutex_); }
    void keepWatched(std::uint64_t number, int fd) { watched_[number] = fd; }
    void endWatched(std::uint64_t number);

    /// Handles that were passed since it was made are valid no longer than it.
    class Passing {
    public:
        explicit Passing(Near& near);
        ~Passing();

    private:
        Near& near_;
        std::uint32_t from_;
    };

private:
    struct Instance {
        talome_self* self;
        const talome_host* host;
    };
    void spawn(const std::filesystem::path& runner);
    void serve(std::uint8_t kind, Reader&, Writer&);
    void serveExtension(Reader&, Writer&);
    void serveOwnThreads();
    void die(const std::string& how);
    Reader exchange(const Writer&);
    Reader question(Life, std::string_view text = {});

    const std::filesystem::path plugin_;
    const std::chrono::milliseconds limit_;
    pid_t process_ = -1;
    std::unique_ptr<Socket> lane_, own_;
    int report_ = -1;
    std::thread ownThreads_;

    std::recursive_mutex laneMutex_;   ///< one call at a time
    std::vector<std::string> running_; ///< under laneMutex_: what the plugin is doing

    mutable std::mutex mutex_; ///< of what follows
    std::optional<std::string> death_;
    std::map<std::uint32_t, Instance> instances_;
    std::map<std::uint32_t, const void*> handles_;
    std::uint32_t nextHandle_ = 1000;
    std::deque<Stub> stubs_;
    std::map<std::uint64_t, int> watched_;
    const void* tables_[kAreaCount] = {};

    bool loaded_ = false;
    std::string why_, id_, version_, summary_, unread_;
    std::uint32_t flags_ = 0, nextInstance_ = 1;
    unsigned steps_ = 0;
    talome_plugin made_{};
};

} // namespace talome::check

/// What the file that stands for the plugin gives its host.
extern "C" const talome_plugin* talome_check_descriptor();
