// The first run of a new server: what is set up, and the first account. /api/setup.
#pragma once

#include "host/api/auth.hpp"
#include "host/api/health.hpp"
#include "host/settings/settings.hpp"

#include <talome/plugin.hpp>

namespace talome::api {

/// Null: the host cannot know, because no plugin that would do it is enabled.
struct SetupSteps {
    bool admin = false;
    Nullable<bool> docker, storage, ai, domains;
};
BOOST_DESCRIBE_STRUCT(SetupSteps, (), (admin, docker, storage, ai, domains))

struct SetupStatus {
    bool needsSetup = true;
    std::string version;
    SetupSteps steps;
};
BOOST_DESCRIBE_STRUCT(SetupStatus, (), (needsSetup, version, steps))

struct SetupInput {
    std::string username, password;
    std::optional<std::string> setupCode, timezone, mediaRoot, downloadsRoot;
};
BOOST_DESCRIBE_STRUCT(SetupInput, (), (username, password, setupCode, timezone, mediaRoot, downloadsRoot))

struct SetupOutput : LoginOutput {
    std::optional<std::map<std::string, std::string>> refused; ///< settings that could not be set, and why
};
BOOST_DESCRIBE_STRUCT(SetupOutput, (LoginOutput), (refused))

/// Any thread.
class Setup {
public:
    Setup(Registry&, Auth&, const Health&, const auth::Users&, settings::Settings&);

private:
    SetupStatus status(Call&) const;
    SetupOutput init(Call&, const SetupInput&);

    Nullable<bool> isWell(Call&, const std::string& operation) const;
    Nullable<bool> isAnySet(std::initializer_list<const char*> keys) const;
    bool isDeclared(const std::string& key) const;

    Host host_;
    Auth& auth_;
    const Health& health_;
    const auth::Users& users_;
    settings::Settings& settings_;
};

} // namespace talome::api
