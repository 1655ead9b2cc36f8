/* HTTP requests to other systems, over TCP, TLS or a unix socket, under one policy: where they may go, how long they
 * take, how much comes back. A remote system that is down is UNAVAILABLE, one that is late TIMEOUT, one that answers
 * nonsense or too much BAD_UPSTREAM, an address that may not be asked DENIED. */
#ifndef TALOME_FETCH_H
#define TALOME_FETCH_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_FETCH "talome.fetch/0"

/* Where a request may go besides the public internet; to be added. Link-local addresses, a cloud's metadata, multicast
 * and tunnels (6to4, NAT64, Teredo, mapped IPv4) are refused always. A redirect never leads further inwards than the
 * address that sent it. */
enum {
  TALOME_FETCH_PUBLIC = 0u,         /* global unicast addresses only */
  TALOME_FETCH_LAN = 1u,            /* RFC 1918, RFC 6598 and unique local addresses: for URLs that the owner configured */
  TALOME_FETCH_LOOPBACK = 2u        /* this machine */
};
enum {                              /* flags */
  TALOME_FETCH_NO_REDIRECTS = 1u,   /* a 3xx is the answer */
  TALOME_FETCH_AS_SENT = 2u         /* gzip and deflate are neither asked for nor decoded */
};
#define TALOME_FETCH_NO_LIMIT 0xffffffffu /* of total_ms and idle_ms, in open() only */

/* [worker] The next bytes of the body, at most n: how many; 0 at the end; a negative status gives up. */
typedef int64_t (*talome_fetch_pull)(void *user, void *to, size_t n) TALOME_NOEXCEPT;

typedef struct talome_fetch_request {
  uint32_t struct_size, flags;
  uint32_t reach;                   /* TALOME_FETCH_LAN, TALOME_FETCH_LOOPBACK or both; 0: public */
  uint32_t n_headers;
  const char *method;               /* NULL: GET */
  const char *url;                  /* http:// or https://, RFC 3986 without user and password; names beyond ASCII as xn-- */
  const talome_pair *headers;       /* Host, Connection, lengths, encodings and the like are the host's own business */
  talome_bytes body;
  talome_fetch_pull pull;           /* instead of `body`; fetch() only. Such a request cannot be redirected with its body */
  void *pull_user;
  int64_t pull_size;                /* what it will give in all; -1: not known, sent in chunks */
  const char *unix_socket;          /* an absolute path: the request goes there, whatever the URL's host is. NULL: TCP */
  uint32_t connect_ms;              /* name, connection and TLS. 0: 10 s; at most 60 s */
  uint32_t total_ms;                /* from call to end. 0: 60 s in fetch() and upgrade(), no limit in open(); at most 24 h */
  uint32_t idle_ms;                 /* without a byte either way; also for the head to be complete. 0: 30 s, in open() 5 min; at most 1 h */
  uint32_t max_redirects;           /* 0: 5; at most 20 */
  uint64_t max_body;                /* decoded bytes. 0: 16 MiB; TALOME_UNLIMITED in open() only */
  const char *ca_file;              /* PEM, believed besides nothing else; NULL: what the machine believes */
  const char *cert_file, *key_file; /* PEM, to show to the server; both or none */
  const char *pin;                  /* SHA-256 of the server's own certificate, 64 hexadecimal digits, colons allowed:
                                     * for a self-signed one. It is then believed, and nothing else */
  const char *protocol;             /* of upgrade(): "tcp", "websocket", … */
} talome_fetch_request;

/* The head of the answer that counts: what redirects said is not shown. Text is valid until the callback returns. */
typedef struct talome_fetch_answer {
  uint32_t struct_size;
  int32_t status;
  const talome_pair *headers;       /* as they came; without Content-Encoding and Content-Length if the body was decoded */
  uint32_t n_headers, reserved;
  talome_str url;                   /* where redirects have led */
} talome_fetch_answer;

/* [worker] On the thread that called fetch(). 0: go on; 1: that was enough; a negative status fails with it. */
typedef struct talome_fetch_sink {
  uint32_t struct_size, reserved;
  int32_t (*head)(void *user, const talome_fetch_answer *) TALOME_NOEXCEPT;   /* once, before the body; NULL: not wanted */
  int32_t (*body)(void *user, talome_bytes piece) TALOME_NOEXCEPT;            /* NULL: dropped */
  void *user;
} talome_fetch_sink;

/* [strand] After close(), and from quiesce() on, none of them is called. */
typedef struct talome_fetch_stream {
  uint32_t struct_size, reserved;
  void (*head)(void *user, uint64_t number, const talome_fetch_answer *) TALOME_NOEXCEPT;
  void (*body)(void *user, uint64_t number, talome_bytes piece) TALOME_NOEXCEPT;
  /* Once, and the last: TALOME_OK at the regular end, else why. */
  void (*ended)(void *user, uint64_t number, talome_status, talome_str words) TALOME_NOEXCEPT;
  void *user;
} talome_fetch_stream;

typedef struct talome_fetch {
  uint32_t struct_size, reserved;
  /* [worker] from start() to stop(). Returns when the answer has come; ends with the call's deadline, and within a second
   * when the call is cancelled. `call` NULL: the plugin's own work. */
  talome_status (*fetch)(talome_self *, talome_call *, const talome_fetch_request *, const talome_fetch_sink *) TALOME_NOEXCEPT;
  /* [any] from start() to quiesce(). Returns at once; costs no thread while it lasts. A plugin that does not keep up
   * makes the other side wait, it loses nothing. */
  talome_status (*open)(talome_self *, const talome_fetch_request *, const talome_fetch_stream *, uint64_t *number) TALOME_NOEXCEPT;
  talome_status (*pause)(talome_self *, uint64_t number, int32_t on) TALOME_NOEXCEPT; /* [any] no head and no body until pause(0) */
  void (*close)(talome_self *, uint64_t number) TALOME_NOEXCEPT;                      /* [any] unknown numbers are ignored */
  /* [worker] As fetch(), for a protocol that begins as HTTP. After `101` *fd is a non-blocking stream socket, the plugin's
   * own; over TLS the host sits in between. Any other answer goes to the sink, and *fd is -1. */
  talome_status (*upgrade)(talome_self *, talome_call *, const talome_fetch_request *, const talome_fetch_sink *, int32_t *fd) TALOME_NOEXCEPT;
} talome_fetch;

#ifdef __cplusplus
}
#endif
#endif
