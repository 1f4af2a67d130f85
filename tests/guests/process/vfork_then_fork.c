// What a program has in memory is in its forked children whatever it started by vfork before, and what it wants left out is not.
#include "../guest.h"
#include <pthread.h>

enum { LEN = 64 << 10 };
static char *kept, *left_out;
static volatile int over;

static int start_by_vfork(void) {
    pid_t pid = vfork();
    if (pid == 0) {
        execl("/proc/self/exe", "again", "exit", (char *)NULL);
        _exit(127);
    }
    int st;
    return waitpid(pid, &st, 0) == pid && WIFEXITED(st) ? WEXITSTATUS(st) : -1;
}

static char *filled(char with) {
    char *at = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(at != MAP_FAILED);
    memset(at, with, LEN);
    return at;
}

// 1: what is to be there is there; 2: what is to be left out is not there.
static int in_child(const char *heap, const char *late) {
    pid_t pid = fork();
    if (pid == 0) {
        int rc = kept[LEN - 1] == 'k' && heap[0] == 'h' && (!late || late[1] == 'l');
        unsigned char in_memory[LEN / 4096];
        if (mincore(left_out, LEN, in_memory) < 0 && errno == ENOMEM) rc |= 2;
        _exit(rc);
    }
    int st;
    return waitpid(pid, &st, 0) == pid && WIFEXITED(st) ? WEXITSTATUS(st) : -1;
}

static void *starts(void *arg) {
    long good = 0;
    while (!over) good += start_by_vfork() == 42;
    *(long *)arg = good;
    return NULL;
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "exit")) return 42;
    kept = filled('k');
    left_out = filled('o');
    char *heap = malloc(100);
    *heap = 'h';
    MUST(madvise(left_out, LEN, MADV_DONTFORK) == 0);
    say("before %d", in_child(heap, NULL));
    say("by vfork %d", start_by_vfork());
    say("after one %d", in_child(heap, NULL));
    say("by vfork %d, %d", start_by_vfork(), start_by_vfork());
    char *late = filled('l');
    char *more = sbrk(LEN);
    *more = 'h';
    MUST(mprotect(late, 4096, PROT_READ) == 0);
    say("mapped after it %d", in_child(more, late));
    say("by vfork %d", start_by_vfork());
    MUST(madvise(left_out, LEN, MADV_DOFORK) == 0);
    say("no longer left out %d", in_child(more, late));
    say("by vfork %d", start_by_vfork());
    MUST(madvise(left_out, LEN / 2, MADV_DONTFORK) == 0);
    say("half of it %d", in_child(more, late));

    pthread_t other;
    long started = 0;
    MUST(pthread_create(&other, NULL, starts, &started) == 0);
    int good = 0;
    for (int i = 0; i < 50; i++) good += in_child(more, late) == 3;
    over = 1;
    pthread_join(other, NULL);
    say("beside another thread that starts programs %d", good);
    yes("it started some", started > 0);
}
