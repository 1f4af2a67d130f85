// Blocked calls wake up: recv by data, by close, by the writer's death; accept by connect; a signal interrupts.
#include "../guest.h"
#include <sys/socket.h>
#include <sys/un.h>

static void nothing(int sig) { (void)sig; }

int main(void) {
    int s[2];
    char b[16];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    pid_t me = getpid(), pid = fork();
    if (pid == 0) {
        close(s[0]);
        settle(me);
        write(s[1], "data", 4);
        settle(me);
        raise(SIGKILL);
    }
    close(s[1]);
    show("recv", recv(s[0], b, 16, 0));
    show("recv", recv(s[0], b, 16, 0));
    reap("writer", pid);
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "l"};
    struct sigaction sa = {.sa_handler = nothing};
    sigaction(SIGUSR1, &sa, NULL);
    int l = socket(AF_UNIX, SOCK_STREAM, 0);
    MUST(bind(l, (void *)&a, sizeof a) == 0 && listen(l, 1) == 0);
    gate_t g;
    gate_init(&g);
    pid = fork();
    if (pid == 0) {
        settle(me);
        int c = socket(AF_UNIX, SOCK_STREAM, 0);
        MUST(connect(c, (void *)&a, sizeof a) == 0);
        for (int i = 0; i < 2; i++) {
            gate_wait(&g);
            sleep_ms(20);
            settle(me);
            kill(me, SIGUSR1);
        }
        sleep_ms(50);
        write(c, "done", 4);
        _exit(0);
    }
    int k = accept(l, NULL, NULL);
    show_ok("accept", k);
    gate_open(&g);
    show("interrupted", recv(k, b, 16, 0));
    sa.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &sa, NULL);
    gate_open(&g);
    show("restarted", recv(k, b, 16, 0));
    reap("child", pid);
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    static char big[1 << 20];
    pid = fork();
    if (pid == 0) {
        show("big write", write(s[1], big, sizeof big));
        _exit(0);
    }
    close(s[1]);
    long total = 0, n;
    while ((n = read(s[0], big, 5000)) > 0) total += n;
    say("got %ld", total);
    reap("writer", pid);
}
