// Runs what it is told to, with what limits it is told: for the tests beside.
#include <talome/plugin.hpp>
#include <talome/process.hpp>

#include <unistd.h>

#include <map>

namespace {

struct Spec {
    std::vector<std::string> argv;
    std::optional<std::map<std::string, std::string>> env;
    std::optional<std::string> directory, input, descriptor; ///< the latter is read from number 9
    std::optional<std::int64_t> timeMs, cpuMs, graceMs, memory, output, fileSize, files, processes, nice, queue;
    std::optional<bool> network, readOnly, cutOutput, idleIo;
    std::optional<std::vector<std::string>> writable;
};
BOOST_DESCRIBE_STRUCT(Spec, (),
                      (argv, env, directory, input, descriptor, timeMs, cpuMs, graceMs, memory, output, fileSize, files,
                       processes, nice, queue, network, readOnly, cutOutput, idleIo, writable))

struct Result {
    int exitCode = 0, signal = 0;
    std::string endedBy;
    bool outputCut = false, errorsCut = false;
    std::int64_t timeMs = 0, cpuMs = 0, peakMemory = 0, outputBytes = 0, errorBytes = 0;
    std::string output, errors;
};
BOOST_DESCRIBE_STRUCT(Result, (),
                      (exitCode, signal, endedBy, outputCut, errorsCut, timeMs, cpuMs, peakMemory, outputBytes,
                       errorBytes, output, errors))

struct Number {
    std::int64_t id;
};
BOOST_DESCRIBE_STRUCT(Number, (), (id))
struct Write {
    std::int64_t id;
    std::string text;
    std::optional<std::int64_t> times;
};
BOOST_DESCRIBE_STRUCT(Write, (), (id, text, times))
struct Written {
    std::int64_t times = 0;
};
BOOST_DESCRIBE_STRUCT(Written, (), (times))
struct Act {
    std::int64_t id;
    std::string what;
    std::optional<std::int64_t> number;
};
BOOST_DESCRIBE_STRUCT(Act, (), (id, what, number))
struct State {
    std::int64_t outputBytes = 0, errorBytes = 0, rooms = 0;
    std::string tail;
    std::optional<Result> exited;
};
BOOST_DESCRIBE_STRUCT(State, (), (outputBytes, errorBytes, rooms, tail, exited))

const char* nameOf(talome::EndedBy by) {
    constexpr const char* kNames[] = {"itself", "time", "cpu", "memory", "output", "fileSize", "us"};
    return kNames[static_cast<int>(by)];
}

Result resultOf(const talome::ProcessResult& from) {
    Result to;
    to.exitCode = from.exitCode;
    to.signal = from.signal;
    to.endedBy = nameOf(from.endedBy);
    to.outputCut = from.outputCut;
    to.errorsCut = from.errorsCut;
    to.timeMs = from.time.count();
    to.cpuMs = from.cpu.count();
    to.peakMemory = static_cast<std::int64_t>(from.peakMemory);
    to.outputBytes = static_cast<std::int64_t>(from.output.size());
    to.errorBytes = static_cast<std::int64_t>(from.errors.size());
    to.output = from.output.substr(0, 65536);
    to.errors = from.errors.substr(0, 65536);
    return to;
}

/// A program that goes on, and what came of it.
struct Running {
    std::mutex mutex;
    State state;
    talome::Process process;
};

class Runner : public talome::Plugin {
public:
    explicit Runner(talome::Registry& registry) : host_(registry.host()), processes_(host_) {
        using talome::admin, talome::Tier;
        registry.program(PROBE, "Says what it finds");
        registry.program("cat", "Copies");
        registry.program("no-such-program", "Is not installed");
        registry.operation("runner.run", "Runs a program to its end", admin, Tier::modify, this, &Runner::run)
            .route("POST", "/api/runner/run");
        registry.operation("runner.spawn", "Starts a program", admin, Tier::modify, this, &Runner::spawn)
            .route("POST", "/api/runner/spawn");
        registry.operation("runner.write", "Writes to one", admin, Tier::modify, this, &Runner::write)
            .route("POST", "/api/runner/write");
        registry.operation("runner.act", "Does something with one", admin, Tier::modify, this, &Runner::act)
            .route("POST", "/api/runner/act");
        registry.operation("runner.state", "What came of one", admin, Tier::read, this, &Runner::state)
            .route("GET", "/api/runner/state");
    }

