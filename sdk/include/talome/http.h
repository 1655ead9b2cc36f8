/* Routes for handlers that need the wire itself: raw bodies and answers, files, uploads, event streams, WebSockets.
 * Identity, permission, tier, input check and audit are those of an operation; the host has done them before any function
 * here is called. */
#ifndef TALOME_HTTP_H
#define TALOME_HTTP_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_HTTP "talome.http/0"

/* A request being answered. Valid until the handler returns. */
typedef struct talome_exchange talome_exchange;

/* [worker] `input` is one JSON object from path and query, checked. A negative status before begin() is answered
 * as an error by the host; after it, the connection is closed. */
typedef talome_status (*talome_raw_handler)(void *user, talome_call *, talome_bytes input, talome_exchange *) TALOME_NOEXCEPT;

typedef struct talome_raw_route {
  uint32_t struct_size;
  int32_t tier;
  const char *id, *summary, *permission;   /* as of an operation */
  const char *method, *path;
  const char *input_schema;                /* of path and query */
  uint64_t max_body;                       /* bytes; 0 means no body */
  talome_raw_handler handle;
  void *user;
  const char *listener;                    /* id of a declared listener; NULL: the server's own port */
  uint32_t flags, reserved;                /* TALOME_PASSES_ON of operations.h */
} talome_raw_route;

/* A port beside the server's own, open from activate() to quiesce(). Only routes that name it are reached there. */
typedef struct talome_listener {
  uint32_t struct_size;
  uint32_t port;                           /* unless the variable says another */
  const char *id;                          /* [a-z][a-z0-9-]{0,31} */
  const char *summary;
  const char *host;                        /* address, unless the variable says another: "127.0.0.1" */
  const char *port_variable, *host_variable;   /* of the server's environment, which win; NULL: none */
} talome_listener;

/* ---- Files: ranges, conditions, HEAD and Content-Disposition are the host's; the bytes are sent without a thread. ---- */

enum { TALOME_FILE_ATTACHMENT = 1u };      /* to be saved, not shown */

typedef struct talome_file {
  uint32_t struct_size, flags;
  int32_t fd;                              /* of a regular file, readable; it stays the plugin's */
  int32_t reserved;
  talome_str name;                         /* for the client, and for its type; may be empty */
  talome_str content_type;                 /* empty: by the name */
  talome_str cache_control;                /* empty: "no-store" */
} talome_file;

/* ---- Uploads: the body goes to disk as it comes, without a thread; the plugin is called when it is whole. ---- */

typedef struct talome_upload_part {
  uint32_t struct_size, n_fields;
  talome_str name;                         /* of the form's field; empty: the body itself is the file */
  talome_str filename;                     /* as the client says it, not to be trusted; may be empty */
  talome_str content_type;
  const talome_pair *fields;               /* of the form, as far as they came before this file */
} talome_upload_part;

typedef struct talome_upload_target {
  uint32_t struct_size;
  int32_t directory;                       /* on whose file system the file is written, nameless; stays the plugin's */
  uint64_t max_bytes;                      /* 0: the route's */
} talome_upload_target;

typedef struct talome_upload_file {
  uint32_t struct_size;
  int32_t fd;                              /* readable, until done() returns */
  talome_str name, filename, content_type; /* as above */
  uint64_t size;
  talome_str sha256;                       /* hexadecimal; empty without TALOME_UPLOAD_SHA256 */
} talome_upload_file;

typedef struct talome_upload {
  uint32_t struct_size;
  uint32_t n_files, n_fields, reserved;
  const talome_upload_file *const *files;
  const talome_pair *fields;
} talome_upload;

/* [worker] Before a file's first byte: where it goes. It may refuse. */
typedef talome_status (*talome_upload_place)(void *user, talome_call *, talome_bytes input, const talome_upload_part *, talome_upload_target *) TALOME_NOEXCEPT;
/* [worker] Everything has come and is on disk. What link() does not give a name is gone when this returns. The answer is
 * JSON, as an operation's. */
typedef talome_status (*talome_upload_done)(void *user, talome_call *, talome_bytes input, const talome_upload *, talome_sink out, void *to) TALOME_NOEXCEPT;

