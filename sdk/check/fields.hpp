// The fields of each struct that a plugin fills in, so that they can be put into a message and taken out of it.
#pragma once

#include <talome/events.h>
#include <talome/http.h>
#include <talome/operations.h>
#include <talome/settings.h>
#include <talome/tasks.h>

namespace talome::check {

// `visit(a, b, …)` numbers and texts; `visit.list(pointers, n)` structs; `visit.functions(name, user, f, …)` what the
// host calls, and what it is of, for words; `visit.descriptor(fd)`; `visit.sink(out, to)`.

template <class V> void fields(V& visit, talome_route& s) { visit(s.success, s.method, s.path, s.rename); }
template <class V> void fields(V& visit, talome_tool& s) { visit(s.name, s.summary, s.rename); }
template <class V> void fields(V& visit, talome_operation& s) {
    visit(s.tier, s.id, s.summary, s.permission, s.input_schema, s.output_schema, s.output_type, s.target_kind,
          s.target_input, s.max_body);
    visit.list(s.routes, s.n_routes);
    visit.list(s.tools, s.n_tools);
    visit.functions(s.id, s.user, s.invoke);
}
template <class V> void fields(V& visit, talome_call_options& s) {
    visit(s.origin, s.approval);
    visit.sink(s.approval_needed, s.to);
}
template <class V> void fields(V& visit, talome_raw_route& s) {
    visit(s.tier, s.id, s.summary, s.permission, s.method, s.path, s.input_schema, s.max_body, s.listener);
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
    visit(s.flags, s.id, s.summary, s.period_ms);
    visit.functions(s.id, s.user, s.run);
}
template <class V> void fields(V& visit, talome_topic& s) { visit(s.flags, s.name, s.summary, s.schema, s.audience); }

} // namespace talome::check
