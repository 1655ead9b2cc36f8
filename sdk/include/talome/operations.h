/* Operations: named, typed, guarded functions. One declaration makes the REST route, the input check,
 * the OpenAPI entry, the tool, the call from another plugin and the audit row. */
#ifndef TALOME_OPERATIONS_H
#define TALOME_OPERATIONS_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_OPERATIONS "talome.operations/0"

enum { TALOME_TIER_READ = 0, TALOME_TIER_MODIFY = 1, TALOME_TIER_DESTRUCTIVE = 2 };

/* [worker] `input` is one JSON object: path, query and body merged, checked against the input schema,
 * defaults filled in. The answer goes to `out`. */
typedef talome_status (*talome_invoke)(void *user, talome_call *, talome_bytes input, talome_sink out, void *to) TALOME_NOEXCEPT;

typedef struct talome_route {
  uint32_t struct_size;
  int32_t success;                  /* status of a success; 0 means 200 */
  const char *method;               /* "GET", "POST", "PUT", "PATCH", "DELETE" */
  const char *path;                 /* "/api/containers/{id}/logs": a {name} is one whole segment */
  const char *rename;               /* "lines=tail,…": the route says lines, the input is tail; NULL: none */
} talome_route;

typedef struct talome_tool {
  uint32_t struct_size;
  uint32_t reserved;
  const char *name;                 /* [a-z][a-z0-9_]{0,63} */
  const char *summary;              /* NULL: the operation's */
  const char *rename;               /* as in a route */
} talome_tool;

typedef struct talome_operation {
  uint32_t struct_size;
  int32_t tier;                     /* the highest, if it depends on the input */
  const char *id;                   /* "containers.restart": [a-z][a-zA-Z0-9]*(\.[a-z][a-zA-Z0-9]*)+ */
  const char *summary;              /* one sentence */
  const char *permission;           /* "public", "session", "admin", "interactive" (a person, no API token), feature flags; "admin,apps": all of them */
  const char *input_schema;         /* JSON Schema of an object; the subset is in sdk/ABI.md */
  const char *output_schema;        /* NULL: none, or not JSON */
  const char *output_type;          /* media type; NULL means application/json */
  const char *target_kind;          /* what the audit row names: "container", with … */
  const char *target_input;         /* … the input field that identifies it: "id"; both NULL: none */
  const talome_route *const *routes;
  const talome_tool *const *tools;
  uint32_t n_routes, n_tools;
  uint64_t max_body;                /* bytes; 0 means 1 MiB */
  talome_invoke invoke;
  void *user;
} talome_operation;

/* The caller, as the gate has established it. Text is valid until the call returns. */
typedef struct talome_principal {
  uint32_t struct_size;
  uint32_t authenticated;           /* 0: an anonymous caller of a public operation */
  talome_str user_id, username;     /* a plugin's own work: "plugin:ID" */
  talome_str role;                  /* "admin", "member", "plugin" or empty */
  talome_str origin;                /* rest, mcp, chat, automation, task, webhook, bot, plugin, cli */
  talome_str session_id;            /* of the session or token; empty for a plugin */
  talome_str peer;                  /* network address of the caller, without port; empty if none */
  talome_str user_agent;
} talome_principal;

/* How a call that a plugin makes differs from the one that it serves. */
typedef struct talome_call_options {
  uint32_t struct_size, reserved;
  const char *origin;               /* whose helper makes the call: "mcp", "chat", "automation", "webhook", "bot", "agent".
                                     * The security mode judges it as such; it cannot make a helper's call a person's. NULL: as it is */
  const char *approval;             /* id of the leave that a person has given for this very call; NULL: none */
  talome_sink approval_needed;      /* is given the id of the approval that the call waits for, if it fails for want of one */
  void *to;
} talome_call_options;

typedef struct talome_operations {
  uint32_t struct_size, reserved;
  /* [lifecycle] in create() only */
  talome_status (*declare)(talome_self *, const talome_operation *) TALOME_NOEXCEPT;
  /* [lifecycle] in create() only. A feature flag that an admin gives a member; `granted` is what a new member has. */
  talome_status (*declare_flag)(talome_self *, const char *flag, const char *summary, int32_t granted) TALOME_NOEXCEPT;
  /* [lifecycle] in create() only. Says that this plugin calls an operation, or all that begin so: "apps.*", "*". What is
   * not said cannot be called, in nobody's name. */
  talome_status (*uses)(talome_self *, const char *operation) TALOME_NOEXCEPT;
  /* [worker, strand] Calls an operation through the gate. `call` NULL: the plugin's own work. */
  talome_status (*call)(talome_self *, talome_call *, talome_str operation, talome_bytes input, talome_sink out, void *to) TALOME_NOEXCEPT;

  /* About the call being served, on the thread that serves it. */
  talome_status (*principal)(const talome_call *, talome_principal *) TALOME_NOEXCEPT;  /* set struct_size first */
  int32_t (*granted)(const talome_call *, talome_str permission) TALOME_NOEXCEPT;       /* 1 if the caller has it */
  talome_str (*request_id)(const talome_call *) TALOME_NOEXCEPT;
  int64_t (*deadline_ms)(const talome_call *) TALOME_NOEXCEPT;    /* since the epoch; 0: none */
  int32_t (*cancelled)(const talome_call *) TALOME_NOEXCEPT;      /* [any] while the call lasts */
  talome_status (*set_status)(talome_call *, int32_t http_status) TALOME_NOEXCEPT;      /* 200 to 599, instead of the route's */
  talome_status (*set_header)(talome_call *, talome_str name, talome_str value) TALOME_NOEXCEPT; /* REST only, else ignored */
  /* [worker, strand] call() with options. */
  talome_status (*call_with)(talome_self *, talome_call *, const talome_call_options *, talome_str operation, talome_bytes input, talome_sink out, void *to) TALOME_NOEXCEPT;
  /* [lifecycle] in create() only. As uses(); and the plugin is not started before another one offers the operation, or one
   * that begins so, and stopped when none does any more. */
  talome_status (*depends_on)(talome_self *, const char *operation) TALOME_NOEXCEPT;
} talome_operations;

#ifdef __cplusplus
}
#endif
#endif
