/* Background work: on an interval, or when woken. A task never overlaps itself. */
#ifndef TALOME_TASKS_H
#define TALOME_TASKS_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_TASKS "talome.tasks/0"

/* [worker] The call's principal is "plugin:ID"; ask `cancelled` of talome.operations in long work. */
typedef talome_status (*talome_task_run)(void *user, talome_call *) TALOME_NOEXCEPT;

typedef struct talome_task {
  uint32_t struct_size, flags;
  const char *id;                      /* "docker.sample": begins with the plugin's id */
  const char *summary;
  int64_t period_ms;                   /* from the end of one run to the start of the next, 100 at least; 0: only when woken */
  talome_task_run run;
  void *user;
} talome_task;

typedef struct talome_tasks {
  uint32_t struct_size, reserved;
  talome_status (*declare)(talome_self *, const talome_task *) TALOME_NOEXCEPT;                 /* [lifecycle] in create() only */
  /* [any] Runs it once after delay_ms, 0 at once. If it waits already, the earlier time counts; if it runs now,
   * it runs once more. Ignored unless the plugin is active. */
  talome_status (*wake)(talome_self *, talome_str task, int64_t delay_ms) TALOME_NOEXCEPT;
} talome_tasks;

#ifdef __cplusplus
}
#endif
#endif