enum { TALOME_UPLOAD_SHA256 = 1u };
enum { TALOME_LINK_REPLACE = 1u };         /* a file of that name is replaced, atomically */

typedef struct talome_upload_route {
  uint32_t struct_size, flags;
  int32_t tier, success;                   /* status of a success; 0 means 200 */
  const char *id, *summary, *permission;
  const char *method, *path;               /* POST or PUT */
  const char *input_schema;                /* of path and query */
  const char *output_schema;
  uint64_t max_body;                       /* bytes of the whole body; 0 means 50 GiB */
  uint32_t max_files, reserved;            /* 0 means 100 */
  talome_upload_place place;
  talome_upload_done done;
  void *user;
} talome_upload_route;

/* ---- Streams: an answer that goes on after its handler. ---- */

typedef struct talome_event_source {
  uint32_t struct_size, reserved;
  const char *pattern;                     /* a topic, or a prefix and `*` */
  const char *event;                       /* its name on the wire; NULL: the topic */
} talome_event_source;

enum { TALOME_STREAM_LAST = 1u };          /* a new client is sent the newest event at once */

/* Events of the bus as server-sent events (WHATWG HTML 9.2), without code of the plugin: with ids, replay after
 * Last-Event-ID, a heartbeat, and to each client only what its user may see. */
typedef struct talome_event_stream {
  uint32_t struct_size, flags;
  const char *id, *summary, *permission;
  const char *path;
  uint32_t n_sources, replay;              /* events kept for those who come back; 0 means 64 */
  const talome_event_source *const *sources;
} talome_event_stream;

enum {                                     /* how a stream or a WebSocket ended */
  TALOME_ENDED_BY_US = 0, TALOME_ENDED_BY_CLIENT = 1,
  TALOME_ENDED_SLOW = 2,                   /* it did not take what was sent */
  TALOME_ENDED_SILENT = 3                  /* it did not answer pings */
};

/* An answer of this plugin's own that goes on for as long as it has something to say. */
typedef struct talome_stream {
  uint32_t struct_size, reserved;
  talome_str content_type;                 /* "text/event-stream" has heartbeats; anything else is sent in chunks */
  uint64_t max_queued;                     /* bytes that wait for the client at most; 0 means 256 KiB */
  void (*room)(void *user, uint64_t number) TALOME_NOEXCEPT;                 /* [strand] after LIMITED: there is room again; or NULL */
  void (*ended)(void *user, uint64_t number, int32_t how) TALOME_NOEXCEPT;   /* [strand] once, at the latest before stop(); or NULL */
  void *user;
} talome_stream;

/* ---- WebSockets (RFC 6455) ---- */

enum {
  TALOME_WS_DEFLATE = 1u,                  /* permessage-deflate (RFC 7692) for clients that offer it */
  /* A client that brings no token is let in for ten seconds: its first message must be {"type":"auth","token":"…"}. */
  TALOME_WS_FIRST_MESSAGE = 2u
};
enum { TALOME_WS_TEXT = 1, TALOME_WS_BINARY = 2 };

typedef struct talome_place {
  uint32_t struct_size, reserved;
  const char *listener;                    /* NULL: the server's own port */
  const char *path;
} talome_place;

/* Callbacks of one WebSocket come one after the other. */
typedef struct talome_websocket {
  uint32_t struct_size, flags;
  int32_t tier;
  uint32_t n_places;
  const char *id, *summary, *permission;
  const char *input_schema;                /* of path and query */
  const talome_place *const *places;
  const char *protocols;                   /* "chat.v2,chat.v1": what is offered, the best first; NULL: none */
  uint64_t max_message;                    /* bytes from the client; 0 means 1 MiB */
  uint64_t max_queued;                     /* bytes that wait for the client; 0 means 1 MiB */
  /* [worker], after a first message [strand]. The client is who it should be. A negative status refuses it: before the handshake as an HTTP error, after a
   * first message by closing with 1008. `first` is that message, else empty. send() works from here on. */
  talome_status (*open)(void *user, talome_call *, talome_bytes input, talome_bytes first, uint64_t number) TALOME_NOEXCEPT;
  void (*message)(void *user, uint64_t number, int32_t kind, talome_bytes) TALOME_NOEXCEPT;                      /* [strand] */
  void (*room)(void *user, uint64_t number) TALOME_NOEXCEPT;                                                     /* [strand] or NULL */
  /* [strand] Once for each successful open(), at the latest before stop(). `code` as the client said it (RFC 6455, 7.4), 1005 or 1006 without one. */
  void (*closed)(void *user, uint64_t number, int32_t how, int32_t code, talome_str reason) TALOME_NOEXCEPT;
  void *user;
} talome_websocket;

