// The fields of each struct that a plugin fills in, so that they can be put into a message and taken out of it.
#pragma once

#include <talome/events.h>
#include <talome/fetch.h>
#include <talome/http.h>
#include <talome/operations.h>
#include <talome/process.h>
#include <talome/settings.h>
#include <talome/tasks.h>

namespace talome::check {

// `visit(a, b, …)` numbers and texts; `visit.list(pointers, n)` structs; `visit.functions(name, user, f, …)` what the
// host calls, and what it is of, for words; `visit.descriptor(fd)`; `visit.sink(out, to)`.

template <class V> void fields(V& visit, talome_route& s) { visit(s.success, s.method, s.path, s.rename); }
template <class V> void fields(V& visit, talome_tool& s) {
    visit(s.flags, s.name, s.summary, s.rename, s.domain, s.category, s.title);
}
template <class V> void fields(V& visit, talome_tier_rule& s) { visit(s.tier, s.input, s.equals); }
template <class V> void fields(V& visit, talome_resource& s) {
    visit(s.uri, s.name, s.summary, s.rename, s.domain, s.topics);
}
template <class V> void fields(V& visit, talome_prompt& s) { visit(s.name, s.summary, s.rename, s.domain); }
template <class V> void fields(V& visit, talome_tool_domain& s) { visit(s.name, s.summary, s.settings, s.keywords); }
template <class V> void fields(V& visit, talome_operation& s) {
    visit(s.tier, s.id, s.summary, s.permission, s.input_schema, s.output_schema, s.output_type, s.target_kind,
          s.target_input, s.max_body, s.time_limit_ms, s.flags);
    visit.list(s.routes, s.n_routes);
    visit.list(s.tools, s.n_tools);
    visit.list(s.tier_rules, s.n_tier_rules);
    visit.list(s.resources, s.n_resources);
    visit.list(s.prompts, s.n_prompts);
    visit.functions(s.id, s.user, s.invoke);
}
template <class V> void fields(V& visit, talome_call_options& s) {
    visit(s.origin, s.approval);
    visit.sink(s.approval_needed, s.to);
    visit.functions("a call", s.user, s.stopped, s.told, s.asked);
}
template <class V> void fields(V& visit, talome_raw_route& s) {
    visit(s.tier, s.id, s.summary, s.permission, s.method, s.path, s.input_schema, s.max_body, s.listener, s.flags);
    visit.functions(s.id, s.user, s.handle);
}
template <class V> void fields(V& visit, talome_listener& s) {
    visit(s.port, s.id, s.summary, s.host, s.port_variable, s.host_variable);
}
template <class V> void fields(V& visit, talome_file& s) {
    visit(s.flags, s.name, s.content_type, s.cache_control);
    visit.descriptor(s.fd);
}
template <class V> void fields(V& visit, talome_upload_route& s) {
    visit(s.flags, s.tier, s.success, s.id, s.summary, s.permission, s.method, s.path, s.input_schema, s.output_schema,
          s.max_body, s.max_files);
    visit.functions(s.id, s.user, s.place, s.done);
}
template <class V> void fields(V& visit, talome_event_source& s) { visit(s.pattern, s.event); }
template <class V> void fields(V& visit, talome_event_stream& s) {
    visit(s.flags, s.id, s.summary, s.permission, s.path, s.replay);
    visit.list(s.sources, s.n_sources);
}
template <class V> void fields(V& visit, talome_stream& s) {
    visit(s.content_type, s.max_queued);
    visit.functions("a stream", s.user, s.room, s.ended);
}
template <class V> void fields(V& visit, talome_place& s) { visit(s.listener, s.path); }
template <class V> void fields(V& visit, talome_websocket& s) {
    visit(s.flags, s.tier, s.id, s.summary, s.permission, s.input_schema, s.protocols, s.max_message, s.max_queued);
    visit.list(s.places, s.n_places);
    visit.functions(s.id, s.user, s.open, s.message, s.room, s.closed);
}
template <class V> void fields(V& visit, talome_setting& s) {
    visit(s.flags, s.key, s.summary, s.schema, s.fallback, s.environment);
}
template <class V> void fields(V& visit, talome_task& s) {
    visit(s.flags, s.id, s.summary, s.period_ms, s.cron, s.time_zone);
    visit.functions(s.id, s.user, s.run);
}
template <class V> void fields(V& visit, talome_topic& s) { visit(s.flags, s.name, s.summary, s.schema, s.audience); }
template <class V> void fields(V& visit, talome_job& s) {
    visit(s.flags, s.id, s.summary, s.permission, s.limit_ms);
    visit.functions(s.id, s.user, s.run);
}
template <class V> void fields(V& visit, talome_job_progress& s) {
    visit(s.fraction, s.done, s.total, s.unit, s.phase, s.message);
}
template <class V> void fields(V& visit, talome_durable_event& s) {
    visit(s.publisher, s.topic, s.json, s.sequence, s.published_at_ms);
}
template <class V> void fields(V& visit, talome_process_spec& s) {
    visit(s.flags, s.directory, s.input, s.time_ms, s.cpu_ms, s.memory_bytes, s.output_bytes, s.file_bytes, s.files,
          s.processes, s.grace_ms, s.nice, s.queue_bytes);
    visit.array(s.argv, s.n_argv);
    visit.array(s.env, s.n_env);
    visit.array(s.writable, s.n_writable);
    visit.array(s.fd_numbers, s.n_fds);
    visit.descriptors(s.fds, s.n_fds);
}
template <class V> void fields(V& visit, talome_process_result& s) {
    visit(s.limit, s.exit_code, s.signal, s.cut, s.time_ms, s.cpu_ms, s.peak_bytes);
}
template <class V> void fields(V& visit, talome_process_events& s) {
    visit(s.flags);
    visit.functions("a program", s.user, s.output, s.room, s.exited);
}
template <class V> void fields(V& visit, talome_fetch_request& s) {
    visit(s.flags, s.reach, s.method, s.url, s.body, s.pull_size, s.unix_socket, s.connect_ms, s.total_ms, s.idle_ms,
          s.max_redirects, s.max_body, s.ca_file, s.cert_file, s.key_file, s.pin, s.protocol);
    visit.array(s.headers, s.n_headers);
    visit.functions("a request's body", s.pull_user, s.pull);
}
template <class V> void fields(V& visit, talome_fetch_answer& s) {
    visit(s.status, s.url);
    visit.array(s.headers, s.n_headers);
}
template <class V> void fields(V& visit, talome_fetch_sink& s) { visit.functions("an answer", s.user, s.head, s.body); }
template <class V> void fields(V& visit, talome_fetch_stream& s) {
    visit.functions("an answer", s.user, s.head, s.body, s.ended);
}

} // namespace talome::check
