// SIGSTOP stops every thread of a process, SIGCONT lets all of them go on.
#include "../guest.h"
#include <pthread.h>

struct shared {
    volatile long ticks[2];
} *s;
static void *tick(void *arg) {
    for (;;) s->ticks[(intptr_t)arg]++;
    return arg;
}

int main(void) {
    s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t t;
        pthread_create(&t, NULL, tick, (void *)0);
        tick((void *)1);
    }
    while (!s->ticks[0] || !s->ticks[1]) sched_yield();
    int st;
    kill(pid, SIGSTOP);
    MUST(waitpid(pid, &st, WUNTRACED) == pid);
    show_status("process", st);
    long a = s->ticks[0], b = s->ticks[1];
    sleep_ms(20);
    say("while stopped: first moved %d, second moved %d", s->ticks[0] != a, s->ticks[1] != b);
    kill(pid, SIGCONT);
    for (long end = now_ms() + 5000; (s->ticks[0] == a || s->ticks[1] == b) && now_ms() < end;) sched_yield();
    say("afterwards: first moved %d, second moved %d", s->ticks[0] != a, s->ticks[1] != b);
    kill(pid, SIGKILL);
    reap("process", pid);
}
