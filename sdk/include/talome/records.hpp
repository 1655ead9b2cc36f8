// What a plugin has declared, kept at a fixed place: the host holds pointers to it until the plugin is destroyed. Each
// record has the C function that the host calls.
#pragma once

#include "wire_records.hpp"

#include <chrono>
#include <deque>

namespace talome::detail {

struct RouteRecord {
    std::string method, path, rename;
    int success;
};

struct ToolRecord {
    std::string name, summary, rename;
    std::uint32_t flags = 0;
    std::string domain{}, category{}, title{};
};

struct TierRuleRecord {
    Tier tier;
    std::string input, equals;
};

struct ResourceRecord {
    std::string uri, name, summary, rename, domain, topics;
};

struct PromptRecord {
    std::string name, summary, rename, domain;
};

struct DomainRecord {
    std::string name, summary, settings, keywords;
};

struct OperationRecord {
    const Areas* areas;
    Handler handler;
    RunOperation run;
    std::string id, summary, permission;
    Tier tier;
    std::string input, output;
    bool returnsText = false; ///< the handler returns std::string
    std::string mediaType, targetKind, targetInput;
    std::vector<RouteRecord> routes;
    std::vector<ToolRecord> tools;
    std::vector<Note> notes;
    std::uint64_t maxBody = 0;
    std::chrono::milliseconds timeLimit{0};
    std::vector<TierRuleRecord> tierRules{};
    std::vector<ResourceRecord> resources{};
    std::vector<PromptRecord> prompts{};
    bool passesOn = false;

    static talome_status invoke(void* user, talome_call*, talome_bytes input, talome_sink, void* to) noexcept;
};

struct FlagRecord {
    std::string name, summary;
    bool granted;
};

struct SettingRecord {
    std::string key, summary, schema, fallback;
    std::uint32_t flags = 0;
    Note rules;
    std::string environment;
};

struct ChangeRecord {
    const Areas* areas;
    Handler handler;
    RunChanging run;
    static talome_status invoke(void* user, talome_str key, talome_bytes json) noexcept;
};

struct MigrationRecord {
    std::uint32_t version, flags;
    std::string sql;
};

struct TaskRecord {
    const Areas* areas;
    Handler handler;
    RunTask run;
    std::string id, summary;
    std::int64_t periodMs;
    std::string cron{}, timeZone{};
    static talome_status invoke(void* user, talome_call*) noexcept;
};

struct TopicRecord {
    std::string name, summary, schema, audience;
    std::uint32_t flags = 0;
};

struct SubscriptionRecord {
    const Areas* areas;
    Handler handler;
    RunEvent run;
    std::string pattern;
    static void invoke(void* user, talome_str topic, talome_bytes json) noexcept;
};

struct Records {
    std::deque<OperationRecord> operations;
    std::vector<std::unique_ptr<Declared>> wire;
    std::deque<FlagRecord> flags;
    std::deque<DomainRecord> domains;
    std::deque<SettingRecord> settings;
    std::deque<ChangeRecord> changes;
    std::deque<MigrationRecord> migrations;
    std::deque<TaskRecord> tasks;
    std::deque<TopicRecord> topics;
    std::deque<SubscriptionRecord> subscriptions;
    std::deque<std::string> uses, requirements;

    /// Declares everything to the host. Throws what the host refuses.
    void publish(Areas&);
};

/// "lines=tail,…" of pairs: name on the route, name of the input.
using Renames = std::initializer_list<std::pair<std::string_view, std::string_view>>;
std::string renameText(Renames);

} // namespace talome::detail

#include "records.ipp"
