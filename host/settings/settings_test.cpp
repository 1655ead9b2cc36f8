#include "host/settings/settings.hpp"
#include "host/settings/text.hpp"
#include "host/storage/host_schema.hpp"

#include <doctest/doctest.h>

using namespace talome;

namespace {

manifest::Setting setting(const char* key, bool secret, const char* schema, const char* fallback) {
    manifest::Setting made;
    made.key = key;
    made.secret = secret;
    made.schema = boost::json::parse(schema);
    made.fallback = boost::json::parse(fallback);
    return made;
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
        CHECK_THROWS_AS(seal.open("plex_token", changed), std::runtime_error);
    }
}

namespace {

/// host.db of its own, and as many settings::Settings over it as a test wants.
struct Kept {
    std::string name = (std::filesystem::temp_directory_path() / "talome-settings-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    storage::Database database{folder / "host.db", storage::Durability::processCrash};
    std::map<std::string, std::string> environment;

    Kept() { database.migrate(storage::hostMigrations()); }
    ~Kept() { std::filesystem::remove_all(folder); }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;

    std::unique_ptr<settings::Settings> open(char secret = 'k') {
        auto all = std::make_unique<settings::Settings>(
            database, settings::Seal(std::string(32, secret)), [this](const char* variable) -> const char* {
                const auto it = environment.find(variable);
                return it == environment.end() ? nullptr : it->second.c_str();
            });
        all->declare("docker", setting("docker_prune_min_age_hours", false, R"({"type":"integer","minimum":1})", "72"));
        all->declare("notify", setting("telegram_bot_token", true, R"({"type":"string"})", "null"));
        all->declare("notify", setting("discord_bot_token", true, R"({"type":"string"})", "null"));
        return all;
    }
    std::string stored(const std::string& key) {
        return std::get<std::string>(database.rows("SELECT value FROM settings WHERE key = ?", {key}).at(0).at(0));
    }
    std::int64_t changes() {
        return std::get<std::int64_t>(database.rows("SELECT count(*) FROM settings_history").at(0).at(0));
    }
};

} // namespace

TEST_CASE("values are checked, kept and found again") {
    Kept kept;
    {
        const auto all = kept.open();
        CHECK(all->get("docker_prune_min_age_hours") == "72");
        CHECK(
            all->update({{"docker_prune_min_age_hours", 24}, {"telegram_bot_token", "canary-7261"}}, "ann", 1).size() ==
            2);
        CHECK_THROWS_WITH_AS(all->update({{"docker_prune_min_age_hours", 0}}, "ann", 3),
                             "docker_prune_min_age_hours: must be at least 1", gate::Failure);
        CHECK_THROWS_WITH_AS(all->update({{"unknown", 0}}, "ann", 3), "unknown: is not a known setting", gate::Failure);
        CHECK_THROWS_AS(all->declare("media", setting("telegram_bot_token", false, "{}", "null")), gate::Failure);
        CHECK_THROWS_AS(all->declare("media", setting("history", false, "{}", "null")), gate::Failure);
    }
    const auto again = kept.open();
    CHECK(again->get("docker_prune_min_age_hours") == "24");
    CHECK(again->get("telegram_bot_token") == "\"canary-7261\"");
    for (const auto& row :
         kept.database.rows("SELECT value FROM settings UNION ALL SELECT new_value FROM settings_history"))
        CHECK(std::get<std::string>(row[0]).find("canary") == std::string::npos);
}

TEST_CASE("one owner who refuses keeps everything as it was") {
    Kept kept;
    const auto all = kept.open();
    std::vector<std::string> asked, told;
    all->onChanged([&](const std::vector<std::string>& keys) { told.insert(told.end(), keys.begin(), keys.end()); });
    all->onChange("docker", [&](const std::string& key, const std::string& json) {
        asked.push_back(key + "=" + json);
        CHECK(all->get(key) == "72"); // it may look, and sees what was there before
    });
    all->onChange("notify",
                  [](const std::string&, const std::string&) { throw gate::Failure(TALOME_E_INVALID, "not now"); });
    CHECK_THROWS_WITH_AS(all->update({{"docker_prune_min_age_hours", 24}, {"telegram_bot_token", "x"}}, "ann", 1),
                         "telegram_bot_token: not now", gate::Failure);
    CHECK(asked == std::vector<std::string>{"docker_prune_min_age_hours=24"});
    CHECK(told.empty());
    CHECK(all->get("docker_prune_min_age_hours") == "72");
    CHECK(kept.changes() == 0);
    all->onChange("notify", [&](const std::string&, const std::string&) {
        const settings::Answering answering;
        all->update({{"docker_prune_min_age_hours", 5}}, "ann", 1);
    });
    CHECK_THROWS_AS(all->update({{"telegram_bot_token", "x"}}, "ann", 1),
                    gate::Failure); // and does not wait for itself
}

TEST_CASE("what fails on disk is not in force") {
    Kept kept;
    const auto all = kept.open();
    kept.database.run("CREATE TRIGGER no BEFORE INSERT ON settings WHEN new.key = 'telegram_bot_token' "
                      "BEGIN SELECT raise(ABORT, 'no'); END");
    CHECK_THROWS_AS(all->update({{"docker_prune_min_age_hours", 24}, {"telegram_bot_token", "x"}}, "ann", 1),
                    storage::DatabaseError);
    CHECK(all->get("docker_prune_min_age_hours") == "72");
    CHECK(kept.changes() == 0);
    CHECK(kept.open()->get("docker_prune_min_age_hours") == "72");
}

TEST_CASE("a secret that was changed, moved or taken away without its key is an error and never a value") {
    Kept kept;
    kept.open()->update({{"telegram_bot_token", "canary-1"}, {"discord_bot_token", "canary-2"}}, "ann", 1);
    const auto good = kept.stored("telegram_bot_token");
    const auto fails = [&](char secret = 'k') {
        const auto all = kept.open(secret);
        CHECK_THROWS_AS(all->get("telegram_bot_token"), gate::Failure);
        const auto shown = all->list();
        CHECK(shown.at("telegram_bot_token").unreadable);
        CHECK(shown.at("telegram_bot_token").value.is_null());
    };
    fails('x'); // the database of another server
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto bad = good;
        bad[i] = bad[i] == 'A' ? 'B' : 'A';
        kept.database.run("UPDATE settings SET value = ? WHERE key = 'telegram_bot_token'", {bad});
        fails();
    }
    for (const auto& bad : std::vector<std::string>{std::string(), std::string("\"plain\""), std::string("v1."),
                                                    good.substr(0, 40), good + "A", kept.stored("discord_bot_token")}) {
        kept.database.run("UPDATE settings SET value = ? WHERE key = 'telegram_bot_token'", {bad});
        fails();
    }
    const auto all = kept.open();
    CHECK(all->update({{"telegram_bot_token", "(unreadable)"}}, "ann", 2).empty());
    all->update({{"telegram_bot_token", "canary-3"}}, "ann", 2);
    CHECK(all->get("telegram_bot_token") == "\"canary-3\"");
    CHECK_THROWS_AS(all->revert("telegram_bot_token", {}, "ann", 3), gate::Failure); // that one was never ours
    CHECK(all->get("telegram_bot_token") == "\"canary-3\"");
}

