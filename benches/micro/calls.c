// Rows of one call that has no file to it: what the way into the kernel and back costs, signals, memory.
#include "micro.h"
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <ucontext.h>

static void getpid_run(long n) {
    while (n--) syscall(SYS_getpid);
}

// The bare cost of a call that Syscall User Dispatch turns into a signal, and of the way back from the handler. The handler
// lets calls through again, so that its own return is not dispatched; the loop blocks them once more.
static volatile char dispatch_selector;
static void on_sys(int sig, siginfo_t *info, void *context) {
    (void)sig, (void)info;
    dispatch_selector = SYSCALL_DISPATCH_FILTER_ALLOW;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 1;
}
static void bounce_start(void) {
    struct sigaction act = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
    must(sigaction(SIGSYS, &act, NULL), "sigaction");
    must(prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0L, 0L, &dispatch_selector), "PR_SET_SYSCALL_USER_DISPATCH");
}
static void bounce_run(long n) {
    while (n--) {
        dispatch_selector = SYSCALL_DISPATCH_FILTER_BLOCK;
        syscall(SYS_getpid);
    }
}
static void bounce_stop(void) {
    must(prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0L, 0L, 0L), "PR_SYS_DISPATCH_OFF");
}

static void clock_run(long n) {
    struct timespec t;
    while (n--) clock_gettime(CLOCK_REALTIME, &t);
}

// A signal to this thread, its handler, and the way back.
static volatile sig_atomic_t caught;
static void on_usr1(int sig) {
    caught += sig != 0;
}
static void signal_start(void) {
    struct sigaction act = {.sa_handler = on_usr1};
    must(sigaction(SIGUSR1, &act, NULL), "sigaction");
}
static void signal_run(long n) {
    pid_t pid = getpid(), tid = (pid_t)syscall(SYS_gettid);
    caught = 0;
    for (long i = 0; i < n; i++) must(syscall(SYS_tgkill, pid, tid, SIGUSR1), "tgkill");
    if (caught == 0) die("no signal came");
}

// 64 KiB mapped, written page by page, and unmapped.
static void mmap_run(long n) {
    while (n--) {
        volatile char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) die("mmap");
        for (int i = 0; i < 65536; i += 4096) p[i] = 1;
        must(munmap((void *)p, 65536), "munmap");
    }
}

// First writes to small pages of fresh memory; mapping it is a small part.
static void fault_run(long n) {
    const size_t chunk = 8 << 20;
    while (n > 0) {
        volatile char *p = mmap(NULL, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) die("mmap");
        madvise((void *)p, chunk, MADV_NOHUGEPAGE);
        for (size_t i = 0; i < chunk && n > 0; i += 4096, n--) p[i] = 1;
        must(munmap((void *)p, chunk), "munmap");
    }
}

static int epoll_fd, event_fd;
static void epoll_start(void) {
    struct epoll_event want = {.events = EPOLLIN};
    epoll_fd = (int)must(epoll_create1(0), "epoll_create1");
    event_fd = (int)must(eventfd(1, 0), "eventfd");
    must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &want), "epoll_ctl");
}
static void epoll_run(long n) {
    struct epoll_event got[8];
    while (n--)
        if (epoll_wait(epoll_fd, got, 8, -1) != 1) die("epoll_wait");
}

const struct row call_rows[] = {
    {"getpid", NULL, getpid_run, NULL},
    {"sud_bounce", bounce_start, bounce_run, bounce_stop},
    {"clock_gettime", NULL, clock_run, NULL},
    {"signal_self", signal_start, signal_run, NULL},
    {"mmap_touch", NULL, mmap_run, NULL},
    {"page_fault", NULL, fault_run, NULL},
    {"epoll_ready", epoll_start, epoll_run, NULL},
    {0},
};
