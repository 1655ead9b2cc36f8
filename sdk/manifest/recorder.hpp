// Turns the C structs of a declaration into records, refusing what no host would accept. The manifest tool and the
// host use the same functions, so that what is written at build time is what is compared at run time.
#pragma once

#include "manifest.hpp"

#include <talome/abi.h>
#include <talome/database.h>
#include <talome/events.h>
#include <talome/http.h>
#include <talome/operations.h>
#include <talome/settings.h>
#include <talome/tasks.h>

namespace talome::manifest {

// Each throws talome::Invalid that names the struct's id and the field. A struct larger than the one known here is
// accepted only if its unknown tail is zero; a smaller one has zeros for what it lacks.
Operation record(const talome_operation*);
Operation record(const talome_raw_route*);
Operation record(const talome_upload_route*);
Operation record(const talome_event_stream*);
Operation record(const talome_websocket*);
Listener record(const talome_listener*);
Setting record(const talome_setting*);
Task record(const talome_task*);
Job record(const talome_job*);
Topic record(const talome_topic*);
ToolDomain record(const talome_tool_domain*);
Flag recordFlag(const char* flag, const char* summary, bool granted);
Program recordProgram(const char* program, const char* summary);
Migration recordMigration(unsigned version, std::uint32_t flags, const char* sql);

/// The struct as this side knows it, for its callbacks and limits; a limit left at 0 is what http.h says it then is.
/// Throws talome::Invalid as record() does.
talome_operation whole(const talome_operation*);
talome_raw_route whole(const talome_raw_route*);
talome_upload_route whole(const talome_upload_route*);
talome_event_stream whole(const talome_event_stream*);
talome_websocket whole(const talome_websocket*);
talome_task whole(const talome_task*);
talome_job whole(const talome_job*);

// The same at run time, of what a handler gives.
talome_upload_target whole(const talome_upload_target*);
talome_file whole(const talome_file*);
talome_stream whole(const talome_stream*);

/// Throws talome::Invalid if a route names a listener that is not there. Once everything is declared.
void checkListeners(const std::vector<Operation>&, const std::vector<Listener>&);

/// The parts of the URL space that the routes stand in: the first two segments of each path, once, sorted. Routes of
/// other listeners have a space of their own.
std::vector<std::string> prefixesOf(const std::vector<Operation>&);

/// True for "public", "session", "admin" or a list of feature flags.
bool isPermission(std::string_view);

} // namespace talome::manifest
