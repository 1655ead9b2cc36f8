/* Descriptors watched by the host, so that a connection that is kept open costs no thread. */
#ifndef TALOME_IO_H
#define TALOME_IO_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_IO "talome.io/0"

enum { TALOME_READABLE = 1u, TALOME_WRITABLE = 2u, TALOME_HANGUP = 4u };   /* the last one is told, not asked for */

/* [strand] The descriptor is watched again when it has returned. It must not block: the descriptor is non-blocking. */
typedef void (*talome_ready)(void *user, int32_t fd, uint32_t events) TALOME_NOEXCEPT;

typedef struct talome_io {
  uint32_t struct_size, reserved;
  /* [strand, worker, lifecycle] from start() to stop(). The descriptor stays the plugin's: it closes it after unwatch(). */
  talome_status (*watch)(talome_self *, int32_t fd, uint32_t events, talome_ready, void *user, uint64_t *number) TALOME_NOEXCEPT;
  talome_status (*change)(talome_self *, uint64_t number, uint32_t events) TALOME_NOEXCEPT;   /* as watch */
  /* As watch. When it has returned on the strand, or in quiesce() or later, no callback runs or comes. */
  void (*unwatch)(talome_self *, uint64_t number) TALOME_NOEXCEPT;
} talome_io;

#ifdef __cplusplus
}
#endif
#endif
