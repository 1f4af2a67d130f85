// Calls that sleep at a site that is used often: interrupted, restarted, continued from where the handler says.
#include "site.h"
#include <poll.h>
#include <pthread.h>
#include <ucontext.h>

SITE(raw);
static volatile int how, hits;
static char *volatile seen;
static int ends[2];

static void handler(int sig, siginfo_t *info, void *context) {
    (void)sig, (void)info;
    ucontext_t *uc = context;
    seen = (char *)uc->uc_mcontext.gregs[REG_RIP];
    hits++;
    if (how == 1) MUST(write(ends[1], "x", 1) == 1);
    if (how == 2) {
        uc->uc_mcontext.gregs[REG_RIP] = (long)raw_behind;
        uc->uc_mcontext.gregs[REG_RAX] = 4711;
    }
    if (how == 3) {
        uc->uc_mcontext.gregs[REG_RIP] = (long)raw_site;
        uc->uc_mcontext.gregs[REG_RAX] = SYS_getpid;
    }
}

static pthread_t target;
static pid_t target_tid;
static char state(void) {
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", target_tid);
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    char *p = strrchr(text, ')');
    return p ? p[2] : '?';
}

static void *disturb(void *arg) {
    (void)arg;
    while (state() != 'S') sched_yield();
    pthread_kill(target, SIGUSR1);
    return NULL;
}

static long disturbed(int flags, int what, long nr, long a, long b, long c) {
    struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigaction(SIGUSR1, &act, NULL);
    how = what;
    hits = 0;
    pthread_t other;
    MUST(pthread_create(&other, NULL, disturb, NULL) == 0);
    long rc = raw(nr, a, b, c);
    pthread_join(other, NULL);
    return rc;
}

int main(void) {
    char byte = 0;
    target = pthread_self();
    target_tid = syscall(SYS_gettid);
    MUST(pipe(ends) == 0);
    yes("warm", warm(raw));
    long rc = disturbed(0, 0, SYS_read, ends[0], (long)&byte, 1);
    say("read, no restart: %ld, behind the call %d, handled %d", rc, seen == raw_behind, hits);
    rc = disturbed(SA_RESTART, 1, SYS_read, ends[0], (long)&byte, 1);
    say("read, restart: %ld, at the call %d, handled %d", rc, seen == raw_site, hits);
    struct pollfd p = {ends[0], POLLIN, 0};
    rc = disturbed(SA_RESTART, 0, SYS_poll, (long)&p, 1, -1);
    say("poll is never restarted: %ld, behind the call %d", rc, seen == raw_behind);
    rc = disturbed(0, 2, SYS_read, ends[0], (long)&byte, 1);
    say("the handler answers: %ld", rc);
    rc = disturbed(0, 3, SYS_read, ends[0], (long)&byte, 1);
    say("the handler makes another call: %d", rc == getpid());
    struct timespec span = {100, 0}, left = {9, 9};
    rc = disturbed(SA_RESTART, 0, SYS_nanosleep, (long)&span, (long)&left, 0);
    say("nanosleep: %ld, some time left %d", rc, left.tv_sec > 50);
    yes("still warm", warm(raw));
}
