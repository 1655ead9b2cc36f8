// talome_call_options as the gate wants them: for the areas by which plugins call what is not theirs.
#pragma once

#include "host/plugins/edge.hpp"

#include <talome/operations.h>

namespace talome::plugins {

/// Only what helpers are called; a plugin's text must not become a person's origin. Throws Invalid.
std::optional<gate::Origin> helperNamed(const char* name);

class NestedCall {
public:
    /// `options`: as this host knows them. They and `self` are used while it lives.
    NestedCall(const talome_self& self, const talome_call_options& options)
        : options_(options), link_{options.stopped, options.told, options.asked, options.user},
          nested_{self.id, self.uses, helperNamed(options.origin), options.approval ? options.approval : "", &link_} {}
    NestedCall(const NestedCall&) = delete;
    NestedCall& operator=(const NestedCall&) = delete;

    /// Calls `body(nested)`; tells which approval is missing, if it fails for that.
    template <class F> void run(F&& body) const {
        try {
            body(nested_);
        } catch (const gate::Failure& failure) {
            for (const auto& [name, value] : failure.members)
                if (name == "approvalId" && options_.approval_needed)
                    options_.approval_needed(options_.to, bytes(value));
            throw;
        }
    }

private:
    const talome_call_options options_;
    const gate::CallerLink link_;
    const gate::Gate::Nested nested_;
};

} // namespace talome::plugins
