// The C++20 layer over the plugin ABI: all that a plugin includes. It is compiled into the plugin.
//
//     class Hello : public talome::Plugin {
//     public:
//         explicit Hello(talome::Registry& registry) {
//             registry.operation("hello.greet", "Greets a person", talome::session, talome::Tier::read, this,
//             &Hello::greet)
//                 .route("GET", "/api/hello/{name}");
//         }
//         Greeting greet(const Greet& input);
//     };
//     TALOME_PLUGIN(Hello, "hello", "1.0.0", "Greets people.")
#pragma once

#include "registry.hpp"

#include <memory>

namespace talome {

/// The base of every plugin. The constructor takes a Registry& and declares everything; it does no I/O. These members
/// are called if the class has them, on the host's lifecycle thread:
///     void start();     settings and database are ready; open what may be open twice
///     void activate();  this generation is the one: open what may be open only once
///     void quiesce();   the opposite of activate(); calls in flight go on
///     void stop();      the opposite of start(), after the last call has returned
class Plugin {
public:
    Plugin() = default;
    Plugin(const Plugin&) = delete;
    Plugin& operator=(const Plugin&) = delete;

    /// A plugin with threads of its own, or a library that cannot be unmapped, hides this with false.
    static constexpr bool kCanUnload = true;
};

namespace detail {

template <class P> struct Instance {
    Registry registry;
    P plugin;
    Instance(const talome_host* host, talome_self* self) : registry(host, self), plugin(registry) {}

    static Instance& of(void* instance) { return *static_cast<Instance*>(instance); }
    static talome_status create(const talome_host* host, talome_self* self, void** out) noexcept {
        return guard(Areas(host, self), [&] {
            auto instance = std::make_unique<Instance>(host, self);
            instance->registry.publish();
            *out = instance.release();
        });
    }
    static talome_status start(void* instance) noexcept {
        if constexpr (requires(P & p) { p.start(); })
            return guard(of(instance).registry.areas(), [&] { of(instance).plugin.start(); });
        return TALOME_OK;
    }
    static talome_status activate(void* instance) noexcept {
        if constexpr (requires(P & p) { p.activate(); })
            return guard(of(instance).registry.areas(), [&] { of(instance).plugin.activate(); });
        return TALOME_OK;
    }
    static void quiesce(void* instance) noexcept {
        if constexpr (requires(P & p) { p.quiesce(); })
            guardQuietly(of(instance).registry.areas(), [&] { of(instance).plugin.quiesce(); });
    }
    static void stop(void* instance) noexcept {
        if constexpr (requires(P & p) { p.stop(); })
            guardQuietly(of(instance).registry.areas(), [&] { of(instance).plugin.stop(); });
    }
    static void destroy(void* instance) noexcept { delete static_cast<Instance*>(instance); }
};

template <class P> constexpr talome_plugin describe(const char* id, const char* version, const char* summary) {
    static_assert(std::is_base_of_v<Plugin, P> && std::is_constructible_v<P, Registry&>,
                  "a plugin is derived from talome::Plugin and constructed from a talome::Registry&");
    using I = Instance<P>;
    return {sizeof(talome_plugin),
            TALOME_ABI,
            id,
            version,
            summary,
            P::kCanUnload ? std::uint32_t{TALOME_CAN_UNLOAD} : 0u,
            0,
            &I::create,
            &I::start,
            &I::activate,
            &I::quiesce,
            &I::stop,
            &I::destroy};
}

} // namespace detail
} // namespace talome

/// Once in a plugin: its class, id ([a-z][a-z0-9-]{0,31}, also the name of its file), version and one sentence.
#define TALOME_PLUGIN(Type, id, version, summary)                                                                      \
    extern "C" const talome_plugin* talome_plugin_v1(void) {                                                           \
        static constexpr talome_plugin kPlugin = talome::detail::describe<Type>(id, version, summary);                 \
        return &kPlugin;                                                                                               \
    }
