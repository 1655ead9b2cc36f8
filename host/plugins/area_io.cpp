// talome.io: descriptors watched by the reactor; callbacks come on the plugin's strand.
#include "host/plugins/areas.hpp"

#include "host/plugins/edge.hpp"

namespace talome::plugins {

namespace {

/// On the reactor's thread: the work itself is the strand's, and the descriptor is armed again after it.
/// The plugin may be gone by then: only the strand is touched, and a closed one runs nothing more.
void ready(talome_self* self, tasks::Strand& strand, const std::shared_ptr<WatchState>& state, std::uint32_t events) {
    strand.post([self, state, events] {
        if (state->gone) return;
        state->ready(state->user, state->fd, events);
        if (state->gone) return;
        std::uint64_t number = 0;
        {
            const std::lock_guard lock(self->mutex); // watch() holds it until the number is known
            number = state->number;
        }
        self->services.reactor.rearm(number, state->events);
    });
}

talome_status watch(talome_self* self, int32_t fd, uint32_t events, talome_ready call, void* user,
                    uint64_t* number) noexcept {
    return edge([&]() -> talome_status {
        if (fd < 0 || !call || !number || !(events & (TALOME_READABLE | TALOME_WRITABLE)))
            throw Invalid("watch", "needs a descriptor, events and a callback");
        if (self->ended) throw gate::Failure(TALOME_E_UNAVAILABLE, "the plugin has been told to end");
        const auto state = std::make_shared<WatchState>();
        state->fd = fd;
        state->events = events;
        state->ready = call;
        state->user = user;
        const std::lock_guard lock(self->mutex);
        const auto made =
            self->services.reactor.watch(fd, events, [self, strand = self->strand, state](std::uint32_t told) {
                ready(self, *strand, state, told);
            });
        state->number = made;
        self->watches.emplace(made, state);
        *number = made;
        return TALOME_OK;
    });
}

std::shared_ptr<WatchState> find(talome_self* self, uint64_t number) {
    const std::lock_guard lock(self->mutex);
    const auto it = self->watches.find(number);
    return it == self->watches.end() ? nullptr : it->second;
}

talome_status change(talome_self* self, uint64_t number, uint32_t events) noexcept {
    return edge([&]() -> talome_status {
        const auto state = find(self, number);
        if (!state) throw gate::Failure(TALOME_E_NOT_FOUND, "this descriptor is not watched");
        state->events = events;
        self->services.reactor.rearm(number, events);
        return TALOME_OK;
    });
}

void unwatch(talome_self* self, uint64_t number) noexcept {
    const auto status = edge([&]() -> talome_status {
        if (const auto state = find(self, number)) state->gone = true;
        self->services.reactor.unwatch(number);
        const std::lock_guard lock(self->mutex);
        self->watches.erase(number);
        return TALOME_OK;
    });
    static_cast<void>(status); // nothing in it can fail but a lock
}

} // namespace

const talome_io& ioArea() {
    static const talome_io table{sizeof table, 0, watch, change, unwatch};
    return table;
}

} // namespace talome::plugins
