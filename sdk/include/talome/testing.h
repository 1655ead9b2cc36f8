/* A real host for the tests of a plugin, in the test's own process: its gate, REST API, settings, database, events and
 * tasks are those of the server, in a directory of their own that is gone afterwards. Only the clock is the test's: it
 * stands still until it is moved. Link talome-testing; C++ has testing.hpp on top of this.
 *
 * One thread opens and closes a host and moves its clock; any thread may make requests and calls. What fails answers a
 * negative status, and talome_testing_why() has the words. */
#ifndef TALOME_TESTING_H
#define TALOME_TESTING_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct talome_testing talome_testing;

typedef struct talome_testing_options {
  uint32_t struct_size;
  uint32_t n_plugins;
  const char *const *plugins;         /* NAME.so, with NAME.plugin.json beside it. The first is the one that is tested */
  int64_t now_ms;                     /* what the clock says, since the epoch; 0: what it is */
} talome_testing_options;

/* Starts the host with these plugins. NULL if it, or one of them, does not start. */
TALOME_EXPORT talome_testing *talome_testing_open(const talome_testing_options *);
TALOME_EXPORT void talome_testing_close(talome_testing *);
/* Ends everything and starts it again on the same data, as a restart of the server does. */
TALOME_EXPORT talome_status talome_testing_restart(talome_testing *);

/* The words of what last failed on this thread. */
TALOME_EXPORT void talome_testing_why(talome_sink, void *to);

/* Somebody who makes calls: 0 is an administrator, and is always there. `role`: "admin", "member", or "" for somebody who
 * has not logged in; `flags`: the feature flags that a member has, with commas between them. Its number, or a status. */
TALOME_EXPORT int32_t talome_testing_caller(talome_testing *, const char *role, const char *flags);
/* The user id of a caller, as in talome_principal. */
TALOME_EXPORT talome_status talome_testing_user_id(talome_testing *, int32_t caller, talome_sink, void *to);

/* The answer is valid until it returns. */
typedef void (*talome_testing_on_answer)(void *to, int32_t status, const talome_pair *headers, uint32_t n, talome_bytes body) TALOME_NOEXCEPT;

/* An HTTP request to the host, over a socket. `target`: path and query. Negative only if there is no answer. */
TALOME_EXPORT talome_status talome_testing_request(talome_testing *, int32_t caller, const char *method, const char *target,
                                                   const talome_pair *headers, uint32_t n, talome_bytes body,
                                                   talome_testing_on_answer, void *to);
/* A call of an operation by its id, through the gate. `origin`: NULL for a person, or whose helper calls: "mcp", "chat",
 * "automation", …, which the security mode judges. The status is that of the operation. */
TALOME_EXPORT talome_status talome_testing_call(talome_testing *, int32_t caller, const char *origin, talome_str operation,
                                                talome_bytes input, talome_sink out, void *to);

/* Stores a setting as an administrator does, so that its owner may refuse it; "null": back to the default. */
TALOME_EXPORT talome_status talome_testing_set_setting(talome_testing *, talome_str key, talome_bytes json);

/* The clock that plugins and the host see, in milliseconds since the epoch. */
TALOME_EXPORT int64_t talome_testing_now_ms(talome_testing *);
/* Moves it. Everything that becomes due on the way runs at its own time, one after the other, and has ended when this
 * returns. TIMEOUT: something has been running for half a minute of real time. */
TALOME_EXPORT talome_status talome_testing_advance(talome_testing *, int64_t ms);
/* Waits until all that was set off (events, tasks that were woken) has run. As advance() by nothing. */
TALOME_EXPORT talome_status talome_testing_settle(talome_testing *);

/* Publishes an event as another plugin does, and waits until it was heard. */
TALOME_EXPORT talome_status talome_testing_publish(talome_testing *, talome_str topic, talome_bytes json);
/* What was published since the start, or since the last call of this, the oldest first. */
typedef void (*talome_testing_on_event)(void *to, talome_str topic, talome_bytes json) TALOME_NOEXCEPT;
TALOME_EXPORT talome_status talome_testing_events(talome_testing *, talome_testing_on_event, void *to);

/* Runs SQL on a plugin's database (NULL: that of the first plugin). `values`: a JSON array for its `?`, or empty.
 * `out` is given a JSON array with an object for each row, blobs in hexadecimal. */
TALOME_EXPORT talome_status talome_testing_rows(talome_testing *, const char *plugin, talome_str sql, talome_bytes values,
                                                talome_sink out, void *to);

#ifdef __cplusplus
}
#endif
#endif
