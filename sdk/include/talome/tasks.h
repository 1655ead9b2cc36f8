/* Background work. Tasks: on an interval, by the calendar, or when woken; one never overlaps itself. Jobs: long work
 * that somebody begins with an operation, with progress, a result, and an end that a crash does not take away. */
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
  int64_t period_ms;                   /* from the end of one run to the start of the next, 100 at least; 0: not on an interval */
  talome_task_run run;
  void *user;
  const char *cron;                    /* "30 3 * * *", see cron_next; NULL: not by the calendar. Not with a period */
  const char *time_zone;               /* of cron: "Europe/Berlin"; NULL: the server's own */
} talome_task;

enum { TALOME_JOB_RESUMABLE = 1u };    /* flags: begins where its last checkpoint was when it was cut off */

/* One run of a job. [any] below means: until talome_job_function has returned. */
typedef struct talome_job_run talome_job_run;

/* [worker] of the jobs' own threads. The call acts as the user who began the job, with the rights of the moment at each
 * use. `input` is what start_job was given; the result, JSON or nothing, goes to `out`. When `cancelled` of
 * talome.operations says so, or a function of the run answers TALOME_E_CANCELLED, return soon and with that status. */
typedef talome_status (*talome_job_function)(void *user, talome_call *, talome_job_run *, talome_bytes input, talome_sink out, void *to) TALOME_NOEXCEPT;

typedef struct talome_job {
  uint32_t struct_size, flags;
  const char *id;                      /* of the kind: "apps.install", as an operation's */
  const char *summary;
  const char *permission;              /* as an operation's: what its user needs to begin one, to have it run on, and to see it */
  int64_t limit_ms;                    /* of one run, after which it is cancelled and has failed; 0: 24 hours */
  talome_job_function run;
  void *user;
} talome_job;

typedef struct talome_job_progress {
  uint32_t struct_size, reserved;
  double fraction;                     /* 0 to 1; below 0: not known, or done / total if there is a total */
  int64_t done, total;                 /* of `unit`; total 0: not known */
  talome_str unit;                     /* "bytes"; 32 bytes at most, as the next */
  talome_str phase;                    /* "download" */
  talome_str message;                  /* for people; 500 bytes at most. What is longer is cut */
} talome_job_progress;

typedef struct talome_tasks {
  uint32_t struct_size, reserved;
  talome_status (*declare)(talome_self *, const talome_task *) TALOME_NOEXCEPT;                 /* [lifecycle] in create() only */
  /* [any] Runs it once after delay_ms, 0 at once. If it waits already, the earlier time counts; if it runs now,
   * it runs once more. Ignored unless the plugin is active. A delay does not run on while the machine sleeps. */
  talome_status (*wake)(talome_self *, talome_str task, int64_t delay_ms) TALOME_NOEXCEPT;
  /* [any] The same at a time of the clock, in ms since the epoch, however the clock is set until then. */
  talome_status (*wake_at)(talome_self *, talome_str task, int64_t at_ms) TALOME_NOEXCEPT;
  /* [any] The first time after `after_ms` that a cron expression means, both in ms since the epoch. Five fields: minute,
   * hour, day of month, month, day of week, with names, ranges, lists and steps; or @hourly, @daily, @weekly, @monthly,
   * @yearly. If both day fields are restricted, either is enough. A time that a change of the clock skips counts right
   * after the gap, one that comes twice counts once; but where minute or hour begin with *, hours count as they go by.
   * `time_zone` empty: the server's own. INVALID says what is wrong with the expression or the zone. */
  talome_status (*cron_next)(talome_self *, talome_str cron, talome_str time_zone, int64_t after_ms, int64_t *next_ms) TALOME_NOEXCEPT;

  talome_status (*declare_job)(talome_self *, const talome_job *) TALOME_NOEXCEPT;              /* [lifecycle] in create() only */
  /* [worker, strand] Begins a job of a kind of this plugin for the caller of `call`; NULL: the plugin's own. When it
   * returns, the job survives whatever happens, and `id` has been given its id. An operation that is called by REST is
   * then answered 202 with its Location, or waits for the result as long as its caller prefers; its answer should be
   * {"ok":true,"jobId":ID}. `input`: JSON, 1 MiB at most; `title`: for people, 200 bytes at most. LIMITED: too many of
   * this user are not over yet. An Idempotency-Key of the caller gives the same job again for a day. */
  talome_status (*start_job)(talome_self *, talome_call *, talome_str kind, talome_bytes input, talome_str title, talome_sink id, void *to) TALOME_NOEXCEPT;
  talome_str (*job_id)(const talome_job_run *) TALOME_NOEXCEPT;                                 /* [any] */
  /* [any] The last checkpoint of an earlier run that was cut off; empty: it begins. */
  talome_bytes (*job_resumed)(const talome_job_run *) TALOME_NOEXCEPT;
  talome_status (*job_progress)(talome_job_run *, const talome_job_progress *) TALOME_NOEXCEPT; /* [any] */
  /* [any] A line of its log, for its user; level as of host->log. 4 KiB at most; of more than 1,000 the first ones go. */
  talome_status (*job_log)(talome_job_run *, int32_t level, talome_str line) TALOME_NOEXCEPT;
  /* [any] What a later run begins with, JSON, 256 KiB at most; on disk when it returns. CANCELLED: it is kept, but this run is
   * to end now, and a job that is resumable goes on from here later. */
  talome_status (*job_checkpoint)(talome_job_run *, talome_bytes json) TALOME_NOEXCEPT;
} talome_tasks;

#ifdef __cplusplus
}
#endif
#endif
