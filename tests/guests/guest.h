// What every guest program may use: one-line reports through write(2), with names instead of numbers.
//
// Nothing here buffers, so a fork never prints a line twice and a killed process loses none.
// The only thing done before main() is to switch core files off, so that "killed" looks the same everywhere.
#ifndef GUEST_H
#define GUEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

__attribute__((constructor)) static void guest_no_core_files(void) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
}

// Prints one line with one write, so lines of several processes never mix.
__attribute__((format(printf, 1, 2))) static inline void say(const char *fmt, ...) {
    char line[1024];
    int saved = errno;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line - 1, fmt, ap);
    va_end(ap);
    if (n > (int)sizeof line - 2) n = sizeof line - 2;
    line[n++] = '\n';
    if (write(1, line, n) != n) _exit(99);
    errno = saved;
}

// The name of an errno, "0" for none.
static inline const char *errname(int e) {
    const char *name = strerrorname_np(e);
    return name ? name : "E???";
}

// Prints a call's result: "open -> 3" or "open -> -1 ENOENT".
static inline void show(const char *what, long rc) {
    if (rc == -1)
        say("%s -> -1 %s", what, errname(errno));
    else
        say("%s -> %ld", what, rc);
}

// The same where the value itself may differ between runs (ids, descriptors): "fork -> ok".
static inline void show_ok(const char *what, long rc) {
    if (rc == -1)
        say("%s -> -1 %s", what, errname(errno));
    else
        say("%s -> ok", what);
}

// Prints the result of a function that returns its error (pthread_*, posix_*).
static inline void show_err(const char *what, int err) { say("%s -> %s", what, err ? errname(err) : "0"); }

// Prints a condition and how it came out.
static inline void yes(const char *what, int cond) { say("%s: %s", what, cond ? "yes" : "NO"); }
#define CHECK(cond) yes(#cond, !!(cond))

// Ends the program if a step that is not the subject fails.
#define MUST(cond)                                                                     \
    do {                                                                               \
        if (!(cond)) {                                                                 \
            say("line %d: %s failed: %s", __LINE__, #cond, errname(errno));            \
            _exit(98);                                                                 \
        }                                                                              \
    } while (0)

// "TERM" for SIGTERM, "RT+2" for real-time signals.
static inline const char *signame(int sig) {
    static __thread char buf[16];
    const char *name = sigabbrev_np(sig);
    if (name) return name;
    snprintf(buf, sizeof buf, sig >= SIGRTMIN ? "RT+%d" : "sig%d", sig >= SIGRTMIN ? sig - SIGRTMIN : sig);
    return buf;
}

// Prints a wait status in words.
static inline void show_status(const char *what, int st) {
    if (WIFEXITED(st))
        say("%s: exited %d", what, WEXITSTATUS(st));
    else if (WIFSIGNALED(st))
        say("%s: killed by %s", what, signame(WTERMSIG(st)));
    else if (WIFSTOPPED(st))
        say("%s: stopped by %s", what, signame(WSTOPSIG(st)));
    else if (WIFCONTINUED(st))
        say("%s: continued", what);
    else
        say("%s: odd status %#x", what, st);
}

// Waits for one child and prints how it ended.
static inline int reap(const char *what, pid_t pid) {
    int st = 0;
    pid_t r;
    do r = waitpid(pid, &st, 0);
    while (r == -1 && errno == EINTR);
    if (r != pid)
        say("%s: waitpid -> %s", what, r == -1 ? errname(errno) : "another pid");
    else
        show_status(what, st);
    return st;
}

// A gate between processes or threads: gate_wait returns once gate_open was called (0 if all openers are gone).
typedef struct {
    int fd[2];
} gate_t;
static inline void gate_init(gate_t *g) { MUST(pipe(g->fd) == 0); }
static inline void gate_open(gate_t *g) { MUST(write(g->fd[1], "x", 1) == 1); }
static inline int gate_wait(gate_t *g) {
    char c;
    ssize_t n;
    do n = read(g->fd[0], &c, 1);
    while (n == -1 && errno == EINTR);
    return n == 1;
}

static inline void sleep_ms(int ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&t, &t) == -1 && errno == EINTR) {}
}

static inline long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

// The state letter of a task in /proc (path is a pid or "pid/task/tid"), '?' if it is gone.
static inline char proc_state(const char *path) {
    char name[96], buf[512], *p;
    snprintf(name, sizeof name, "/proc/%s/stat", path);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return '?';
    ssize_t n = read(fd, buf, sizeof buf - 1);
    close(fd);
    if (n <= 0) return '?';
    buf[n] = 0;
    p = strrchr(buf, ')');
    return p && p[1] == ' ' ? p[2] : '?';
}

// Gives another task time to fall asleep in a call; only makes a test sharper, never decides its outcome.
static inline void settle_task(pid_t pid, pid_t tid) {
    char path[64];
    snprintf(path, sizeof path, "%d/task/%d", pid, tid);
    for (int i = 0; i < 100 && proc_state(path) != 'S'; i++) sleep_ms(1);
}
static inline void settle(pid_t pid) { settle_task(pid, pid); }

// Creates (or truncates) a file with the given text.
static inline void put_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    MUST(fd >= 0);
    MUST(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

// Prints a file's text with its length (first 200 bytes; control bytes as dots).
static inline void show_file(const char *path) {
    char buf[201];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        say("%s: %s", path, errname(errno));
        return;
    }
    struct stat st;
    fstat(fd, &st);
    ssize_t n = read(fd, buf, 200);
    close(fd);
    buf[n < 0 ? 0 : n] = 0;
    for (char *p = buf; p < buf + n; p++)
        if ((unsigned char)*p < 32) *p = '.';
    say("%s: %lld bytes \"%s\"", path, (long long)st.st_size, buf);
}

#endif
