// micro ROW WORKDIR HOSTFILE TINY [BATCH_MS [BATCHES]]   prints nanoseconds per operation: the fastest batch
// micro time COMMAND...                                  prints nanoseconds of the command, from fork to wait
// micro rows                                             prints the names of the rows
#include "micro.h"
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

const char *work_dir, *host_file, *tiny_program;
char data[65536];

void die(const char *step) {
    printf("FAIL %s: %s\n", step, strerror(errno));
    exit(1);
}

static double clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static const struct row *tables[] = {call_rows, file_rows, peer_rows, process_rows, NULL};

static const struct row *find(const char *name) {
    for (const struct row **table = tables; *table; table++)
        for (const struct row *row = *table; row->name; row++)
            if (!strcmp(row->name, name)) return row;
    errno = ENOENT;
    die(name);
    return NULL;
}

static double timed(const struct row *row, long n) {
    double start = clock_ns();
    row->run(n);
    return clock_ns() - start;
}

// The first batches only find out how many operations fill one.
static double fastest(const struct row *row, double batch, int batches) {
    long n = 1;
    double took;
    while ((took = timed(row, n)) < batch && n < 1L << 28) n *= 2;
    double best = took / (double)n;
    for (int i = 0; i < batches; i++) {
        took = timed(row, n) / (double)n;
        if (took < best) best = took;
    }
    return best;
}

static int time_command(char **argv) {
    double start = clock_ns();
    pid_t child = (pid_t)must(fork(), "fork");
    if (!child) {
        execvp(argv[0], argv);
        _exit(127);
    }
    int status;
    must(waitpid(child, &status, 0), "waitpid");
    double took = clock_ns() - start;
    if (status) {
        printf("FAIL %s: status %#x\n", argv[0], status);
        return 1;
    }
    printf("\n%.0f\n", took);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "rows")) {
        for (const struct row **table = tables; *table; table++)
            for (const struct row *row = *table; row->name; row++) puts(row->name);
        return 0;
    }
    if (argc > 2 && !strcmp(argv[1], "time")) return time_command(argv + 2);
    if (argc < 5) {
        fputs("usage: micro ROW WORKDIR HOSTFILE TINY [BATCH_MS [BATCHES]]\n", stderr);
        return 2;
    }
    static char dir[4096];
    snprintf(dir, sizeof dir, "%s/umlaut-bench.%d", argv[2], (int)getpid());
    work_dir = dir, host_file = argv[3], tiny_program = argv[4];
    double batch = argc > 5 ? atof(argv[5]) * 1e6 : 3e6;
    int batches = argc > 6 ? atoi(argv[6]) : 7;
    must(mkdir(dir, 0700), dir);
    const struct row *row = find(argv[1]);
    if (row->start) row->start();
    double ns = fastest(row, batch, batches);
    if (row->stop) row->stop();
    rmdir(dir);
    printf("%.2f\n", ns);
    return 0;
}
