// Leases: who may have one, and how an open by somebody else breaks it.
#include "../guest.h"

static volatile sig_atomic_t broken, with_fd;
static int held;

static void on_break(int sig, siginfo_t *info, void *unused) {
    (void)sig, (void)unused;
    broken++;
    with_fd = info->si_fd == held;
    fcntl(held, F_SETLEASE, F_UNLCK);
}

int main(void) {
    // What breaks a lease sends it.
    signal(SIGIO, SIG_IGN);
    int rw = open("file", O_RDWR | O_CREAT, 0600);
    MUST(rw >= 0);
    show("get", fcntl(rw, F_GETLEASE));
    show("read lease on a file open for writing", fcntl(rw, F_SETLEASE, F_RDLCK));
    show("write lease", fcntl(rw, F_SETLEASE, F_WRLCK));
    show("get", fcntl(rw, F_GETLEASE));
    show("unlock", fcntl(rw, F_SETLEASE, F_UNLCK));
    show("unlock again", fcntl(rw, F_SETLEASE, F_UNLCK));
    show("unknown", fcntl(rw, F_SETLEASE, 7));
    int ro = open("file", O_RDONLY);
    show("write lease with another open", fcntl(rw, F_SETLEASE, F_WRLCK));
    MUST(close(rw) == 0);
    show("read lease", fcntl(ro, F_SETLEASE, F_RDLCK));
    int more = open("file", O_RDONLY);
    yes("reading does not break it", more >= 0);
    show("write lease from the other", fcntl(more, F_SETLEASE, F_WRLCK));
    show("open without waiting", open("file", O_WRONLY | O_NONBLOCK));
    show("being broken", fcntl(ro, F_GETLEASE));
    show("give it up", fcntl(ro, F_SETLEASE, F_UNLCK));
    MUST(close(more) == 0);
    int dir = open(".", O_RDONLY);
    show("on a directory", fcntl(dir, F_SETLEASE, F_RDLCK));

    struct sigaction sa = {.sa_sigaction = on_break, .sa_flags = SA_SIGINFO};
    MUST(sigaction(SIGRTMIN, &sa, NULL) == 0);
    held = ro;
    show("signal", fcntl(ro, F_SETSIG, SIGRTMIN));
    show("read lease", fcntl(ro, F_SETLEASE, F_RDLCK));
    pid_t pid = fork();
    if (pid == 0) _exit(open("file", O_WRONLY) >= 0 ? 0 : 1);
    reap("writer", pid);
    say("broken %d time, its descriptor %d", broken, with_fd);
    show("gone", fcntl(ro, F_GETLEASE));
    return 0;
}
