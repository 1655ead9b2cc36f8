/* Programs, run by argument vector in a confined child process. No shell is ever between.
 *
 * What every program gets: a new session; default signals; only the descriptors that are named; an environment of PATH
 * (fixed), LANG=C.UTF-8 and HOME, and what `env` adds; no_new_privs, no ambient capabilities; a seccomp filter without
 * namespaces, mounts, tracing, kernel modules, keys and the like (those calls fail with EPERM). It, and everything that
 * it starts, ends with it: when the main program has ended, what it leaves behind is killed, whatever session it moved
 * to. The same happens when the plugin is stopped, and when the server dies, of kill -9 too.
 *
 * It also has what the service manager has laid upon the server. Under the unit of Debian's package no memory can be
 * writable and executable, at once or one after the other, so that programs that compile while they run (Node.js, Java,
 * PCRE's JIT) fail or must be told not to; owners cannot be changed; there are no devices but null, zero, full, random,
 * urandom, tty and ptmx; and nothing outside of the server's own folders can be written unless the owner allows it.
 *
 * An isolation that is asked for and cannot be had here is TALOME_E_UNSUPPORTED, with what is missing. */
#ifndef TALOME_PROCESS_H
#define TALOME_PROCESS_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_PROCESS "talome.process/0"

enum {
  /* No socket can be made, of any family: unix sockets are ways out as well. Inherited ones work. */
  TALOME_PROCESS_NO_NETWORK = 1u,
  /* Nothing can be written but below `writable`, to inherited descriptors and to /dev/null. Owner, mode, times and
   * extended attributes cannot be changed anywhere, and a pipe, socket or terminal is no file. */
  TALOME_PROCESS_READ_ONLY = 2u,
  /* Output beyond output_bytes is dropped and the program goes on; without this it is ended. */
  TALOME_PROCESS_CUT_OUTPUT = 4u,
  /* Reads and writes disks only when nobody else does. */
  TALOME_PROCESS_IDLE_IO = 8u
};

typedef struct talome_process_spec {
  uint32_t struct_size, flags;
  /* argv[0] is a declared program: a name that is looked up in /usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin,
   * or an absolute path. All arguments reach it unchanged; at most 4,096, 128 KiB each, 1 MiB in all. */
  const talome_str *argv;
  const talome_pair *env;              /* added to the environment, or instead of PATH, LANG, HOME */
  const talome_str *writable;          /* absolute paths of files or directories; with READ_ONLY */
  uint32_t n_argv, n_env, n_writable, n_fds;
  const int32_t *fds, *fd_numbers;     /* fds[i] is its descriptor number fd_numbers[i], 0 to 255; 32 at most. It stays the plugin's */
  talome_str directory;                /* absolute; empty: "/" */
  talome_bytes input;                  /* what it reads as standard input, unless fds has a 0; a file, for it can seek */
  uint64_t time_ms;                    /* from start to end; default: of run() 60 s, of spawn() none */
  uint64_t cpu_ms;                     /* of all its processes together; default: none */
  uint64_t memory_bytes;               /* resident, of all together, looked at now and then; twice as much in private memory
                                        * of each is denied by the kernel; default: 1 GiB */
  uint64_t output_bytes;               /* of stdout and of stderr each; default: of run() 1 MiB, of spawn() none */
  uint64_t file_bytes;                 /* size of a file that it writes; default: none */
  uint32_t files;                      /* open ones of each process; default: 1,024 */
  uint32_t processes;                  /* at once, itself included, threads not; default: 64. 1: it can start none */
  uint32_t grace_ms;                   /* between SIGTERM and SIGKILL; default: 2,000; 60,000 at most, but 2,000 when the plugin stops */
  int32_t nice;                        /* 0 to 19 */
  uint64_t queue_bytes;                /* of write() that wait; default: 1 MiB */
} talome_process_spec;

