/* What every plugin and every host agree on. C11, with no library behind it.
 *
 * Rules that hold in every talome header of the C layer:
 *   - A struct begins with its size as the side that filled it knew it, and grows only at its end.
 *     TALOME_HAS() asks before a later field is touched. The frozen ones (talome_str, talome_bytes,
 *     talome_value, talome_pair) never change and carry no size.
 *   - Whatever is passed in is borrowed until the call returns. Nobody frees what the other side
 *     allocated: results come through a talome_sink.
 *   - No call throws, longjmps or exits. Failure is a negative talome_status; its words are set with
 *     host->fail() on the same thread.
 *   - Text is UTF-8 and is not terminated, except `const char *`, which is.
 *   - The tag in brackets says on which thread a function is called, or may be called:
 *       [any]        any thread
 *       [lifecycle]  the host's one lifecycle thread
 *       [worker]     a host thread, concurrently with itself
 *       [strand]     a host thread, never concurrently with another [strand] call of the same plugin
 */
#ifndef TALOME_ABI_H
#define TALOME_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define TALOME_NOEXCEPT noexcept
#else
#define TALOME_NOEXCEPT
#endif

#define TALOME_ABI 1u
#define TALOME_EXPORT __attribute__((visibility("default")))

/* True if the table or struct reaches as far as `field`, and the field is set. */
#define TALOME_HAS(s, field)                                                                       \
  ((s) && (s)->struct_size >= offsetof(__typeof__(*(s)), field) + sizeof((s)->field) && (s)->field)

typedef struct talome_str { const char *p; size_t n; } talome_str;
typedef struct talome_bytes { const void *p; size_t n; } talome_bytes;
typedef struct talome_pair { talome_str name, value; } talome_pair;

/* Receives a result in zero or more pieces, before the call that was given it returns. */
typedef void (*talome_sink)(void *to, talome_bytes piece) TALOME_NOEXCEPT;

typedef int32_t talome_status;
enum {                              /* and what a REST caller is answered */
  TALOME_OK = 0,
  TALOME_E_INVALID = -1,            /* 400 */
  TALOME_E_UNAUTHENTICATED = -2,    /* 401 */
  TALOME_E_DENIED = -3,             /* 403 */
  TALOME_E_NOT_FOUND = -4,          /* 404 */
  TALOME_E_CONFLICT = -5,           /* 409 */
  TALOME_E_GONE = -6,               /* 410 */
  TALOME_E_TOO_LARGE = -7,          /* 413 */
  TALOME_E_LIMITED = -8,            /* 429, with Retry-After */
  TALOME_E_INTERNAL = -9,           /* 500; the words go to the log, not to the caller */
  TALOME_E_UNSUPPORTED = -10,       /* 501 */
  TALOME_E_BAD_UPSTREAM = -11,      /* 502: a remote system answered nonsense */
  TALOME_E_UNAVAILABLE = -12,       /* 503: a remote system does not answer */
  TALOME_E_TIMEOUT = -13,           /* 504 */
  TALOME_E_NO_SPACE = -14,          /* 507 */
  TALOME_E_CANCELLED = -15          /* the caller has left, or the host stops: 503 */
};

/* A limit of bytes or of time, 64 bits wide, that there is not; 0 means its default. Where it may be is said there. */
#define TALOME_UNLIMITED UINT64_MAX

enum { TALOME_DEBUG = 0, TALOME_INFO = 1, TALOME_WARN = 2, TALOME_ERROR = 3 };

/* This plugin as the host sees it: the first argument of the host's functions, but for those of something that the host
 * has lent it: a talome_call, a talome_exchange, a talome_upload, a talome_job_run. */
typedef struct talome_self talome_self;

/* Who asks, how long it may take, and how it is answered. Valid until the call returns. */
typedef struct talome_call talome_call;

typedef struct talome_host {
  uint32_t struct_size, abi;
  const char *version;              /* of the host: "0.1.0" */
  /* [any] An area's table by id and revision ("talome.events/0"); NULL if it is not offered. */
  const void *(*extension)(talome_self *, const char *id) TALOME_NOEXCEPT;
  /* [any] A structured log line; `fields` is a JSON object or empty. Never put a secret in it. */
  void (*log)(talome_self *, int32_t level, talome_str text, talome_str fields) TALOME_NOEXCEPT;
  /* [any] Sets the words of a failure on this thread, and returns the status it was given. */
  talome_status (*fail)(talome_self *, talome_status, talome_str why) TALOME_NOEXCEPT;
  /* [any] The words behind this thread's last failure. */
  void (*why)(talome_self *, talome_sink, void *to) TALOME_NOEXCEPT;
  /* [any] Milliseconds since the Unix epoch; tests move this clock. */
  int64_t (*now_ms)(talome_self *) TALOME_NOEXCEPT;
} talome_host;

enum { TALOME_CAN_UNLOAD = 1u };    /* flags: no threads of its own, no thread_local with a destructor */

typedef struct talome_plugin {
  uint32_t struct_size, abi;
  const char *id;                   /* [a-z][a-z0-9-]{0,31}; also the file name without its ending */
  const char *version;              /* semantic version, "1.0.0" */
  const char *summary;              /* one sentence */
  uint32_t flags, reserved;
  /* All [lifecycle], each under a time limit. */
  talome_status (*create)(const talome_host *, talome_self *, void **plugin) TALOME_NOEXCEPT; /* declare everything; no I/O */
  talome_status (*start)(void *plugin) TALOME_NOEXCEPT;    /* settings and database are ready; open what may be open twice */
  talome_status (*activate)(void *plugin) TALOME_NOEXCEPT; /* this generation is the one: open what may be open only once */
  void (*quiesce)(void *plugin) TALOME_NOEXCEPT;           /* the opposite of activate; calls in flight go on */
  void (*stop)(void *plugin) TALOME_NOEXCEPT;              /* the opposite of start, after the last call has returned */
  void (*destroy)(void *plugin) TALOME_NOEXCEPT;
} talome_plugin;

/* The one symbol that a plugin exports. An incompatible ABI would have another name; a file may export both. */
TALOME_EXPORT const talome_plugin *talome_plugin_v1(void);

#ifdef __cplusplus
}
#endif
#endif
