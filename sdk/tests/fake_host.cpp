// The tables of the fake host.
#include "fake_host.hpp"

namespace {

FakeHost& of(talome_self* self) { return *reinterpret_cast<FakeHost*>(self); }
talome_status fail(talome_self* self, talome_status status, std::string_view why) {
    of(self).words = why;
    return status;
}

const talome_operations kOperations = [] {
    talome_operations t{};
    t.struct_size = sizeof t;
    t.declare = [](talome_self* s, const talome_operation* o) noexcept {
        of(s).operations[o->id] = *o;
        for (std::uint32_t i = 0; i < o->n_routes; ++i) {
            const talome_route& r = *o->routes[i];
            of(s).routes += std::string(r.method) + " " + r.path + " " + std::to_string(r.success) + " " +
                            (r.rename ? r.rename : "") + ";";
        }
        return talome_status{TALOME_OK};
    };
    t.declare_flag = [](talome_self*, const char*, const char*, std::int32_t) noexcept {
        return talome_status{TALOME_OK};
    };
    t.uses = [](talome_self*, const char*) noexcept { return talome_status{TALOME_OK}; };
    t.depends_on = t.uses;
    t.call = [](talome_self* s, talome_call*, talome_str id, talome_bytes input, talome_sink out,
                void* to) noexcept -> talome_status {
        of(s).called = std::string(talome::view(id)) + " " + std::string(talome::view(input));
        if (of(s).calledStatus < 0) return fail(s, of(s).calledStatus, "the other one says no");
        out(to, talome::bytes(R"({"ok":)"));
        out(to, talome::bytes("true}"));
        return TALOME_OK;
    };
    t.principal = [](const talome_call*, talome_principal* p) noexcept {
        p->authenticated = 1;
        p->username = talome::str("ann");
        return talome_status{TALOME_OK};
    };
    t.granted = [](const talome_call*, talome_str p) noexcept { return std::int32_t{talome::view(p) == "apps"}; };
    t.request_id = [](const talome_call*) noexcept { return talome::str("r1"); };
    t.deadline_ms = [](const talome_call*) noexcept { return std::int64_t{0}; };
    t.cancelled = [](const talome_call*) noexcept { return 0; };
    return t;
}();

const talome_settings kSettings = [] {
    talome_settings t{};
    t.struct_size = sizeof t;
    t.declare = [](talome_self* s, const talome_setting* d) noexcept {
        of(s).settings.emplace(d->key, d->fallback);
        return talome_status{TALOME_OK};
    };
    t.on_change = [](talome_self* s, talome_setting_changing changing, void* user) noexcept {
        of(s).changing = changing;
        of(s).changingUser = user;
        return talome_status{TALOME_OK};
    };
    t.get = [](talome_self* s, talome_str key, talome_sink out, void* to) noexcept -> talome_status {
        const auto found = of(s).settings.find(std::string(talome::view(key)));
        if (found == of(s).settings.end()) return fail(s, TALOME_E_NOT_FOUND, "there is no such setting");
        out(to, talome::bytes(found->second));
        return TALOME_OK;
    };
    return t;
}();

const talome_database kDatabase = [] {
    talome_database t{};
    t.struct_size = sizeof t;
    t.migration = [](talome_self*, std::uint32_t, std::uint32_t, const char*) noexcept {
        return talome_status{TALOME_OK};
    };
    t.execute = [](talome_self* s, talome_transaction*, talome_str sql, const talome_value* values, std::uint32_t n,
                   talome_row row, void* to, std::int64_t* changed) noexcept -> talome_status {
        of(s).sql = talome::view(sql);
        of(s).bound.clear();
        for (std::uint32_t i = 0; i < n; ++i) of(s).bound += std::to_string(values[i].type);
        if (of(s).sql == "fail") return fail(s, TALOME_E_CONFLICT, "constraint");
        for (const auto& one : of(s).rows)
            if (row && row(to, one.data(), static_cast<std::uint32_t>(one.size()))) break;
        if (changed) *changed = 3;
        return TALOME_OK;
    };
    t.transaction = [](talome_self* s, talome_transaction_body body, void* user) noexcept -> talome_status {
        of(s).transactions += "begin ";
        const talome_status status = body(user, nullptr);
        of(s).transactions += status < 0 ? "rollback " : "commit ";
        return status;
    };
    return t;
}();

const talome_tasks kTasks = [] {
    talome_tasks t{};
    t.struct_size = sizeof t;
    t.declare = [](talome_self* s, const talome_task* task) noexcept {
        of(s).tasks[task->id] = *task;
        return talome_status{TALOME_OK};
    };
    return t;
}();

const talome_events kEvents = [] {
    talome_events t{};
    t.struct_size = sizeof t;
    t.declare = [](talome_self*, const talome_topic*) noexcept { return talome_status{TALOME_OK}; };
    t.subscribe = [](talome_self* s, const char*, talome_on_event on, void* user) noexcept {
        of(s).onEvent = on;
        of(s).onEventUser = user;
        return talome_status{TALOME_OK};
    };
    t.publish = [](talome_self* s, talome_str topic, talome_bytes json) noexcept {
        of(s).published = std::string(talome::view(topic)) + " " + std::string(talome::view(json));
        return talome_status{TALOME_OK};
    };
    t.publish_to = [](talome_self* s, talome_str topic, talome_bytes json, talome_str audience) noexcept {
        of(s).published = std::string(talome::view(topic)) + " " + std::string(talome::view(json)) + " to " +
                          std::string(talome::view(audience));
        return talome_status{TALOME_OK};
    };
    t.on_audience = [](talome_self* s, const char* topic, talome_on_audience on, void* user) noexcept {
        of(s).audiences[topic] = {on, user};
        return talome_status{TALOME_OK};
    };
    return t;
}();

const talome_io kIo = [] {
    talome_io t{};
    t.struct_size = sizeof t;
    t.watch = [](talome_self* s, std::int32_t fd, std::uint32_t, talome_ready ready, void* user,
                 std::uint64_t* number) noexcept -> talome_status {
        if (fd < 0) return fail(s, TALOME_E_INVALID, "no such descriptor");
        *number = of(s).nextWatch++;
        of(s).watches[*number] = {ready, user};
        return TALOME_OK;
    };
    t.change = [](talome_self*, std::uint64_t, std::uint32_t) noexcept { return talome_status{TALOME_OK}; };
    t.unwatch = [](talome_self* s, std::uint64_t number) noexcept { of(s).watches.erase(number); };
    return t;
}();

const void* extension(talome_self* self, const char* id) noexcept {
    const std::string_view wanted = id;
    static constexpr std::uint32_t kShort[4] = {16};
    if (wanted == of(self).missingArea) return nullptr;
    if (wanted == of(self).shortArea) return kShort;
    const std::pair<std::string_view, const void*> areas[] = {{TALOME_OPERATIONS, &kOperations},
                                                              {TALOME_HTTP, &kFakeHttp},
                                                              {TALOME_SETTINGS, &kSettings},
                                                              {TALOME_DATABASE, &kDatabase},
                                                              {TALOME_TASKS, &kTasks},
                                                              {TALOME_EVENTS, &kEvents},
                                                              {TALOME_IO, &kIo}};
    for (const auto& [known, table] : areas)
        if (known == wanted) return table;
    return nullptr;
}

} // namespace

FakeHost::FakeHost()
    : table_{sizeof table_,
             TALOME_ABI,
             "0.1.0",
             &extension,
             [](talome_self* s, std::int32_t, talome_str text, talome_str) noexcept {
                 of(s).log.emplace_back(talome::view(text));
             },
             [](talome_self* s, talome_status status, talome_str why) noexcept {
                 return fail(s, status, talome::view(why));
             },
             [](talome_self* s, talome_sink out, void* to) noexcept { out(to, talome::bytes(of(s).words)); },
             [](talome_self*) noexcept { return std::int64_t{42}; }} {}

std::pair<talome_status, std::string> FakeHost::invoke(const std::string& id, std::string_view input) {
    const talome_operation& operation = operations.at(id);
    talome::detail::Collected answer;
    const auto status =
        operation.invoke(operation.user, nullptr, talome::bytes(input), &talome::detail::Collected::take, &answer);
    return {status, status < 0 ? words : answer.text};
}
