// Events of durable topics as a subscriber gets them, and what registry.onDurable() keeps of it.
#pragma once

#include "wire_records.hpp"

namespace talome {

/// Valid during the call. Publisher and sequence name an event: when it comes again, they are the same.
struct DurableEvent {
    std::string_view publisher, topic, json;
    std::int64_t sequence = 0;      ///< from 1, grows in the order of the publisher's commits
    std::int64_t publishedAtMs = 0; ///< since the epoch
};

namespace detail {

using RunDurable = void (*)(const Handler&, const DurableEvent&);

template <class P, class F> void runDurable(const Handler& handler, const DurableEvent& event) {
    constexpr std::type_identity<P> p;
    constexpr std::type_identity<F> f;
    if constexpr (Shape<F>::arity == 1)
        handler(p, f, event);
    else
        handler(p, f, event, readText<ArgOf<F, 1>>(event.json));
}

struct DurableRecord : Declared {
    const Areas* areas = nullptr;
    Handler handler;
    RunDurable run = nullptr;
    std::string pattern;

    inline void declare(Areas& all) override {
        const auto& table = *all.need<talome_events>();
        all.check(table.subscribe_durable(all.self(), pattern.c_str(), &DurableRecord::invoke, this));
    }
    static talome_status invoke(void* user, const talome_durable_event* event) noexcept {
        auto& self = *static_cast<DurableRecord*>(user);
        return guard(*self.areas, [&] {
            self.run(self.handler, {view(event->publisher), view(event->topic), view(event->json), event->sequence,
                                    event->published_at_ms});
        });
    }
};

} // namespace detail
} // namespace talome
