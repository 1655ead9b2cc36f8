// Definitions of process.hpp.
#pragma once

namespace talome {

namespace detail {

inline RawSpec::RawSpec(const ProcessSpec& spec) {
    for (const auto& each : spec.argv) argv_.push_back(str(each));
    for (const auto& each : spec.writable) writable_.push_back(str(each));
    for (const auto& [name, value] : spec.env) env_.push_back({str(name), str(value)});
    for (const auto& [fd, number] : spec.descriptors) {
        fds_.push_back(fd);
        numbers_.push_back(number);
    }
    const auto count = [](const auto& list) { return static_cast<std::uint32_t>(list.size()); };
    const auto ms = [](std::chrono::milliseconds time) {
        return time.count() < 0 ? std::uint64_t{1} : static_cast<std::uint64_t>(time.count());
    };
    raw_.struct_size = sizeof raw_;
    raw_.flags = (spec.network ? 0u : std::uint32_t{TALOME_PROCESS_NO_NETWORK}) | (spec.readOnly ? std::uint32_t{TALOME_PROCESS_READ_ONLY} : 0u) |
                 (spec.cutOutput ? std::uint32_t{TALOME_PROCESS_CUT_OUTPUT} : 0u) | (spec.idleIo ? std::uint32_t{TALOME_PROCESS_IDLE_IO} : 0u);
    raw_.argv = argv_.data();
    raw_.env = env_.data();
    raw_.writable = writable_.data();
    raw_.n_argv = count(argv_);
    raw_.n_env = count(env_);
    raw_.n_writable = count(writable_);
    raw_.n_fds = count(fds_);
    raw_.fds = fds_.data();
    raw_.fd_numbers = numbers_.data();
    raw_.directory = str(spec.directory);
    raw_.input = bytes(spec.input);
    raw_.time_ms = ms(spec.timeLimit);
    raw_.cpu_ms = ms(spec.cpuLimit);
    raw_.memory_bytes = spec.memory;
    raw_.output_bytes = spec.output;
    raw_.file_bytes = spec.fileSize;
    raw_.files = spec.files;
    raw_.processes = spec.processes;
    raw_.grace_ms = static_cast<std::uint32_t>(std::min<std::uint64_t>(ms(spec.grace), UINT32_MAX));
    raw_.nice = spec.nice;
    raw_.queue_bytes = spec.queue;
}

inline ProcessResult resultOf(const talome_process_result& from) {
    ProcessResult result;
    result.exitCode = from.exit_code;
    result.signal = from.signal;
    result.endedBy = static_cast<EndedBy>(from.limit);
    result.outputCut = (from.cut & TALOME_CUT_STDOUT) != 0;
    result.errorsCut = (from.cut & TALOME_CUT_STDERR) != 0;
    result.time = std::chrono::milliseconds(from.time_ms);
    result.cpu = std::chrono::milliseconds(from.cpu_ms);
    result.peakMemory = from.peak_bytes;
    return result;
}

inline void ProcessSlot::output(void* user, std::uint64_t, std::int32_t stream, talome_bytes piece) noexcept {
    auto& self = *static_cast<ProcessSlot*>(user);
    guardQuietly(*self.areas, [&] {
        const auto calls = self.find();
        if (!calls) return;
        if (const auto& call = stream == TALOME_STDERR ? calls->onErrors : calls->onOutput) call(view(piece));
    });
}

inline void ProcessSlot::room(void* user, std::uint64_t) noexcept {
    auto& self = *static_cast<ProcessSlot*>(user);
    guardQuietly(*self.areas, [&] {
        if (const auto calls = self.find(); calls && calls->onRoom) calls->onRoom();
    });
}

inline void ProcessSlot::exited(void* user, std::uint64_t, const talome_process_result* result) noexcept {
    auto& self = *static_cast<ProcessSlot*>(user);
    std::shared_ptr<ProcessCalls> last;
    {
        const std::lock_guard lock(self.mutex);
        last = std::move(self.calls);
    }
    const Areas& areas = *self.areas;
    self.home->giveBack(&self);
    guardQuietly(areas, [&] {
        if (last && last->onExited) last->onExited(resultOf(*result));
    });
}

} // namespace detail

inline ProcessResult run(const Host& host, const Call* call, const ProcessSpec& spec) {
    const detail::Areas& areas = host.areas();
    const detail::RawSpec raw(spec);
    detail::Collected output, errors;
    talome_process_result result{};
    result.struct_size = sizeof result;
    areas.check(areas.get<talome_process>()->run(areas.self(), call ? call->raw() : nullptr, raw.get(),
                                                 &detail::Collected::take, &output, &detail::Collected::take, &errors,
                                                 &result));
    ProcessResult done = detail::resultOf(result);
    done.output = output.done();
    done.errors = errors.done();
    return done;
}

inline Process::Process(const detail::Areas& areas, detail::ProcessSlot& slot, const ProcessSpec& spec,
                        ProcessCalls calls)
    : areas_(&areas) {
    const talome_process_events events{sizeof events,
                                       0,
                                       &slot,
                                       &detail::ProcessSlot::output,
                                       &detail::ProcessSlot::room,
                                       &detail::ProcessSlot::exited};
    try {
        serial_ = slot.begin(std::move(calls));
        areas.check(areas.get<talome_process>()->spawn(areas.self(), detail::RawSpec(spec).get(), &events, &number_));
        slot_ = &slot;
    } catch (...) {
        slot.silence(serial_);
        slot.home->giveBack(&slot);
        throw;
    }
}

inline Process::~Process() {
    if (!slot_) return;
    slot_->silence(serial_);
    // It may have ended by itself: then there is nothing to end.
    static_cast<void>(table().end(areas_->self(), number_));
}

inline bool Process::write(std::string_view data) const {
    const auto status = table().write(areas_->self(), number_, bytes(data));
    if (status == TALOME_E_LIMITED) return false;
    areas_->check(status);
    return true;
}

} // namespace talome
