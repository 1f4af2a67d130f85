// The bad-pointer sweep: every number it is given, every argument position, every kind of bad pointer. Run by tests/sweep.rs.
//
// What must hold is said without a native run: the runtime's own memory (arena, image, libraries, stacks) answers exactly as
// memory that is not mapped at all or refuses (EFAULT, ENOMEM), and whatever a call does to its caller, the sandbox lives on.
//
// usage: sweep ARENA_START ARENA_END IMAGE NUMBER[:x|:s]...
//     x: the caller may die of it, or sleep with signals blocked; s: the answers depend on the calls before
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { VALUES = 27, BASES = 4, POSITIONS = 6, COMBINATIONS = BASES * POSITIONS * VALUES };
// The runtime's addresses come first; as many guest addresses follow that are alike in the lower half, with nothing there.
enum { RUNTIME = 8, LIKE_RUNTIME = RUNTIME };
static const char *value_names[VALUES] = {
    "arena", "kernel-stacks", "arena-end", "image", "vdso", "host-stack", "host-libraries", "guest-edge",
    "like-arena", "like-kernel-stacks", "like-arena-end", "like-image", "like-vdso", "like-host-stack", "like-host-libraries", "page-end",
    "NULL", "1", "kernel", "non-canonical", "-1", "read-only", "none", "last-user-page", "bit31", "bit30", "bit63"};
// Guest addresses with nothing there.
#define NOWHERE 0x312300000000ul
#define LOWER 0xfffffffful
static unsigned long values[VALUES];
static long bases[BASES][POSITIONS];

// What the parent sees of the child's progress and results.
static struct shared {
    volatile int next;
    long result[COMBINATIONS];
} *shared;

static void tick(int sig) { (void)sig; }

