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
Topic record(const talome_topic*);
Flag recordFlag(const char* flag, const char* summary, bool granted);
Migration recordMigration(unsigned version, std::uint32_t flags, const char* sql);

/// Fields of the struct as this side knows it: the callback and its user pointer are read from it.
talome_operation whole(const talome_operation*);
talome_raw_route whole(const talome_raw_route*);
talome_task whole(const talome_task*);
talome_upload_route whole(const talome_upload_route*);
talome_event_stream whole(const talome_event_stream*);
talome_websocket whole(const talome_websocket*);
// The same of what is given at run time.
talome_file whole(const talome_file*);
talome_stream whole(const talome_stream*);
talome_upload_target whole(const talome_upload_target*);

/// A topic, or a prefix and `*`.
bool isTopicPattern(std::string_view);

/// The parts of the URL space that the routes stand in: the first two segments of each path, once, sorted.
std::vector<std::string> prefixesOf(const std::vector<Operation>&);

/// True for "public", "session", "admin" or a list of feature flags.
bool isPermission(std::string_view);

} // namespace talome::manifest
