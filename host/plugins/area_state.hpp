// What an area runs for one plugin, so that an area is one file: nothing of it stands in talome_self.
#pragma once

#include <memory>
#include <mutex>
#include <typeindex>
#include <utility>
#include <vector>

struct talome_self;

namespace talome::plugins {

/// Made when the area first needs it, as T(talome_self&); the lifecycle thread calls what follows.
class AreaState {
public:
    AreaState() = default;
    virtual ~AreaState() = default; ///< after stop(), on the lifecycle thread
    AreaState(const AreaState&) = delete;
    AreaState& operator=(const AreaState&) = delete;

    /// This generation is the one: what may exist only once begins. Throws to refuse.
    virtual void activate() {}
    /// Another one follows, or none: that ends again. Calls in flight go on, and still use the area.
    virtual void quiesce() {}
    /// No call comes any more: what the plugin's own functions run in, and is no call, ends before this returns. Before
    /// the plugin's stop().
    virtual void endCalls() {}
    /// The last call has returned: whatever still runs for the plugin ends, before this returns.
    virtual void stop() {}
};

/// Those of one plugin. Any thread.
class AreaStates {
public:
    template <class T> T& of(talome_self& self) {
        const std::lock_guard lock(mutex_);
        for (const auto& [type, state] : states_)
            if (type == typeid(T)) return static_cast<T&>(*state);
        return static_cast<T&>(*states_.emplace_back(typeid(T), std::make_unique<T>(self)).second);
    }

    void activate() {
        for (auto* state : all()) state->activate();
    }
    void quiesce() {
        for (auto* state : all()) state->quiesce();
    }
    void endCalls() {
        for (auto* state : all()) state->endCalls();
    }
    void stop() {
        for (auto* state : all()) state->stop();
    }

private:
    std::vector<AreaState*> all() {
        const std::lock_guard lock(mutex_);
        std::vector<AreaState*> some;
        for (const auto& [type, state] : states_) some.push_back(state.get());
        return some;
    }

    std::mutex mutex_;
    std::vector<std::pair<std::type_index, std::unique_ptr<AreaState>>> states_;
};

} // namespace talome::plugins
