/* The plugin's own SQLite file. Statements are compiled once and kept by the host, so that nothing is held across calls. */
#ifndef TALOME_DATABASE_H
#define TALOME_DATABASE_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_DATABASE "talome.database/0"

enum { TALOME_NULL = 0, TALOME_INTEGER = 1, TALOME_REAL = 2, TALOME_TEXT = 3, TALOME_BLOB = 4 };

typedef struct talome_value {          /* frozen */
  int32_t type, reserved;
  union { int64_t integer; double real; talome_str text; } as;   /* text also holds a blob */
} talome_value;

typedef struct talome_transaction talome_transaction;

/* One row; nonzero ends the reading early. The values are valid until it returns. */
typedef int32_t (*talome_row)(void *to, const talome_value *columns, uint32_t n) TALOME_NOEXCEPT;
typedef talome_status (*talome_transaction_body)(void *user, talome_transaction *) TALOME_NOEXCEPT;

enum { TALOME_MIGRATION_EXCLUSIVE = 1u };   /* the old code cannot run on the new schema */

typedef struct talome_database {
  uint32_t struct_size, reserved;
  /* [lifecycle] in create() only. Versions count from 1 without a gap; each runs once, in a transaction, before start(). */
  talome_status (*migration)(talome_self *, uint32_t version, uint32_t flags, const char *sql) TALOME_NOEXCEPT;
  /* [worker, strand, lifecycle] from start() to stop(). One statement with `?` placeholders; NULL transaction: on its own.
   * `row` may be NULL. `changed` (may be NULL) gets the number of rows that the statement changed. */
  talome_status (*execute)(talome_self *, talome_transaction *, talome_str sql, const talome_value *values, uint32_t n,
                           talome_row row, void *to, int64_t *changed) TALOME_NOEXCEPT;
  /* [worker, strand, lifecycle] Commits if body returns 0 or more, else rolls back and returns what body returned.
   * When it has returned 0 or more, the change survives kill -9. One at a time for a plugin; not nested. */
  talome_status (*transaction)(talome_self *, talome_transaction_body, void *user) TALOME_NOEXCEPT;
} talome_database;

#ifdef __cplusplus
}
#endif
#endif
