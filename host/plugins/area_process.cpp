// talome.process: programs that a plugin runs; host/process does it.
#include "host/plugins/areas.hpp"

#include "host/plugins/edge.hpp"
#include "host/process/plugin_processes.hpp"

namespace talome::plugins {

namespace {

process::PluginProcesses& of(talome_self* self) { return self->states.of<process::PluginProcesses>(*self); }

talome_status declareProgram(talome_self* self, const char* program, const char* summary) noexcept {
    return declaring(self, [&] { of(self).declare(program, summary); });
}

std::function<void(std::string_view)> sinkOf(talome_sink sink, void* to) {
    if (!sink) return {};
    return [sink, to](std::string_view piece) { sink(to, bytes(piece)); };
}

talome_status run(talome_self* self, talome_call* call, const talome_process_spec* spec, talome_sink out, void* toOut,
                  talome_sink err, void* toErr, talome_process_result* result) noexcept {
    return edge([&]() -> talome_status {
        const auto done = of(self).run(call, spec, {sinkOf(out, toOut), sinkOf(err, toErr)});
        if (!result) return TALOME_OK;
        const auto size = std::min<std::size_t>(result->struct_size, sizeof done);
        if (size < sizeof size) throw Invalid("result", "has an impossible struct_size");
        const auto known = result->struct_size;
        std::memcpy(result, &done, size);
        result->struct_size = known;
        return TALOME_OK;
    });
}

talome_status spawn(talome_self* self, const talome_process_spec* spec, const talome_process_events* events,
                    uint64_t* number) noexcept {
    return edge([&]() -> talome_status {
        if (!number) throw Invalid("spawn", "needs a place for the number");
        *number = of(self).spawn(spec, events);
        return TALOME_OK;
    });
}

/// What is done with one that runs.
template <class F> talome_status with(talome_self* self, uint64_t number, F&& body) noexcept {
    return edge([&]() -> talome_status { return body(*of(self).find(number)); });
}

talome_status write(talome_self* self, uint64_t number, talome_bytes data) noexcept {
    return with(self, number, [&](process::Live& live) {
        const auto status = live.write(view(data));
        if (status == TALOME_E_GONE) return failed(status, "its standard input is closed");
        if (status == TALOME_E_LIMITED) return failed(status, "as much waits for the program as may");
        if (status == TALOME_E_TOO_LARGE) return failed(status, "this is more than may wait for the program");
        return status;
    });
}

talome_status closeInput(talome_self* self, uint64_t number) noexcept {
    return with(self, number, [&](process::Live& live) {
        const auto status = live.closeInput();
        return status < 0 ? failed(status, "its standard input is closed") : status;
    });
}

talome_status pause(talome_self* self, uint64_t number, int32_t paused) noexcept {
    return with(self, number, [&](process::Live& live) {
        live.pause(paused != 0);
        return TALOME_OK;
    });
}

talome_status signal(talome_self* self, uint64_t number, int32_t signal) noexcept {
    return with(self, number, [&](process::Live& live) {
        if (signal < 1 || signal > 64) throw Invalid("signal", "expected a number from 1 to 64");
        live.signal(signal);
        return TALOME_OK;
    });
}

talome_status end(talome_self* self, uint64_t number) noexcept {
    return with(self, number, [&](process::Live& live) {
        live.end(UINT64_MAX); // its own grace
        return TALOME_OK;
    });
}

} // namespace

const talome_process& processArea() {
    static const talome_process table{sizeof table, 0,          declareProgram, run,    spawn,
                                      write,        closeInput, pause,          signal, end};
    return table;
}

} // namespace talome::plugins
