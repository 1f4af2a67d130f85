// A program that executes itself many times: the loader's and libc's call sites are patched from the start then. Signals, threads and
// children meet them; a program that is traced from its execve on has the text of its files.
#include "../guest.h"
#include <pthread.h>
#include <sys/ptrace.h>

#define ROUNDS 8

static volatile sig_atomic_t signals;
static void count(int sig) { (void)sig, signals++; }

static int from_child[2];

// A read of libc's that a signal interrupts; the parent writes when it has seen the signal's effect.
static void interrupted(int flags) {
    struct sigaction act = {.sa_handler = count, .sa_flags = flags};
    int data[2];
    char c = 0;
    MUST(sigaction(SIGUSR1, &act, NULL) == 0 && pipe(data) == 0 && pipe(from_child) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (write(from_child[1], "r", 1) != 1) _exit(1);
        ssize_t n = read(data[0], &c, 1);
        _exit(n == 1 && signals == 1 ? 10 : n == -1 && errno == EINTR && signals == 1 ? 11 : 12);
    }
    MUST(pid > 0 && read(from_child[0], &c, 1) == 1);
    // It sleeps in the read before it is hit.
    char state[64];
    do {
        snprintf(state, sizeof state, "/proc/%d/stat", pid);
        int fd = open(state, O_RDONLY);
        MUST(fd >= 0);
        char text[512];
        ssize_t n = read(fd, text, sizeof text - 1);
        MUST(n > 0 && close(fd) == 0);
        text[n] = 0;
        char *end = strrchr(text, ')');
        if (end && end[2] == 'S') break;
        sched_yield();
    } while (1);
    MUST(kill(pid, SIGUSR1) == 0);
    if (flags & SA_RESTART) MUST(write(data[1], "d", 1) == 1);
    int status;
    MUST(waitpid(pid, &status, 0) == pid);
    if (status != (flags & SA_RESTART ? 10 << 8 : 11 << 8)) say("interrupted with %x: status %x", flags, status);
    close(data[0]), close(data[1]), close(from_child[0]), close(from_child[1]);
}

static void *thread(void *arg) {
    for (int i = 0; i < 40; i++)
        if (getppid() != *(pid_t *)arg) return "no";
    return NULL;
}

static void threads(void) {
    pthread_t t[3];
    pid_t parent = getppid();
    void *bad;
    for (int i = 0; i < 3; i++) MUST(pthread_create(&t[i], NULL, thread, &parent) == 0);
    for (int i = 0; i < 3; i++) MUST(pthread_join(t[i], &bad) == 0 && !bad);
}

// Whether the text of each mapped file of a stopped process is what stands in the file.
static int own_text(pid_t pid) {
    char path[64], line[512], name[256];
    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "r");
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int mem = open(path, O_RDONLY), same = 1, seen = 0;
    MUST(maps && mem >= 0);
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end, offset;
        char prot[5];
        if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %255s", &start, &end, prot, &offset, name) != 5) continue;
        if (prot[2] != 'x' || name[0] != '/') continue;
        int fd = open(name, O_RDONLY);
        char *a = malloc(end - start), *b = calloc(1, end - start);
        MUST(fd >= 0 && a && b);
        for (unsigned long done = 0; done < end - start;) {
            ssize_t n = pread(mem, a + done, end - start - done, start + done);
            MUST(n > 0);
            done += n;
        }
        MUST(pread(fd, b, end - start, offset) > 0);
        same &= !memcmp(a, b, end - start);
        seen++;
        free(a), free(b), close(fd);
    }
    fclose(maps), close(mem);
    return same && seen;
}

static void traced(char *self) {
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        MUST(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0);
        execl(self, self, "end", NULL);
        _exit(1);
    }
    MUST(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
    yes("at execve", own_text(pid));
    // To the end of the program, when libc is mapped too.
    MUST(ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT) == 0 && ptrace(PTRACE_CONT, pid, 0, 0) == 0);
    MUST(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
    yes("at exit", own_text(pid));
    MUST(ptrace(PTRACE_CONT, pid, 0, 0) == 0 && waitpid(pid, &status, 0) == pid);
    yes("ended", status == 7 << 8);
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "end")) return 7;
    int round = argc > 1 ? atoi(argv[1]) : 0;
    interrupted(SA_RESTART);
    interrupted(0);
    threads();
    for (int i = 0; i < 3; i++) {
        pid_t pid = i % 2 ? vfork() : fork();
        if (pid == 0) {
            execl(argv[0], argv[0], "end", NULL);
            _exit(1);
        }
        int status;
        MUST(waitpid(pid, &status, 0) == pid);
        if (status != 7 << 8) say("child %d of round %d: status %x", i, round, status);
    }
    say("round %d", round);
    if (round < ROUNDS) {
        char next[16];
        snprintf(next, sizeof next, "%d", round + 1);
        execl(argv[0], argv[0], next, NULL);
    }
    traced(argv[0]);
}