    void stop() {
        while (std::getenv("RUNNER_STOP_BLOCKS")) ::pause();
    }

private:
    static talome::ProcessSpec specOf(const Spec& from) {
        const auto ms = [](const auto& value) { return std::chrono::milliseconds(value.value_or(0)); };
        const auto number = [](const auto& value) { return static_cast<std::uint64_t>(value.value_or(0)); };
        talome::ProcessSpec to;
        to.argv = from.argv;
        if (!to.argv.empty() && to.argv[0] == "probe") to.argv[0] = PROBE;
        to.env = from.env.value_or(std::map<std::string, std::string>{});
        to.directory = from.directory.value_or("");
        to.input = from.input.value_or("");
        to.timeLimit = ms(from.timeMs);
        to.cpuLimit = ms(from.cpuMs);
        to.grace = ms(from.graceMs);
        to.memory = number(from.memory);
        to.output = number(from.output);
        to.fileSize = number(from.fileSize);
        to.files = static_cast<unsigned>(number(from.files));
        to.processes = static_cast<unsigned>(number(from.processes));
        to.network = from.network.value_or(true);
        to.readOnly = from.readOnly.value_or(false);
        to.writable = from.writable.value_or(std::vector<std::string>{});
        to.cutOutput = from.cutOutput.value_or(false);
        to.nice = static_cast<int>(number(from.nice));
        to.idleIo = from.idleIo.value_or(false);
        to.queue = number(from.queue);
        return to;
    }

    Result run(talome::Call& call, const Spec& input) {
        auto spec = specOf(input);
        int ends[2] = {-1, -1};
        if (input.descriptor) {
            if (::pipe(ends) < 0) throw std::runtime_error("pipe");
            [[maybe_unused]] const auto written = ::write(ends[1], input.descriptor->data(), input.descriptor->size());
            ::close(ends[1]);
            spec.descriptors = {{ends[0], 9}};
        }
        const auto done = talome::run(host_, &call, spec);
        if (ends[0] >= 0) ::close(ends[0]);
        return resultOf(done);
    }

    Number spawn(const Spec& input) {
        const auto running = std::make_shared<Running>();
        std::int64_t id = 0;
        {
            const std::lock_guard lock(mutex_);
            id = ++last_;
            all_[id] = running;
        }
        auto process = processes_.spawn(specOf(input),
                                        {.onOutput =
                                             [running](std::string_view piece) {
                                                 const std::lock_guard lock(running->mutex);
                                                 running->state.outputBytes += static_cast<std::int64_t>(piece.size());
                                                 running->state.tail += piece;
                                                 if (running->state.tail.size() > 1000)
                                                     running->state.tail.erase(0, running->state.tail.size() - 1000);
                                             },
                                         .onErrors =
                                             [running](std::string_view piece) {
                                                 const std::lock_guard lock(running->mutex);
                                                 running->state.errorBytes += static_cast<std::int64_t>(piece.size());
                                             },
                                         .onRoom =
                                             [running] {
                                                 const std::lock_guard lock(running->mutex);
                                                 ++running->state.rooms;
                                             },
                                         .onExited =
                                             [running](const talome::ProcessResult& result) {
                                                 const std::lock_guard lock(running->mutex);
                                                 running->state.exited = resultOf(result);
                                             }});
        const std::lock_guard lock(running->mutex);
        running->process = std::move(process);
        return {id};
    }

    std::shared_ptr<Running> find(std::int64_t id) {
        const std::lock_guard lock(mutex_);
        const auto it = all_.find(id);
        if (it == all_.end()) throw talome::NotFound("no such program");
        return it->second;
    }

    Written write(const Write& input) {
        const auto running = find(input.id);
        const std::lock_guard lock(running->mutex);
        Written done;
        while (done.times < input.times.value_or(1) && running->process.write(input.text)) ++done.times;
        return done;
    }

    void act(const Act& input) {
        const auto running = find(input.id);
        talome::Process dropped; // goes without the lock
        const std::lock_guard lock(running->mutex);
        if (input.what == "close") running->process.closeInput();
        if (input.what == "pause") running->process.pause();
        if (input.what == "resume") running->process.pause(false);
        if (input.what == "end") running->process.end();
        if (input.what == "signal") running->process.signal(static_cast<int>(input.number.value_or(15)));
        if (input.what == "drop") dropped = std::move(running->process);
    }

    State state(const Number& input) {
        const auto running = find(input.id);
        const std::lock_guard lock(running->mutex);
        return running->state;
    }

    talome::Host host_;
    talome::Processes processes_;
    std::mutex mutex_;
    std::int64_t last_ = 0;
    std::map<std::int64_t, std::shared_ptr<Running>> all_;
};

} // namespace

TALOME_PLUGIN(Runner, "runner", "1.0.0", "Runs programs for tests.")
