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

/* All it does is to pass calls on, each of which is judged by itself: a token's groups, which narrow those, do not hide it.
 * Of tier read only. */
enum { TALOME_PASSES_ON = 1u };

typedef struct talome_route {
  uint32_t struct_size;
  int32_t success;                  /* status of a success; 0 means 200 */
  const char *method;               /* "GET", "POST", "PUT", "PATCH", "DELETE" */
  const char *path;                 /* "/api/containers/{id}/logs": a {name} is one whole segment */
  const char *rename;               /* "lines=tail,…": the route says lines, the input is tail; NULL: none */
} talome_route;

enum {                              /* what is known of a tool; none of it loosens a rule */
  TALOME_TOOL_AUTOMATION_SAFE = 1u, /* automations may use it without being asked about it */
  TALOME_TOOL_IDEMPOTENT = 2u,      /* the same call twice does no more than once */
  TALOME_TOOL_OPEN_WORLD = 4u       /* it reaches systems outside this server and its network */
};

typedef struct talome_tool {
  uint32_t struct_size;
  uint32_t flags;
  const char *name;                 /* [a-z][a-z0-9_]{0,63} */
  const char *summary;              /* NULL: the operation's */
  const char *rename;               /* as in a route */
  const char *domain;               /* a declared one; NULL: "core", which is always active */
  const char *category;             /* within its domain, as a domain's name; NULL: the plugin's id */
  const char *title;                /* for people; NULL: made from the name */
} talome_tool;

/* Of some inputs the tier is lower: where this member is exactly that, defaults filled in. The first that holds counts. */
typedef struct talome_tier_rule {
  uint32_t struct_size;
  int32_t tier;                     /* below the operation's */
  const char *input;                /* "dryRun" */
  const char *equals;               /* JSON: "true", "\"list\"" */
} talome_tier_rule;

/* How models read what an operation answers: by a URI. */
typedef struct talome_resource {
  uint32_t struct_size, reserved;
  const char *uri;                  /* "talome://containers", or with inputs: "talome://logs/{container}" */
  const char *name;                 /* [a-z][a-z0-9-]{0,63} */
  const char *summary;              /* NULL: the operation's */
  const char *rename;               /* as in a route: of what is in braces */
  const char *domain;               /* as of a tool; while it is inactive, the resource is not there */
  const char *topics;               /* "container.*,…": an event of one of them may mean that it has changed; NULL: none */
} talome_resource;

/* Words that a person begins a conversation with: the operation answers {"description"?, "messages": [{"role", "content"}]}
 * with contents as MCP has them, or a text, which is one message of the user. All its inputs are texts. */
typedef struct talome_prompt {
  uint32_t struct_size, reserved;
  const char *name;                 /* [a-z][a-z0-9_-]{0,63} */
  const char *summary, *rename, *domain;   /* as of a resource */
} talome_prompt;

/* Tools that belong together, and what makes them of use. */
typedef struct talome_tool_domain {
  uint32_t struct_size, reserved;
  const char *name;                 /* [a-z][a-z0-9-]{0,31} */
  const char *summary;
  const char *settings;             /* "sonarr_url,radarr_url": active while one of them has a value other than null, false, "" and 0; NULL: always */
  const char *keywords;             /* "film,series": words in which a user may mean it; NULL: none */
} talome_tool_domain;

/* The media type of an output that is made of MCP's content blocks: {"content": [...], "structuredContent"?: …, "isError"?: …}. */
#define TALOME_CONTENT_TYPE "application/vnd.talome.content+json"

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
  int64_t time_limit_ms;            /* then cancelled() is true, and the caller is answered 504; up to 86400000; 0: the host's, 30 s unless configured */
  const talome_tier_rule *const *tier_rules;
  const talome_resource *const *resources;
  const talome_prompt *const *prompts;
  uint32_t n_tier_rules, n_resources, n_prompts;
  uint32_t flags;
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
  /* What follows is of calls inside the call, too, unless they say it themselves. Each may be NULL. */
  int32_t (*stopped)(void *user) TALOME_NOEXCEPT;   /* [any] 1: whoever wanted the call does not any more; cancelled() is then true */
  void (*told)(void *user, talome_str kind, talome_bytes json) TALOME_NOEXCEPT;   /* what tell() says, on its thread */
  /* What ask() wants to know, on its thread. A negative status is what ask() returns. */
  talome_status (*asked)(void *user, talome_str key, talome_str kind, talome_bytes question, talome_sink answer, void *to) TALOME_NOEXCEPT;
  void *user;
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
  /* [lifecycle] in create() only. Several plugins may declare the same one: it is active if one of them says so. */
  talome_status (*declare_domain)(talome_self *, const talome_tool_domain *) TALOME_NOEXCEPT;
  /* About the call being served, on the thread that serves it: tells whoever waits for it how it goes on, if they listen.
   * `kind` "progress": {"progress": n, "total"?: n, "message"?: text}, each progress higher than the one before.
   * `kind` "log": {"level": "debug" to "emergency" as RFC 5424 has them, "data": anything}. */
  talome_status (*tell)(talome_call *, talome_str kind, talome_bytes json) TALOME_NOEXCEPT;
  /* Asks whoever waits for the call, and waits for the answer. `kind` "elicitation", "sampling", "roots": question and answer
   * are the parameters and the result of that request of MCP. `key` is the question's own in this call. UNSUPPORTED: nobody
   * is there who can answer it. CANCELLED: return now; the answer comes with the same call, made once more from its
   * beginning, in which the questions before have their answers already. What is done before asking must bear that. */
  talome_status (*ask)(talome_call *, talome_str key, talome_str kind, talome_bytes question, talome_sink answer, void *to) TALOME_NOEXCEPT;
} talome_operations;

#ifdef __cplusplus
}
#endif
#endif