// Undoes what the call before may have done to signals, timers and files.
static void repair(void) {
    struct sigaction act = {.sa_handler = tick};
    sigset_t none;
    sigemptyset(&none);
    sigaction(SIGALRM, &act, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    struct itimerval soon = {{0, 5000}, {0, 5000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    syscall(SYS_close_range, 4, ~0u, 0);
    umask(022);
}

static void files(void) {
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    if (fd >= 0 && fd != 3) {
        dup2(fd, 3);
        close(fd);
    }
    ftruncate(3, 100);
    lseek(3, 0, SEEK_SET);
}

static void child(long nr, int from) {
    setpgid(0, 0);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    pid_t me = getpid();
    for (int n = from; n < COMBINATIONS; n++) {
        int base = n / (POSITIONS * VALUES), pos = n / VALUES % POSITIONS;
        long a[POSITIONS];
        memcpy(a, bases[base], sizeof a);
        a[pos] = (long)values[n % VALUES];
        repair();
        files();
        shared->next = n + 1;
        long rc = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
        if (getpid() != me || (rc == 0 && syscall(SYS_gettid) != me)) syscall(SYS_exit, 0);
        shared->result[n] = rc == -1 ? -errno : rc;
    }
    _exit(0);
}

// The vDSO's place in `values`: calls may read it as natively, so it is no stranger's address.
enum { VDSO = 4 };

// Runs all combinations of one number; returns how many faults were found.
static int sweep(long nr, int how) {
    int may_die = how == 'x';
    int bad = 0;
    for (int n = 0; n < COMBINATIONS; n++) shared->result[n] = -10000;
    shared->next = 0;
    while (shared->next < COMBINATIONS) {
        int from = shared->next, st = 0, seen = -1, quiet = 0;
        pid_t pid = fork();
        if (pid == 0) child(nr, from);
        for (;;) {
            if (waitpid(pid, &st, WNOHANG) == pid) break;
            if (seen != shared->next) {
                seen = shared->next;
                quiet = 0;
            } else if (++quiet > (may_die ? 40 : 300)) {
                kill(pid, SIGKILL);
            }
            struct timespec t = {0, 300000 + 10000000 * (quiet > 5)};
            nanosleep(&t, NULL);
        }
        // A child that is traced stops for its timer's signal.
        if (WIFSTOPPED(st)) {
            kill(pid, SIGKILL);
            waitpid(pid, &st, 0);
        }
        int ended = WIFEXITED(st) && WEXITSTATUS(st) == 0 && shared->next >= COMBINATIONS;
        if (!ended && !may_die) {
            int n = shared->next - 1;
            printf("%ld: the caller %s in base %d, argument %d, %s\n", nr, WIFSIGNALED(st) ? strsignal(WTERMSIG(st)) : "ended",
                   n / (POSITIONS * VALUES), n / VALUES % POSITIONS, n < 0 ? "?" : value_names[n % VALUES]);
            bad++;
        }
        if (!ended && shared->next == from) {
            printf("%ld: no progress after %d\n", nr, from);
            return bad + 1;
        }
        // One that sleeps or dies each time need not be tried in all ways.
        if (!ended && may_die) shared->next += 2 * VALUES;
    }
    for (int n = 0; n < COMBINATIONS; n += VALUES) {
        for (int v = 0; v < RUNTIME; v++) {
            if (v == VDSO) continue;
            long got = shared->result[n + v], want = shared->result[n + LIKE_RUNTIME + v];
            if (want == got || want == -10000 || got == -10000 || got == -EFAULT || got == -ENOMEM || how) continue;
            printf("%ld: base %d, argument %d, %s: %ld, but %s: %ld\n", nr, n / (POSITIONS * VALUES), n / VALUES % POSITIONS,
                   value_names[v], got, value_names[LIKE_RUNTIME + v], want);
            bad++;
        }
    }
    return bad;
}

static void prepare(char **argv) {
    unsigned long guest_end = strtoul(argv[1], NULL, 0), arena = strtoul(argv[2], NULL, 0);
    unsigned long arena_end = strtoul(argv[3], NULL, 0), image = strtoul(argv[4], NULL, 0);
    int rw = PROT_READ | PROT_WRITE, anon = MAP_PRIVATE | MAP_ANONYMOUS;
    char *scratch = mmap(NULL, 16384, rw, anon, -1, 0);
    munmap(scratch + 12288, 4096);
    // The last page before the runtime's, and one like it in the lower half.
    char *edge = mmap((void *)(guest_end - 4096), 4096, rw, anon | MAP_FIXED, -1, 0);
    char *page = mmap((void *)((NOWHERE + (1ul << 32)) | ((guest_end - 4096) & LOWER)), 4096, rw, anon | MAP_FIXED, -1, 0);
    char *ro = mmap(NULL, 4096, PROT_READ, anon, -1, 0), *none = mmap(NULL, 4096, PROT_NONE, anon, -1, 0);
    if (edge == MAP_FAILED || page == MAP_FAILED) exit(90);
    unsigned long v[VALUES] = {
        arena, guest_end, arena_end - 64, image, getauxval(AT_SYSINFO_EHDR), 0x7fffffff0000ul, 0x7f0000000000ul,
        (unsigned long)edge + 4092, 0, 0, 0, 0, 0, 0, 0, (unsigned long)page + 4092, 0, 1, 0xffff800000000000ul, 0x8000000000000ul,
        -1ul, (unsigned long)ro, (unsigned long)none, 0x7fffffffe000ul, 1ul << 31, 1ul << 30, 1ul << 63};
    for (int i = 0; i < RUNTIME - 1; i++) v[LIKE_RUNTIME + i] = NOWHERE | (v[i] & LOWER);
    memcpy(values, v, sizeof v);
    long s = (long)scratch;
    strcpy(scratch + 8192, "f");
    long b[BASES][POSITIONS] = {{0}, {3, s, 8, s + 1024, 0, 0}, {AT_FDCWD, s + 8192, 0, s, 8, 0}, {s + 8192, s, 8, 0, s + 2048, 8}};
    memcpy(bases, b, sizeof b);
    shared = mmap(NULL, sizeof *shared, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

int main(int argc, char **argv) {
    int bad = 0;
    signal(SIGHUP, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 6) return 91;
    prepare(argv);
    for (int i = 5; i < argc; i++) bad += sweep(atol(argv[i]), strchr(argv[i], ':') ? strchr(argv[i], ':')[1] : 0);
    // Still a kernel: processes, files, memory.
    if (system("true") != 0 || system("echo x > g && rm g") != 0) {
        printf("the sandbox is not whole any more\n");
        bad++;
    }
    printf("%d numbers, %d faults\n", argc - 5, bad);
    return bad != 0;
}
