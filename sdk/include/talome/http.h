/* Raw routes: for handlers that need the wire itself. Identity, permission, tier, input check and audit are those of an
 * operation; only the body and the answer are the handler's. */
#ifndef TALOME_HTTP_H
#define TALOME_HTTP_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_HTTP "talome.http/0"

/* Valid until the handler returns. */
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
} talome_raw_route;

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
} talome_http;

#ifdef __cplusplus
}
#endif
#endif