/* What ended it. */
enum {
  TALOME_LIMIT_NONE = 0,               /* itself, or a signal that is not the host's */
  TALOME_LIMIT_TIME = 1,
  TALOME_LIMIT_CPU = 2,
  TALOME_LIMIT_MEMORY = 3,
  TALOME_LIMIT_OUTPUT = 4,
  TALOME_LIMIT_FILE = 5,
  TALOME_LIMIT_ASKED = 6               /* end(), or the plugin was stopped */
};

enum { TALOME_CUT_STDOUT = 1u, TALOME_CUT_STDERR = 2u };

typedef struct talome_process_result {
  uint32_t struct_size;
  int32_t limit;                       /* TALOME_LIMIT_… */
  int32_t exit_code;                   /* -1: a signal ended it */
  int32_t signal;                      /* 0: it exited */
  uint32_t cut, reserved;              /* TALOME_CUT_…: more was written than output_bytes */
  uint64_t time_ms, cpu_ms;            /* the latter of all its processes */
  uint64_t peak_bytes;                 /* resident memory of its largest process */
} talome_process_result;

enum { TALOME_STDOUT = 1, TALOME_STDERR = 2 };

/* Of a program that goes on. Until exited() has come or the plugin quiesces; exited() is the last. */
typedef struct talome_process_events {
  uint32_t struct_size, flags;
  void *user;
  /* [strand] A piece of output. While it runs, and after pause(), nothing is read: a program that writes more waits. */
  void (*output)(void *user, uint64_t number, int32_t stream, talome_bytes piece) TALOME_NOEXCEPT;
  /* [strand] After write() was LIMITED: there is room again. May be NULL. */
  void (*room)(void *user, uint64_t number) TALOME_NOEXCEPT;
  /* [strand] Once, after the last output. */
  void (*exited)(void *user, uint64_t number, const talome_process_result *) TALOME_NOEXCEPT;
} talome_process_events;

typedef struct talome_process {
  uint32_t struct_size, reserved;
  /* [lifecycle] in create() only. As argv[0] will name it: a bare name, or an absolute path. What is not declared cannot be run. */
  talome_status (*declare_program)(talome_self *, const char *program, const char *summary) TALOME_NOEXCEPT;
  /* [worker, lifecycle] from start() to stop(). Runs it to its end, which is success whatever its exit code and limit. Pieces of
   * output go to the sinks as they come, on this thread; without a sink they are dropped. `call` may be NULL; when it is cancelled
   * or past its deadline the program is ended: CANCELLED, TIMEOUT. NOT_FOUND: no such program, directory or writable path;
   * DENIED: not declared, or not executable; LIMITED: the plugin runs as many as it may; UNSUPPORTED: see above. */
  talome_status (*run)(talome_self *, talome_call *call, const talome_process_spec *, talome_sink out, void *to_out, talome_sink err,
                       void *to_err, talome_process_result *) TALOME_NOEXCEPT;
  /* [strand, worker, lifecycle] from start() to quiesce(). Returns when it runs. Its standard input is a pipe unless fds or input give
   * it one. Fails as run() does. The plugin's stop() comes before it is ended. */
  talome_status (*spawn)(talome_self *, const talome_process_spec *, const talome_process_events *, uint64_t *number) TALOME_NOEXCEPT;
  /* [any] All of it is queued, or nothing: LIMITED if the queue holds as much as it may, GONE if the program or its input is closed. */
  talome_status (*write)(talome_self *, uint64_t number, talome_bytes) TALOME_NOEXCEPT;
  talome_status (*close_input)(talome_self *, uint64_t number) TALOME_NOEXCEPT;               /* [any] after what is queued */
  talome_status (*pause)(talome_self *, uint64_t number, int32_t paused) TALOME_NOEXCEPT;     /* [any] output is not read until it is 0 */
  talome_status (*signal)(talome_self *, uint64_t number, int32_t signal) TALOME_NOEXCEPT;    /* [any] to its process group */
  talome_status (*end)(talome_self *, uint64_t number) TALOME_NOEXCEPT;                       /* [any] SIGTERM, then SIGKILL of all; ends a pause */
} talome_process;

#ifdef __cplusplus
}
#endif
#endif
