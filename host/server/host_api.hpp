// The operations of the host itself, declared as a plugin declares its own.
#pragma once

#include "host/api/approvals.hpp"
#include "host/api/audit_log.hpp"
#include "host/api/auth.hpp"
#include "host/api/diagnostics.hpp"
#include "host/api/health.hpp"
#include "host/api/jobs.hpp"
#include "host/api/metrics.hpp"
#include "host/api/openapi.hpp"
#include "host/api/plugins.hpp"
#include "host/api/sessions.hpp"
#include "host/api/settings.hpp"
#include "host/api/setup.hpp"
#include "host/api/snapshots.hpp"
#include "host/api/tickets.hpp"
#include "host/api/tokens.hpp"
#include "host/api/tools.hpp"
#include "host/api/users.hpp"
#include "host/config/config.hpp"
#include "host/plugins/self.hpp"

namespace talome {

/// What the host's operations work with.
struct HostParts {
    plugins::Services services;
    auth::Users& users;
    auth::Sessions& sessions;
    auth::ApiTokens& tokens;
    auth::Passwords& passwords;
    storage::Database& database;
    storage::Snapshots& snapshots;
    gate::Approvals& approvals;
    audit::Log& audit;
    plugins::Manager& manager;
    const http::Metrics& counted;
    const api::ErrorRing& errors;
    const config::Config& config;
    api::Metrics::Gauges gauges;
    api::Metrics::Checks checks;
    const auth::Authenticator& authenticator;
};

/// Declares them all when it is made. Any thread.
struct HostApi {
    explicit HostApi(HostParts);
    ~HostApi() { self.strand->close(); } // what streams have to tell yet is for what goes now

    talome_self self;
    Registry declarations;
    api::Approvals approvals;
    api::AuditLog auditLog;
    api::Auth auth;
    api::Sessions sessions;
    api::Tokens tokens;
    api::Users users;
    api::Health health;
    api::Diagnostics diagnostics;
    api::Setup setup;
    api::Plugins pluginList;
    api::Snapshots snapshots;
    api::OpenApi openApi;
    api::Settings settings;
    api::Metrics metrics;
    api::Jobs jobs;
    api::Tools tools;
    api::Tickets tickets;
};

} // namespace talome
