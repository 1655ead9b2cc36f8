// What registry.operation() and setting() return: each call says one more thing of what was declared.
#pragma once

#include "records.hpp"

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
    Operation& tool(std::string_view name, std::string_view summary = {}, Renames rename = {}) {
        record_->tools.push_back({std::string(name), std::string(summary), detail::renameText(rename)});
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
    /// Of the request, in bytes; 1 MiB unless said.
    Operation& maxBody(std::uint64_t n) {
        record_->maxBody = n;
        return *this;
    }

private:
    detail::OperationRecord* record_;
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

} // namespace talome
