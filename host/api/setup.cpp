// The first run of a new server: what is set up, and the first account.
#include "host/api/setup.hpp"

#include "host/gate/call.hpp"

#include <set>

namespace talome::api {

namespace {

/// What the first run may set besides the account, and the setting that it is; each belongs to some plugin.
struct Wish {
    const char *input, *key;
    std::optional<std::string> SetupInput::*value;
};
constexpr Wish kWishes[] = {{"timezone", "timezone", &SetupInput::timezone},
                            {"mediaRoot", "media_root", &SetupInput::mediaRoot},
                            {"downloadsRoot", "downloads_root", &SetupInput::downloadsRoot}};

/// JSON of a setting that says: nothing.
bool isNothing(const std::string& json) {
    static const std::set<std::string, std::less<>> nothing{"null", "\"\"", "[]", "{}", "false"};
    return nothing.contains(json);
}

} // namespace

Setup::Setup(Registry& registry, Auth& auth, const Health& health, const auth::Users& users,
             settings::Settings& settings)
    : host_(registry.host()), auth_(auth), health_(health), users_(users), settings_(settings) {
    registry
        .operation("setup.status",
                   "Whether this server still needs its first account, and which steps of the first run are done; a "
                   "step is null if no plugin that it belongs to is enabled",
                   anyone, Tier::read, this, &Setup::status)
        .route("GET", "/api/setup/status");
    registry
        .operation("setup.init",
                   "Makes the administrator of a new server, logs them in and sets what is given; 409 once there is an "
                   "account. What was `refused` can be set later",
                   anyone, Tier::modify, this, &Setup::init)
        .route("POST", "/api/setup/init")
        .maxBody(16 * 1024)
        .input("username", "of the administrator", length(2, 100))
        .input("password", "at least 8 characters", length(8, 500), secret())
        .input("setupCode", "printed at the start; needed from a public address", length(1, 100), secret())
        .input("timezone", "as in Europe/Berlin", length(1, 100))
        .input("mediaRoot", "the folder of films, series and music", length(1, 4'096))
        .input("downloadsRoot", "the folder of downloads", length(1, 4'096))
        .target("user", "username");
}

bool Setup::isDeclared(const std::string& key) const {
    try {
        settings_.get(key);
    } catch (const gate::Failure& failure) {
        return failure.status != TALOME_E_NOT_FOUND;
    }
    return true;
}

Nullable<bool> Setup::isAnySet(std::initializer_list<const char*> keys) const {
    bool known = false;
    for (const std::string key : keys) {
        try {
            if (!isNothing(settings_.get(key))) return {true};
            known = true;
        } catch (const gate::Failure& failure) { // not declared, or a secret that cannot be opened
            known = known || failure.status != TALOME_E_NOT_FOUND;
        }
    }
    return {known ? std::optional(false) : std::nullopt};
}

Nullable<bool> Setup::isWell(Call& call, const std::string& operation) const {
    const auto& operations = call.raw()->snapshot->operations;
    const auto found = operations.find(operation);
    if (found == operations.end() || found->second->declared.kind != manifest::Kind::call) return {};
    return {health_.ask(call, *found->second) == "ok"};
}

SetupStatus Setup::status(Call& call) const {
    SetupStatus output;
    output.needsSetup = users_.empty();
    output.version = TALOME_VERSION;
    output.steps = {!users_.empty(), isWell(call, "docker.health"), isAnySet({"media_root", "downloads_root"}),
                    isAnySet({"anthropic_key", "openai_key"}), isAnySet({"local_domains_enabled", "proxy_enabled"})};
    return output;
}

SetupOutput Setup::init(Call& call, const SetupInput& input) {
    if (!users_.empty()) throw Conflict("this server is set up already: log in");
    for (const auto& wish : kWishes)
        if (input.*wish.value && !isDeclared(wish.key))
            throw Invalid(wish.input, "no enabled plugin has such a setting");
    auto first = auth_.createFirst(call, auth::trimmedName(input.username), input.password, input.setupCode);
    if (!first) throw Conflict("somebody else has set this server up just now");
    SetupOutput output;
    static_cast<LoginOutput&>(output) = std::move(*first);
    for (const auto& wish : kWishes) {
        if (!(input.*wish.value)) continue;
        try {
            settings_.set(wish.key, toJson(*(input.*wish.value)), output.user.username, host_.nowMs());
        } catch (const gate::Failure& failure) { // the account is made, and its recovery code must be shown
            if (!output.refused) output.refused.emplace();
            (*output.refused)[wish.input] = failure.what();
        }
    }
    return output;
}

} // namespace talome::api
