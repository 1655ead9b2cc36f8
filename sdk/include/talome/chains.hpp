// What registry.operation(), cron(), setting() and topic() return: each call says one more thing of what was declared.
#pragma once

#include "records.hpp"

#include <chrono>

namespace talome {

/// What more can be said of an operation.
class Operation {
public:
    using Renames = detail::Renames;
    explicit Operation(detail::OperationRecord& record) : record_(&record) {}

    /// May be repeated. A {name} in the path is one whole segment and an input. `success`: the status of a success.
    /// `rename`: {{"lines", "tail"}} where the route says lines and the input is tail.
    Operation& route(std::string_view method, std::string_view path, int success = 200, Renames rename = {}) {
        record_->routes.push_back({std::string(method), std::string(path), detail::renameText(rename), success});
        return *this;
    }
    /// May be repeated. How AI chat, MCP and automations see it; without a summary of its own, the operation's.
    /// What follows it says more of this tool.
    Operation& tool(std::string_view name, std::string_view summary = {}, Renames rename = {}) {
        record_->tools.push_back({std::string(name), std::string(summary), detail::renameText(rename)});
        return *this;
    }
    /// Of the last tool, the last resource and the last prompt: what domain() has declared; "core" unless said.
    Operation& domain(std::string_view name) {
        if (!record_->tools.empty()) record_->tools.back().domain = name;
        if (!record_->resources.empty()) record_->resources.back().domain = name;
        if (!record_->prompts.empty()) record_->prompts.back().domain = name;
        return *this;
    }
    /// Of the last tool, within its domain; the plugin's id unless said.
    Operation& category(std::string_view name) { return lastTool().category = name, *this; }
    /// Of the last tool, for people.
    Operation& title(std::string_view text) { return lastTool().title = text, *this; }
    /// Automations may use the last tool without being asked about it.
    Operation& automationSafe() { return lastTool().flags |= TALOME_TOOL_AUTOMATION_SAFE, *this; }
    /// The same call of the last tool twice does no more than once.
    Operation& idempotent() { return lastTool().flags |= TALOME_TOOL_IDEMPOTENT, *this; }
    /// The last tool reaches systems outside of this server and its network.
    Operation& openWorld() { return lastTool().flags |= TALOME_TOOL_OPEN_WORLD, *this; }
    /// A lower tier for inputs in which this member is exactly that, defaults filled in: .tierWhen("dryRun", true,
    /// Tier::read). The first that holds counts.
    template <class T> Operation& tierWhen(std::string_view field, const T& value, Tier tier) {
        record_->tierRules.push_back({tier, std::string(field), toJson(value)});
        return *this;
    }
    /// May be repeated. How models read what is answered: "talome://containers", or with inputs in braces. `topics`:
    /// patterns with commas between them; an event of one may mean that it has changed.
    Operation& resource(std::string_view uri, std::string_view name, std::string_view summary = {},
                        std::string_view topics = {}, Renames rename = {}) {
        record_->resources.push_back({std::string(uri),
                                      std::string(name),
                                      std::string(summary),
                                      detail::renameText(rename),
                                      {},
                                      std::string(topics)});
        return *this;
    }
    /// May be repeated. Words to begin a conversation with: see talome_prompt.
    Operation& prompt(std::string_view name, std::string_view summary = {}, Renames rename = {}) {
        record_->prompts.push_back({std::string(name), std::string(summary), detail::renameText(rename), {}});
        return *this;
    }
    /// Of one input: what it is, then any constraints, and at the end a default, which makes it optional:
    /// .input("tail", "how many lines", range(0, 10000), 200). Nested ones: "ports[].host".
    template <class... Rule>
    Operation& input(std::string_view field, std::string_view description, const Rule&... rules) {
        auto& note = record_->notes.emplace_back(detail::Note{std::string(field), std::string(description), {}, {}});
        (note.add(rules), ...);
        return *this;
    }
    /// The object that a call is about, for the audit log: .target("container", "id").
    Operation& target(std::string_view kind, std::string_view inputField) {
        record_->targetKind = kind;
        record_->targetInput = inputField;
        return *this;
    }
    /// The handler's std::string is sent as it is, and not as JSON.
    Operation& text(std::string_view mediaType = "text/plain; charset=utf-8") {
        record_->mediaType = mediaType;
        return *this;
    }
    /// For one call, a day at most; 30 s unless said. When it is over, Call::cancelled() is true and the caller is
    /// told; what takes longer is a job.
    Operation& timeLimit(std::chrono::milliseconds limit) {
        record_->timeLimit = limit;
        return *this;
    }
    /// All it does is to pass calls on, each of which is judged by itself: a token's groups do not hide it. Of tier
    /// read.
    Operation& passesOn() {
        record_->passesOn = true;
        return *this;
    }
    /// Of the request, in bytes; 1 MiB unless said.
    Operation& maxBody(std::uint64_t n) {
        record_->maxBody = n;
        return *this;
    }

private:
    detail::ToolRecord& lastTool() {
        if (record_->tools.empty()) throw std::logic_error(record_->id + ": .tool() comes first");
        return record_->tools.back();
    }

    detail::OperationRecord* record_;
};

/// What more can be said of a cron task.
class CronTask {
public:
    explicit CronTask(detail::TaskRecord& record) : record_(&record) {}
    /// Of the IANA database: "Europe/Berlin". The server's own unless said.
    CronTask& timeZone(std::string_view name) { return record_->timeZone = name, *this; }
    CronTask& summary(std::string_view text) { return record_->summary = text, *this; }

private:
    detail::TaskRecord* record_;
};

/// What more can be said of a setting.
class Setting {
public:
    explicit Setting(detail::SettingRecord& record) : record_(&record) {}
    /// Sealed at rest, and never shown by any route, log line or event.
    Setting& secret() {
        record_->flags |= TALOME_SETTING_SECRET;
        return *this;
    }
    /// Only read at the start: a new value counts from the next one.
    Setting& restart() {
        record_->flags |= TALOME_SETTING_RESTART;
        return *this;
    }
    /// Means the same on another server, so that an exported configuration may hold it.
    Setting& portable() {
        record_->flags |= TALOME_SETTING_PORTABLE;
        return *this;
    }
    /// A variable ("OLLAMA_URL") whose text, where it is set, is the value; TALOME_SETTING_ and the key in capitals
    /// always does that, and wins.
    Setting& environment(std::string_view variable) {
        record_->environment = variable;
        return *this;
    }
    Setting& rule(const Constraint& constraint) {
        record_->rules.add(constraint);
        return *this;
    }
    template <class N, class M> Setting& range(N least, M most) { return rule(talome::range(least, most)); }
    Setting& length(std::uint64_t least, std::uint64_t most) { return rule(talome::length(least, most)); }
    Setting& pattern(std::string_view expression) { return rule(talome::pattern(expression)); }
    Setting& oneOf(std::initializer_list<std::string_view> texts) { return rule(talome::oneOf(texts)); }

private:
    detail::SettingRecord* record_;
};

/// What more can be said of a topic.
class Topic {
public:
    explicit Topic(detail::TopicRecord& record) : record_(&record) {}
    /// Kept in the plugin's database until every onDurable() that matches has it; published within a transaction, it
    /// is part of that. Each of the plugin's transactions then waits for the disk.
    Topic& durable() {
        record_->flags |= TALOME_TOPIC_DURABLE;
        return *this;
    }

private:
    detail::TopicRecord* record_;
};

} // namespace talome
