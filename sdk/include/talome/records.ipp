// Definitions of records.hpp.
#pragma once

namespace talome::detail {

inline talome_status OperationRecord::invoke(void* user, talome_call* raw, talome_bytes input, talome_sink out,
                                             void* to) noexcept {
    auto& self = *static_cast<OperationRecord*>(user);
    return guard(*self.areas, [&] {
        unsigned char first[2048];
        boost::json::monotonic_resource memory(first, sizeof first);
        Call call(*self.areas, raw);
        Answer answer{{}, !self.mediaType.empty()};
        self.run(self.handler, call, parse(view(input), &memory), answer);
        out(to, bytes(answer.text));
    });
}

inline talome_status ChangeRecord::invoke(void* user, talome_str key, talome_bytes json) noexcept {
    auto& self = *static_cast<ChangeRecord*>(user);
    return guard(*self.areas, [&] { self.run(self.handler, view(key), parse(view(json))); });
}

inline talome_status TaskRecord::invoke(void* user, talome_call* raw) noexcept {
    auto& self = *static_cast<TaskRecord*>(user);
    return guard(*self.areas, [&] {
        Call call(*self.areas, raw);
        self.run(self.handler, call);
    });
}

inline void SubscriptionRecord::invoke(void* user, talome_str topic, talome_bytes json) noexcept {
    auto& self = *static_cast<SubscriptionRecord*>(user);
    guardQuietly(*self.areas, [&] { self.run(self.handler, view(topic), view(json)); });
}

inline std::string renameText(Renames pairs) {
    std::string text;
    for (const auto& [from, to] : pairs) text.append(text.empty() ? "" : ",").append(from).append("=").append(to);
    return text;
}

inline void declare(Areas& areas, const talome_operations& table, OperationRecord& o) {
    if (!o.mediaType.empty() && !o.returnsText)
        throw std::logic_error(o.id + ": .text() needs a handler that returns std::string");
    o.input = annotated(o.id, o.input, o.notes);
    std::vector<talome_route> routes;
    std::vector<talome_tool> tools;
    for (const RouteRecord& r : o.routes)
        routes.push_back({sizeof(talome_route), r.success, r.method.c_str(), r.path.c_str(), orNull(r.rename)});
    for (const ToolRecord& t : o.tools)
        tools.push_back({sizeof(talome_tool), t.flags, t.name.c_str(), orNull(t.summary), orNull(t.rename),
                         orNull(t.domain), orNull(t.category), orNull(t.title)});
    std::vector<talome_tier_rule> rules;
    std::vector<talome_resource> resources;
    std::vector<talome_prompt> prompts;
    for (const TierRuleRecord& r : o.tierRules)
        rules.push_back(
            {sizeof(talome_tier_rule), static_cast<std::int32_t>(r.tier), r.input.c_str(), r.equals.c_str()});
    for (const ResourceRecord& r : o.resources)
        resources.push_back({sizeof(talome_resource), 0, r.uri.c_str(), r.name.c_str(), orNull(r.summary),
                             orNull(r.rename), orNull(r.domain), orNull(r.topics)});
    for (const PromptRecord& p : o.prompts)
        prompts.push_back({sizeof(talome_prompt), 0, p.name.c_str(), orNull(p.summary), orNull(p.rename),
                           orNull(p.domain)});
    const auto routeList = pointersTo(routes);
    const auto toolList = pointersTo(tools);
    const auto ruleList = pointersTo(rules);
    const auto resourceList = pointersTo(resources);
    const auto promptList = pointersTo(prompts);

    talome_operation c{};
    c.struct_size = sizeof c;
    c.tier = static_cast<std::int32_t>(o.tier);
    c.id = o.id.c_str();
    c.summary = o.summary.c_str();
    c.permission = o.permission.c_str();
    c.input_schema = o.input.c_str();
    c.output_schema = o.mediaType.empty() ? o.output.c_str() : nullptr;
    c.output_type = orNull(o.mediaType);
    c.target_kind = orNull(o.targetKind);
    c.target_input = orNull(o.targetInput);
    c.routes = routeList.data();
    c.tools = toolList.data();
    c.n_routes = static_cast<std::uint32_t>(routeList.size());
    c.n_tools = static_cast<std::uint32_t>(toolList.size());
    c.max_body = o.maxBody;
    c.invoke = &OperationRecord::invoke;
    c.user = &o;
    c.time_limit_ms = o.timeLimit.count();
    c.tier_rules = ruleList.data();
    c.resources = resourceList.data();
    c.prompts = promptList.data();
    c.n_tier_rules = static_cast<std::uint32_t>(ruleList.size());
    c.n_resources = static_cast<std::uint32_t>(resourceList.size());
    c.n_prompts = static_cast<std::uint32_t>(promptList.size());
    if (o.passesOn) c.flags = TALOME_PASSES_ON;
    areas.check(table.declare(areas.self(), &c));
}

inline void declare(Areas& areas, const talome_settings& table, SettingRecord& s) {
    s.schema = annotated(s.key, s.schema, {s.rules});
    const talome_setting c{sizeof c,
                           s.flags,
                           s.key.c_str(),
                           s.summary.c_str(),
                           s.schema.c_str(),
                           s.fallback.c_str(),
                           orNull(s.environment)};
    areas.check(table.declare(areas.self(), &c));
}

inline void Records::publish(Areas& areas) {
    auto* const self = areas.self();
    const auto& ops = *areas.need<talome_operations>();
    for (const auto& f : flags) areas.check(ops.declare_flag(self, f.name.c_str(), f.summary.c_str(), f.granted));
    for (const auto& d : domains) {
        const talome_tool_domain c{sizeof c, 0, d.name.c_str(), d.summary.c_str(), orNull(d.settings),
                                   orNull(d.keywords)};
        areas.check(ops.declare_domain(self, &c));
    }
    for (auto& s : settings) declare(areas, *areas.need<talome_settings>(), s);
    for (auto& c : changes) areas.check(areas.need<talome_settings>()->on_change(self, &ChangeRecord::invoke, &c));
    for (const auto& m : migrations)
        areas.check(areas.need<talome_database>()->migration(self, m.version, m.flags, m.sql.c_str()));
    for (const auto& t : topics) {
        if (t.flags & TALOME_TOPIC_DURABLE) areas.need<talome_database>();
        const talome_topic c{sizeof c,          t.flags,          t.name.c_str(),
                             t.summary.c_str(), t.schema.c_str(), t.audience.c_str()};
        areas.check(areas.need<talome_events>()->declare(self, &c));
    }
    for (auto& s : subscriptions)
        areas.check(areas.need<talome_events>()->subscribe(self, s.pattern.c_str(), &SubscriptionRecord::invoke, &s));
    for (auto& t : tasks) {
        const talome_task c{sizeof c,
                            0,
                            t.id.c_str(),
                            t.summary.c_str(),
                            t.periodMs,
                            &TaskRecord::invoke,
                            &t,
                            orNull(t.cron),
                            orNull(t.timeZone)};
        areas.check(areas.need<talome_tasks>()->declare(self, &c));
    }
    for (auto& o : operations) declare(areas, ops, o);
    for (auto& w : wire) w->declare(areas);
    for (const auto& operation : uses) areas.check(ops.uses(self, operation.c_str()));
    for (const auto& operation : requirements)
        areas.check(areas.get<talome_operations>()->depends_on(self, operation.c_str()));
}

} // namespace talome::detail
