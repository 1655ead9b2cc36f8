#include "host/settings/settings.hpp"
#include "host/storage/host_schema.hpp"

#include <doctest/doctest.h>

using namespace talome;

namespace {

manifest::Setting setting(const char* key, bool secret, const char* schema, const char* fallback) {
    return {key, "", secret, boost::json::parse(schema), boost::json::parse(fallback)};
}

} // namespace

TEST_CASE("a sealed value opens only under its own name and key") {
    const settings::Seal seal(std::string(32, 'k'));
    const auto envelope = seal.close("plex_token", "hunter2");
    CHECK(envelope.find("hunter2") == std::string::npos);
    CHECK(seal.open("plex_token", envelope) == "hunter2");
    CHECK(seal.close("plex_token", "hunter2") != envelope);
    CHECK_THROWS_AS(seal.open("other_token", envelope), std::runtime_error);
    CHECK_THROWS_AS(settings::Seal(std::string(32, 'x')).open("plex_token", envelope), std::runtime_error);
    for (std::size_t i = 0; i < envelope.size(); ++i) {
        auto changed = envelope;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        if (i + 1 == envelope.size()) continue; // its last bits may be padding
        CHECK_THROWS_AS(seal.open("plex_token", changed), std::runtime_error);
    }
}

TEST_CASE("values are checked, kept and found again") {
    std::string name = (std::filesystem::temp_directory_path() / "talome-settings-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    storage::Database database(folder / "host.db", storage::Durability::powerCut);
    database.migrate(storage::hostMigrations());
    const auto declare = [](settings::Settings& all) {
        all.declare("docker", setting("docker_prune_min_age_hours", false, R"({"type":"integer","minimum":1})", "72"));
        all.declare("notify", setting("telegram_bot_token", true, R"({"type":"string"})", "null"));
    };
    {
        settings::Settings all(database, settings::Seal(std::string(32, 'k')));
        declare(all);
        CHECK(all.get("docker_prune_min_age_hours") == "72");
        all.set("docker_prune_min_age_hours", "24", "ann", 1);
        all.set("telegram_bot_token", "\"canary-7261\"", "ann", 2);
        CHECK(all.get("telegram_bot_token") == "\"canary-7261\"");
        CHECK_THROWS_WITH_AS(all.set("docker_prune_min_age_hours", "0", "ann", 3),
                             "docker_prune_min_age_hours: must be at least 1", gate::Failure);
        CHECK_THROWS_AS(all.set("unknown", "0", "ann", 3), gate::Failure);
        CHECK_THROWS_AS(all.declare("media", setting("telegram_bot_token", false, "{}", "null")), gate::Failure);
        all.onChange("docker",
                     [](const std::string&, const std::string&) { throw gate::Failure(TALOME_E_INVALID, "not now"); });
        CHECK_THROWS_WITH_AS(all.set("docker_prune_min_age_hours", "5", "ann", 4), "not now", gate::Failure);
    }
    settings::Settings again(database, settings::Seal(std::string(32, 'k')));
    declare(again);
    CHECK(again.get("docker_prune_min_age_hours") == "24");
    CHECK(again.get("telegram_bot_token") == "\"canary-7261\"");
    for (const auto& row : database.rows("SELECT value FROM settings UNION ALL SELECT new_value FROM settings_history"))
        CHECK(std::get<std::string>(row[0]).find("canary") == std::string::npos);
    std::filesystem::remove_all(folder);
}