TEST_CASE("the environment wins, and says no value when it is wrong") {
    Kept kept;
    kept.environment["TALOME_SETTING_DOCKER_PRUNE_MIN_AGE_HOURS"] = "12";
    const auto all = kept.open();
    CHECK(all->get("docker_prune_min_age_hours") == "12");
    CHECK(all->list().at("docker_prune_min_age_hours").source == settings::Source::environment);
    CHECK_THROWS_AS(all->update({{"docker_prune_min_age_hours", 24}}, "ann", 1), gate::Failure);
    CHECK(all->update({{"docker_prune_min_age_hours", "12"}}, "ann", 1).size() == 1);
    CHECK(kept.changes() == 0);
    auto named = setting("ollama_url", false, R"({"type":"string","minLength":3})", "\"\"");
    named.environment = "OLLAMA_URL";
    kept.environment["OLLAMA_URL"] = "xy";
    CHECK_THROWS_WITH_AS(
        all->declare("ai", named),
        "the environment variable OLLAMA_URL, for the setting 'ollama_url': must have at least 3 characters",
        gate::Failure);
    kept.environment["OLLAMA_URL"] = "http://gpu:11434";
    all->declare("ai", named);
    CHECK(all->text("ollama_url") == "http://gpu:11434");
    char good[] = "TALOME_SETTING_DOCKER_PRUNE_MIN_AGE_HOURS=12", stray[] = "TALOME_SETTING_DOKCER=1",
         other[] = "PATH=/";
    char* lines[] = {good, stray, other, nullptr};
    CHECK(all->strayVariables(lines) == std::vector<std::string>{"TALOME_SETTING_DOKCER"});
}

TEST_CASE("history: back, and back again; a thousand rows of a key, ninety days of a secret") {
    Kept kept;
    const auto all = kept.open();
    for (int n = 1; n <= 1005; ++n) all->update({{"docker_prune_min_age_hours", n}}, "ann", n);
    CHECK(kept.changes() == 1000);
    CHECK(*all->revert("docker_prune_min_age_hours", {}, "ann", 2000).value == 1004);
    CHECK(*all->revert("docker_prune_min_age_hours", {}, "ann", 2001).value == 1005);
    const auto rows = all->history().list("docker_prune_min_age_hours", 3, 0);
    CHECK(*all->revert("docker_prune_min_age_hours", rows.at(2).id, "ann", 2002).value == 1004);
    constexpr std::int64_t day = 24ll * 60 * 60 * 1000;
    all->update({{"telegram_bot_token", "old"}}, "ann", 0);
    all->update({{"telegram_bot_token", "new"}}, "ann", 91 * day);
    CHECK(all->history().count("telegram_bot_token") == 1);
    all->prune(200 * day);
    CHECK(all->history().count("telegram_bot_token") == 0);
    CHECK(all->history().count("docker_prune_min_age_hours") == 1000);
    CHECK_THROWS_AS(all->revert("telegram_bot_token", {}, "ann", 200 * day), gate::Failure);
}

TEST_CASE("text of every kind of value") {
    const auto back = [](const char* schema, const char* text) {
        return boost::json::serialize(settings::fromText(boost::json::parse(schema), text));
    };
    CHECK(back(R"({"type":"string"})", "5") == "\"5\"");
    CHECK(back(R"({"type":["string","null"]})", "null") == "\"null\"");
    CHECK(back(R"({"enum":["a","b"]})", "a") == "\"a\"");
    CHECK(back(R"({"type":"integer"})", "5") == "5");
    CHECK(back(R"({"type":"integer"})", "five") == "\"five\"");
    CHECK(back(R"({"type":"boolean"})", "true") == "true");
    CHECK(back(R"({"type":"array","items":{"type":"string"}})", R"(["a"])") == R"(["a"])");
    CHECK(back(R"({"type":"object"})", R"({"a":1,"a":2})") == R"("{\"a\":1,\"a\":2}")");
    CHECK(settings::toText(nullptr).empty());
    CHECK(settings::toText("x") == "x");
    CHECK(settings::toText(true) == "true");
    CHECK(settings::toText(boost::json::parse(R"({"b":1,"a":[]})")) == R"({"a":[],"b":1})");
}
