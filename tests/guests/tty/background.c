// Job control: a background group that reads, or writes with TOSTOP, or sets attributes, is stopped; an orphaned one gets EIO.
#include "pty.h"

static pid_t job(int s, int what, int ignore) {
    pid_t pid = fork();
    if (pid == 0) {
        char c[16];
        setpgid(0, 0);
        if (ignore) signal(SIGTTIN, SIG_IGN), signal(SIGTTOU, SIG_IGN);
        struct termios t;
        long r = 0;
        switch (what) {
        case 0: r = read(s, c, sizeof c); break;
        case 1: r = write(s, "bg\n", 3); break;
        case 2: tcgetattr(s, &t), r = tcsetattr(s, TCSANOW, &t); break;
        case 3: r = tcsetpgrp(s, getpgrp()); break;
        }
        show("  result", r);
        _exit(0);
    }
    setpgid(pid, pid);
    return pid;
}

static void watch(const char *what, int s, pid_t pid, int bring) {
    int st;
    MUST(waitpid(pid, &st, WUNTRACED) == pid);
    show_status(what, st);
    if (WIFSTOPPED(st)) {
        if (bring) MUST(tcsetpgrp(s, pid) == 0);
        MUST(kill(-pid, SIGCONT) == 0);
        MUST(waitpid(pid, &st, WUNTRACED) == pid);
        show_status("  then", st);
        if (bring) MUST(tcsetpgrp(s, getpgrp()) == 0);
        if (WIFSTOPPED(st)) kill(pid, SIGKILL), waitpid(pid, NULL, 0);
    }
}

int main(void) {
    int s, m = pty(&s);
    pid_t pid = fork();
    if (pid) {
        reap("leader", pid);
        return 0;
    }
    own_terminal(s);
    signal(SIGTTOU, SIG_IGN);
    local_flags(s, 0, ECHO);
    type(m, "line\n");
    signal(SIGTTOU, SIG_DFL);
    // The leader is in the foreground, so nothing stops it; it must ignore SIGTTOU to take the terminal back.
    pid_t j = job(s, 0, 0);
    signal(SIGTTOU, SIG_IGN);
    watch("read", s, j, 1);
    signal(SIGTTOU, SIG_DFL);
    j = job(s, 0, 1);
    watch("read, ignored", s, j, 0);
    j = job(s, 1, 0);
    watch("write", s, j, 0);
    j = job(s, 2, 0);
    watch("attributes, left in the background", s, j, 0);
    j = job(s, 2, 1);
    watch("attributes, ignored", s, j, 0);
    j = job(s, 3, 0);
    watch("tcsetpgrp", s, j, 0);
    local_flags(s, TOSTOP, 0);
    j = job(s, 1, 1);
    watch("write, TOSTOP, ignored", s, j, 0);
    j = job(s, 1, 0);
    signal(SIGTTOU, SIG_IGN);
    watch("write, TOSTOP", s, j, 1);
    // A group whose leader's parent is gone is orphaned.
    gate_t go;
    gate_init(&go);
    pid_t middle = fork();
    if (middle == 0) {
        if (fork() == 0) {
            setpgid(0, 0);
            while (getppid() == getpgid(0)) {}
            gate_wait(&go);
            char c;
            signal(SIGTTIN, SIG_DFL);
            show("orphan reads", read(s, &c, 1));
            signal(SIGTTOU, SIG_DFL);
            show("orphan writes", write(s, "x", 1));
            show("orphan tcsetpgrp", tcsetpgrp(s, getpgrp()));
            gate_open(&go);
            _exit(0);
        }
        sleep_ms(20);
        _exit(0);
    }
    waitpid(middle, NULL, 0);
    gate_open(&go);
    sleep_ms(150);
    hear("what was written", m);
    _exit(0);
}
