// Programs, run by argument vector in a confined child process; process.h says what one gets and what ends it.
//
//     registry.program("smartctl", "Reads the health of disks");
//     …
//     const auto done = talome::run(host_, &call, {.argv = {"smartctl", "-a", device}, .timeLimit = 10s,
//                                                  .network = false, .readOnly = true});
//     if (!done.ok()) throw talome::BadUpstream("smartctl: " + done.errors);
#pragma once

#include "host.hpp"

#include <algorithm>
#include <chrono>

namespace talome {

/// What is zero is process.h's default; TALOME_UNLIMITED is none.
struct ProcessSpec {
    std::vector<std::string> argv = {};
    std::map<std::string, std::string> env = {};
    std::string directory = {};                         ///< absolute; empty: "/"
    std::string input = {};                             ///< its standard input
    std::vector<std::pair<int, int>> descriptors = {};  ///< one of the plugin's, and its number there
    std::chrono::milliseconds timeLimit{}, cpuLimit{};  ///< the latter of all its processes
    std::uint64_t memory = 0, output = 0, fileSize = 0; ///< bytes
    unsigned files = 0, processes = 0;
    bool network = true, readOnly = false;
    std::vector<std::string> writable = {}; ///< with readOnly
    bool cutOutput = false;                 ///< too much output is dropped, and does not end it
    std::chrono::milliseconds grace{};      ///< between SIGTERM and SIGKILL
    int nice = 0;
    bool idleIo = false;
    std::uint64_t queue = 0; ///< bytes that wait for its standard input at most
};

/// What ended a program.
enum class EndedBy {
    itself = TALOME_LIMIT_NONE, ///< or a signal from elsewhere
    time = TALOME_LIMIT_TIME,
    cpu = TALOME_LIMIT_CPU,
    memory = TALOME_LIMIT_MEMORY,
    output = TALOME_LIMIT_OUTPUT,
    fileSize = TALOME_LIMIT_FILE,
    us = TALOME_LIMIT_ASKED ///< end(), or the plugin was stopped
};

struct ProcessResult {
    int exitCode = -1; ///< -1: a signal ended it
    int signal = 0;
    EndedBy endedBy = EndedBy::itself;
    bool outputCut = false, errorsCut = false;
    std::chrono::milliseconds time{}, cpu{};
    std::uint64_t peakMemory = 0; ///< bytes
    std::string output, errors;   ///< of run() only

    bool ok() const { return exitCode == 0 && endedBy == EndedBy::itself; }
};

/// All come on the plugin's strand and must not block. None begins after the handle is gone.
struct ProcessCalls {
    std::function<void(std::string_view)> onOutput = {}, onErrors = {}; ///< the program waits meanwhile
    std::function<void()> onRoom = {};                                  ///< after write() was false
    std::function<void(const ProcessResult&)> onExited = {};            ///< once, and the last
};

/// [worker] Runs it to its end. Throws what process.h says of run(): NotFound, Denied, Limited, Unsupported, Timeout …
inline ProcessResult run(const Host& host, const Call* call, const ProcessSpec& spec);

namespace detail {

/// The spec as C has it; lives as long as the ProcessSpec.
class RawSpec {
public:
    explicit RawSpec(const ProcessSpec&);
    RawSpec(const RawSpec&) = delete;
    RawSpec& operator=(const RawSpec&) = delete;
    const talome_process_spec* get() const { return &raw_; }

private:
    talome_process_spec raw_{};
    std::vector<talome_str> argv_, writable_;
    std::vector<talome_pair> env_;
    std::vector<std::int32_t> fds_, numbers_;
};

/// Taken by a program until the host says that it has ended, however long its handle lives.
struct ProcessSlot : Slot<ProcessSlot> {
    std::uint64_t serial = 0; ///< counts its programs
    std::shared_ptr<ProcessCalls> calls;

    /// Its callbacks; kept by the caller, for they may end their own program.
    std::shared_ptr<ProcessCalls> find() {
        const std::lock_guard lock(mutex);
        return calls;
    }
    std::uint64_t begin(ProcessCalls some) {
        const std::lock_guard lock(mutex);
        calls = std::make_shared<ProcessCalls>(std::move(some));
        return ++serial;
    }
    /// No callback of that program begins after this.
    void silence(std::uint64_t of) noexcept {
        std::shared_ptr<ProcessCalls> last; // let go outside of the lock
        const std::lock_guard lock(mutex);
        if (serial == of) last = std::move(calls);
    }
    static void output(void* user, std::uint64_t, std::int32_t stream, talome_bytes piece) noexcept;
    static void room(void* user, std::uint64_t) noexcept;
    static void exited(void* user, std::uint64_t, const talome_process_result*) noexcept;
};

} // namespace detail

/// A program that goes on. It is ended when this object goes. Any thread.
class Process {
public:
    Process() = default;
    Process(const detail::Areas& areas, detail::ProcessSlot& slot, const ProcessSpec& spec, ProcessCalls calls);
    Process(Process&& other) noexcept { swap(other); }
    Process& operator=(Process&& other) noexcept {
        Process(std::move(other)).swap(*this);
        return *this;
    }
    ~Process();

    explicit operator bool() const { return slot_ != nullptr; }
    /// All of it or nothing. False: too much waits already, onRoom tells when to go on. Throws Gone.
    bool write(std::string_view data) const;
    void closeInput() const { areas_->check(table().close_input(areas_->self(), number_)); }
    /// Its output is not read, so that it waits when it writes more.
    void pause(bool paused = true) const { areas_->check(table().pause(areas_->self(), number_, paused)); }
    void signal(int number) const { areas_->check(table().signal(areas_->self(), number_, number)); }
    /// SIGTERM, and after the grace SIGKILL of all that it has started; then comes onExited.
    void end() const { areas_->check(table().end(areas_->self(), number_)); }

private:
    const talome_process& table() const { return *areas_->get<talome_process>(); }
    void swap(Process& other) noexcept {
        std::swap(areas_, other.areas_);
        std::swap(slot_, other.slot_);
        std::swap(serial_, other.serial_);
        std::swap(number_, other.number_);
    }
    const detail::Areas* areas_ = nullptr;
    detail::ProcessSlot* slot_ = nullptr;
    std::uint64_t serial_ = 0, number_ = 0;
};

/// Starts programs that go on. A member of the plugin that stands before those that hold a Process.
class Processes {
public:
    explicit Processes(const Host& host) : areas_(&host.areas()) {}
    /// [strand, worker, lifecycle] from start() to quiesce(). Returns when it runs. Throws as run() does.
    Process spawn(const ProcessSpec& spec, ProcessCalls calls) {
        return Process(*areas_, *slots_.take(*areas_), spec, std::move(calls));
    }

private:
    const detail::Areas* areas_;
    detail::Slots<detail::ProcessSlot> slots_;
};

} // namespace talome

#include "process.ipp"
