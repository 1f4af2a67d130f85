// A robust mutex whose owner thread or process dies: EOWNERDEAD, consistent, ENOTRECOVERABLE.
#include "../guest.h"
#include <pthread.h>

static pthread_mutex_t *m;
static void *die_holding(void *arg) {
    pthread_mutex_lock(m);
    return arg;
}

static void owner_dies(int how) {
    pthread_mutexattr_t at;
    pthread_mutexattr_init(&at);
    pthread_mutexattr_setrobust(&at, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&at, how ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE);
    MUST(pthread_mutex_init(m, &at) == 0);
    if (how == 0) {
        pthread_t t;
        pthread_create(&t, NULL, die_holding, NULL);
        pthread_join(t, NULL);
    } else {
        pid_t pid = fork();
        if (pid == 0) {
            pthread_mutex_lock(m);
            if (how == 2) raise(SIGKILL);
            if (how == 3) execl("/proc/self/exe", "x", "child", (char *)NULL);
            _exit(0);
        }
        reap("owner", pid);
    }
    show_err("lock", pthread_mutex_lock(m));
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) return 0;
    m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    static const char *const names[] = {"thread ends", "process exits", "process is killed", "process execs"};
    for (int how = 0; how < 4; how++) {
        say("%s", names[how]);
        owner_dies(how);
        show_err("consistent", pthread_mutex_consistent(m));
        show_err("unlock", pthread_mutex_unlock(m));
        show_err("lock again", pthread_mutex_lock(m));
        show_err("unlock", pthread_mutex_unlock(m));
    }
    say("not repaired");
    owner_dies(1);
    show_err("unlock", pthread_mutex_unlock(m));
    show_err("lock", pthread_mutex_lock(m));
}
