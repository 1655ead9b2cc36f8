/* What a confined program finds: does one thing for each of its arguments' first word, and says how it went. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int is(const char *word, const char *what) { return strcmp(word, what) == 0; }

static void say(const char *what, long result) {
  printf("%s %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
  fflush(stdout);
}

/* Each as hexadecimal, so that nothing is lost on the way back. */
static void arguments(int argc, char **argv) {
  for (int i = 0; i < argc; ++i) {
    for (const unsigned char *p = (const unsigned char *)argv[i]; *p; ++p) printf("%02x", *p);
    printf("\n");
  }
}

static void descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  for (struct dirent *each; folder && (each = readdir(folder));)
    if (each->d_name[0] != '.' && atoi(each->d_name) != dirfd(folder)) printf("%s\n", each->d_name);
}

static void signals(void) {
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  for (int i = 1; i < 32; ++i) {
    struct sigaction action;
    if (sigismember(&mask, i)) printf("blocked %d\n", i);
    if (i != SIGKILL && i != SIGSTOP && sigaction(i, NULL, &action) == 0 && action.sa_handler != SIG_DFL) printf("handled %d\n", i);
  }
}

static void status(void) {
  char line[256];
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (!strncmp(line, "NoNewPrivs", 10) || !strncmp(line, "Seccomp:", 8) || !strncmp(line, "CapAmb", 6)) fputs(line, stdout);
  printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
  printf("session %d\n", getsid(0) == getpid());
}

