// The operations of the host itself, declared as a plugin declares its own.
#include "host/server/host_api.hpp"

namespace talome {

HostApi::HostApi(HostParts parts)
    : self("host", parts.services), declarations(&plugins::hostTable(), &self),
      approvals(declarations, parts.approvals), auditLog(declarations, parts.audit),
      auth(declarations, parts.users, parts.sessions, parts.passwords, parts.services.registry),
      sessions(declarations, parts.sessions), tokens(declarations, parts.tokens, parts.users),
      users(declarations, parts.users, parts.sessions, parts.tokens, parts.passwords, parts.services.registry,
            parts.services.reviewStreams),
      health(declarations, parts.database, parts.services.gate, parts.services.registry),
      diagnostics(declarations, health, parts.services.gate, parts.errors),
      setup(declarations, auth, health, parts.users, parts.services.settings), pluginList(declarations, parts.manager),
      snapshots(declarations, parts.snapshots), openApi(declarations), settings(declarations, parts.services.settings),
      metrics(declarations, parts.services.gate, parts.counted, gate::Networks(parts.config.metricsAllow),
              std::move(parts.gauges), std::move(parts.checks)),
      jobs(declarations, *parts.services.jobs), tools(declarations, self.services),
      tickets(declarations, parts.authenticator) {
    declarations
        .setting("security_mode",
                 "What callers other than a person may do: permissive, cautious (destructive calls wait for a "
                 "person) or locked (they only read)",
                 "cautious")
        .oneOf({"permissive", "cautious", "locked"});
    declarations.publish();
    self.creating = false;
    for (const auto& setting : self.settings) parts.services.settings.declare("host", setting);
}

} // namespace talome