typedef struct talome_http {
  uint32_t struct_size, reserved;
  talome_status (*route)(talome_self *, const talome_raw_route *) TALOME_NOEXCEPT;   /* [lifecycle] in create() only */
  /* The following on the handler's thread, while it runs. */
  talome_status (*header)(talome_exchange *, talome_str name, talome_sink, void *to) TALOME_NOEXCEPT;   /* of the request; nothing if absent */
  /* The next bytes of the body: their number, 0 at its end, or a status (TOO_LARGE, TIMEOUT, CANCELLED). */
  int64_t (*read)(talome_exchange *, void *to, size_t n) TALOME_NOEXCEPT;
  /* The head of the answer. `length` below 0: not known, sent in chunks. */
  talome_status (*begin)(talome_exchange *, int32_t status, const talome_pair *headers, uint32_t n, int64_t length) TALOME_NOEXCEPT;
  talome_status (*write)(talome_exchange *, talome_bytes) TALOME_NOEXCEPT;            /* CANCELLED: the client has left */
  /* Instead of begin(): answers with the file, 200, 206, 304, 412 or 416. */
  talome_status (*file)(talome_exchange *, const talome_file *) TALOME_NOEXCEPT;
  /* Instead of begin(): the answer begins, and goes on when the handler has returned. */
  talome_status (*stream)(talome_self *, talome_exchange *, const talome_stream *, uint64_t *number) TALOME_NOEXCEPT;

  /* [lifecycle] in create() only */
  talome_status (*listener)(talome_self *, const talome_listener *) TALOME_NOEXCEPT;
  talome_status (*upload)(talome_self *, const talome_upload_route *) TALOME_NOEXCEPT;
  talome_status (*event_stream)(talome_self *, const talome_event_stream *) TALOME_NOEXCEPT;
  talome_status (*websocket)(talome_self *, const talome_websocket *) TALOME_NOEXCEPT;

  /* [worker] in done() only: gives a file its name, without following anything out of the directory. CONFLICT: the name is
   * taken. It is on disk when this returns. */
  talome_status (*link)(const talome_upload *, uint32_t file, int32_t directory, talome_str name, uint32_t flags) TALOME_NOEXCEPT;

  /* [any] To a stream or a WebSocket by its number. LIMITED: too much waits for the client already, this was not sent.
   * GONE: it is closed. */
  talome_status (*stream_write)(talome_self *, uint64_t number, talome_bytes) TALOME_NOEXCEPT;
  /* One server-sent event; `event` and `id` may be empty. */
  talome_status (*stream_event)(talome_self *, uint64_t number, talome_str event, talome_str id, talome_str data) TALOME_NOEXCEPT;
  void (*stream_close)(talome_self *, uint64_t number) TALOME_NOEXCEPT;
  talome_status (*ws_send)(talome_self *, uint64_t number, int32_t kind, talome_bytes) TALOME_NOEXCEPT;
  void (*ws_close)(talome_self *, uint64_t number, int32_t code, talome_str reason) TALOME_NOEXCEPT;
  /* Nothing is read from the client while paused: for a plugin that cannot keep up with it. */
  void (*ws_pause)(talome_self *, uint64_t number, int32_t paused) TALOME_NOEXCEPT;
  /* Bytes that wait for the client; negative: GONE. Of a stream, too. */
  int64_t (*queued)(talome_self *, uint64_t number) TALOME_NOEXCEPT;
} talome_http;

#ifdef __cplusplus
}
#endif
#endif