static void network(void) {
  say("inet", socket(AF_INET, SOCK_STREAM, 0));
  say("inet6", socket(AF_INET6, SOCK_DGRAM, 0));
  say("unix", socket(AF_UNIX, SOCK_STREAM, 0));
  say("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
  say("uring", syscall(SYS_io_uring_setup, 1, NULL));
  int pair[2];
  say("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static void connectTo(int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("connect", fd < 0 ? -1 : connect(fd, (struct sockaddr *)&to, sizeof to));
}

static void change(const char *folder) {
  char path[4096], other[4096], made[4096];
  snprintf(path, sizeof path, "%s/file", folder);
  snprintf(other, sizeof other, "%s/other", folder);
  snprintf(made, sizeof made, "%s/made", folder);
  say("write", open(path, O_WRONLY));
  say("create", open(made, O_WRONLY | O_CREAT, 0600));
  say("empty", open(path, O_RDONLY | O_TRUNC));
  say("truncate", truncate(path, 0));
  say("link", link(path, other));
  say("symlink", symlink(path, made));
  say("mkdir", mkdir(made, 0700));
  say("rename", rename(path, other));
  say("unlink", unlink(path));
  say("chmod", chmod(folder, 0777));
  say("chmod2", syscall(452, AT_FDCWD, folder, 0777, 0)); /* fchmodat2 */
  say("utime", utimensat(AT_FDCWD, folder, NULL, 0));
  say("null", open("/dev/null", O_WRONLY));
}

static void forbidden(int host) {
  say("mount", mount("none", "/mnt", "tmpfs", 0, NULL));
  say("ptrace", ptrace(PTRACE_ATTACH, host, NULL, NULL));
  say("unshare", unshare(CLONE_NEWUSER));
  say("clone", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0));
  say("kill-all", kill(-1, 0));
  say("kill-parent", kill(getppid(), SIGKILL));
  say("kill-host", kill(host, SIGKILL));
  struct rlimit limit = {10, 10};
  say("limit-host", prlimit(host, RLIMIT_NOFILE, &limit, NULL));
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", host);
  say("mem", open(path, O_RDWR));
  say("keyctl", syscall(SYS_keyctl, 0, 0, 0, 0, 0));
}

static void *thread(void *nothing) { return nothing; }

/* Says how many processes it could start that live at the same time. */
static void forks(int most) {
  pthread_t one;
  const int threads = pthread_create(&one, NULL, thread, NULL);
  int n = 0;
  for (; n < most; ++n) {
    const pid_t pid = fork();
    if (pid < 0) break;
    if (pid == 0) {
      pause();
      _exit(0);
    }
  }
  printf("%d %s thread %d\n", n, n < most ? strerrorname_np(errno) : "ok", threads);
}

static void flood(void) {
  char block[4096];
  memset(block, 'x', sizeof block);
  for (int i = 0; i < 1000; ++i)
    if (write(1 + i % 2, block, sizeof block) < 0) _exit(9);
}

/* Processes in sessions of their own, out of sight of their parents; each writes its number first. */
static void escape(const char *file) {
  const int fd = open(file, O_WRONLY | O_APPEND | O_CREAT, 0600);
  int written[2];
  if (pipe(written) != 0) _exit(2);
  for (int i = 0; i < 3; ++i) {
    if (fork() == 0) {
      setsid();
      if (fork() == 0) {
        setsid();
        for (int each = 1; each < 32; ++each) signal(each, SIG_IGN);
        dprintf(fd, "%d\n", getpid());
        if (write(written[1], "", 1) != 1) _exit(2);
        for (;;) pause();
      }
      _exit(0);
    }
    wait(NULL);
    char byte;
    if (read(written[0], &byte, 1) != 1) _exit(2); /* else it might end before it has written */
  }
  dprintf(fd, "%d\n", getpid());
}

static void bomb(void) {
  for (;;)
    if (fork() < 0 && errno != EAGAIN && errno != ENOSYS) _exit(1);
}

static void allocate(long mib) {
  for (long i = 0; i < mib; ++i) {
    char *block = malloc(1 << 20);
    if (!block) _exit(3);
    memset(block, 1, 1 << 20);
    if (i % 8 == 7) usleep(2000);
  }
}

static void spin(void) {
  for (volatile unsigned long i = 0;; ++i) {}
}

static void echo(void) {
  char block[65536];
  for (ssize_t n; (n = read(0, block, sizeof block)) > 0;)
    for (ssize_t done = 0; done < n;) done += write(1, block + done, (size_t)(n - done));
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  const char *with = argc > 2 ? argv[2] : "";
  if (is(what, "arguments")) arguments(argc - 2, argv + 2);
  else if (is(what, "environment")) for (char **each = environ; *each; ++each) puts(*each);
  else if (is(what, "descriptors")) descriptors();
  else if (is(what, "signals")) signals();
  else if (is(what, "status")) status();
  else if (is(what, "directory")) puts(get_current_dir_name());
  else if (is(what, "network")) network();
  else if (is(what, "connect")) connectTo(atoi(with));
  else if (is(what, "change")) change(with);
  else if (is(what, "forbidden")) forbidden(atoi(with));
  else if (is(what, "forks")) forks(atoi(with));
  else if (is(what, "flood")) flood();
  else if (is(what, "escape")) escape(with);
  else if (is(what, "bomb")) bomb();
  else if (is(what, "allocate")) allocate(atol(with));
  else if (is(what, "spin")) spin();
  else if (is(what, "spin-two")) { fork(); spin(); }
  else if (is(what, "echo")) echo();
  else if (is(what, "write-file")) { char block[65536] = {0}; int fd = open(with, O_WRONLY | O_CREAT, 0600); for (;;) if (write(fd, block, sizeof block) < 0) break; }
  else if (is(what, "yes")) for (;;) { if (write(1, "y\n", 2) < 0) return 1; }
  else if (is(what, "fd")) { char text[64]; ssize_t n = read(atoi(with), text, sizeof text); if (n > 0) fwrite(text, 1, (size_t)n, stdout); }
  else if (is(what, "exit")) return atoi(with);
  else if (is(what, "die")) raise(atoi(with));
  else if (is(what, "sleep")) { if (is(with, "stubborn")) signal(SIGTERM, SIG_IGN); puts("sleeps"); fflush(stdout); for (;;) pause(); }
  else if (is(what, "escape-sleep")) { escape(with); puts("sleeps"); fflush(stdout); for (;;) pause(); }
  else return 64;
  return 0;
}
