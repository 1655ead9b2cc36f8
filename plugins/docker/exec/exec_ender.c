/* Ends a command that was begun in a container: the program of an image of its own, which is run in the PID namespace of
 * that container, so that it needs nothing of the container's image. Usage: /end NAME=VALUE [PID]. Every process whose
 * environment began with that variable, the one that came from outside with that PID (it may have changed its
 * environment), and what descends from them, is killed, round after round until none is left.
 * Exit status: 0 none is left, 1 some are, 2 it cannot see or kill them.
 *
 * Freestanding: no C library, so that the image is a few kilobytes. */
#include <stddef.h>
#include <stdint.h>

enum { kMost = 16384, kRounds = 300 };

#if defined(__x86_64__)
enum { kRead = 0, kClose = 3, kNanosleep = 35, kGetpid = 39, kKill = 62, kGetdents64 = 217, kOpenat = 257, kExit = 231 };
static long syscall4(long number, long a, long b, long c, long d) {
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
}
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call begin\n");
#elif defined(__aarch64__)
enum { kOpenat = 56, kClose = 57, kGetdents64 = 61, kRead = 63, kExit = 94, kNanosleep = 101, kKill = 129, kGetpid = 172 };
static long syscall4(long number, long a, long b, long c, long d) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
__asm__(".globl _start\n_start:\n mov x29,#0\n mov x0,sp\n bl begin\n");
#else
#error "say how a system call is made here"
#endif

struct process {
    int pid, parent, marked;
};

static struct process processes[kMost];
static char buffer[65536], names[32768];

static int number(const char *text) { /* -1: it is none */
    int value = 0;
    if (!*text) return -1;
    for (; *text; ++text) {
        if (*text < '0' || *text > '9' || value > 100000000) return -1;
        value = value * 10 + (*text - '0');
    }
    return value;
}

static long openFile(int pid, const char *name) {
    char path[64] = "/proc/", digits[12];
    size_t at = 6, n = 0;
    for (int rest = pid; rest; rest /= 10) digits[n++] = (char)('0' + rest % 10);
    while (n) path[at++] = digits[--n];
    path[at++] = '/';
    while (*name) path[at++] = *name++;
    path[at] = 0;
    return syscall4(kOpenat, -100, (long)path, 0, 0);
}

/* Whether one of the texts of /proc/PID/environ is `wanted`. */
static int isMarked(int pid, const char *wanted) {
    const long file = openFile(pid, "environ");
    size_t same = 0;
    int fits = 1, found = 0;
    long got;
    if (file < 0) return 0;
    while (!found && (got = syscall4(kRead, file, (long)buffer, sizeof buffer, 0)) > 0) {
        for (long i = 0; i < got; ++i) {
            if (buffer[i] == 0) {
                if (fits && wanted[same] == 0) found = 1;
                same = 0;
                fits = 1;
            } else if (fits && wanted[same] == buffer[i]) {
                ++same;
            } else {
                fits = 0;
            }
        }
    }
    syscall4(kClose, file, 0, 0, 0);
    return found;
}

/* The parent of a process that lives; -1 for one that is gone or waits to be reaped. "PID (name) S PARENT …" */
static int parentOf(int pid) {
    const long file = openFile(pid, "stat");
    long got, at;
    int parent = 0;
    if (file < 0) return -1;
    got = syscall4(kRead, file, (long)buffer, sizeof buffer, 0);
    syscall4(kClose, file, 0, 0, 0);
    for (at = got - 1; at > 0 && buffer[at] != ')'; --at) {}
    if (at <= 0 || at + 4 >= got || buffer[at + 2] == 'Z' || buffer[at + 2] == 'X') return -1;
    for (at += 4; at < got && buffer[at] >= '0' && buffer[at] <= '9'; ++at) parent = parent * 10 + (buffer[at] - '0');
    return parent;
}

/* How many were killed; negative if /proc cannot be read, or one may not be killed. */
static int round(const char *wanted, int first, int self) {
    const long directory = syscall4(kOpenat, -100, (long)"/proc", 0, 0);
    int n = 0, killed = 0, news = 1;
    long got;
    if (directory < 0) return -1;
    while ((got = syscall4(kGetdents64, directory, (long)names, sizeof names, 0)) > 0) {
        for (long at = 0; at < got;) {
            const char *entry = names + at; /* inode 8, offset 8, length 2, type 1, name */
            const int pid = number(entry + 19);
            at += *(const uint16_t *)(entry + 16);
            if (pid <= 1 || pid == self || n == kMost) continue;
            const int parent = parentOf(pid);
            if (parent < 0) continue;
            processes[n].pid = pid;
            processes[n].parent = parent;
            processes[n].marked = (pid == first && parent == 0) || isMarked(pid, wanted);
            ++n;
        }
    }
    syscall4(kClose, directory, 0, 0, 0);
    while (news) {
        news = 0;
        for (int i = 0; i < n; ++i) {
            for (int j = 0; !processes[i].marked && j < n; ++j) {
                if (processes[j].marked && processes[j].pid == processes[i].parent) news = processes[i].marked = 1;
            }
        }
    }
    for (int i = 0; i < n; ++i) {
        if (!processes[i].marked) continue;
        if (syscall4(kKill, processes[i].pid, 9, 0, 0) == -1 /* EPERM */) return -1;
        ++killed;
    }
    return killed;
}

__attribute__((used)) void begin(const long *stack) {
    const long arguments = stack[0];
    const char *wanted = (const char *)stack[2];
    const long pause[2] = {0, 10 * 1000 * 1000};
    const int first = arguments == 3 ? number((const char *)stack[3]) : -1;
    int left = arguments == 2 || arguments == 3 ? 1 : -1;
    for (int i = 0; i < kRounds && left > 0; ++i) {
        left = round(wanted, first, (int)syscall4(kGetpid, 0, 0, 0, 0));
        if (left > 0) syscall4(kNanosleep, (long)pause, 0, 0, 0);
    }
    syscall4(kExit, left < 0 ? 2 : left > 0, 0, 0, 0);
}
