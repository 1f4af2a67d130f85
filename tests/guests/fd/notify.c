// F_NOTIFY and O_ASYNC: signals for what happens in a directory and on a pipe.
#include "../guest.h"

static volatile sig_atomic_t count, code, fd_told;

static void on_signal(int sig, siginfo_t *info, void *unused) {
    (void)sig, (void)unused;
    count++;
    code = info->si_code;
    fd_told = info->si_fd;
}

static void heard(const char *what, int fd) {
    say("%s: %d, code %d, descriptor %d", what, (int)count, (int)code, fd_told == fd);
    count = code = 0;
    fd_told = -1;
}

int main(void) {
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    MUST(sigaction(SIGRTMIN, &sa, NULL) == 0 && mkdir("dir", 0700) == 0 && mkdir("other", 0700) == 0);
    int dir = open("dir", O_RDONLY), file = open("file", O_RDWR | O_CREAT, 0600);
    MUST(dir >= 0 && file >= 0);
    show("on a file", fcntl(file, F_NOTIFY, DN_CREATE));
    MUST(fcntl(dir, F_SETSIG, SIGRTMIN) == 0);
    show("once", fcntl(dir, F_NOTIFY, DN_CREATE));
    yes("the owner is named", fcntl(dir, F_GETOWN) == getpid());
    MUST(close(open("dir/a", O_CREAT | O_WRONLY, 0600)) == 0);
    heard("create", dir);
    MUST(close(open("dir/b", O_CREAT | O_WRONLY, 0600)) == 0);
    heard("create again", dir);
    show("rename", fcntl(dir, F_NOTIFY, (long)DN_RENAME | DN_MULTISHOT));
    MUST(rename("dir/a", "dir/c") == 0);
    heard("rename inside", dir);
    MUST(rename("dir/c", "other/c") == 0);
    heard("rename away", dir);
    show("nothing", fcntl(dir, F_NOTIFY, 0));
    MUST(rename("dir/b", "dir/d") == 0);
    heard("rename unheard", dir);

    int p[2];
    MUST(pipe(p) == 0 && fcntl(p[0], F_SETSIG, SIGRTMIN) == 0 && fcntl(p[0], F_SETOWN, getpid()) == 0);
    show("async", fcntl(p[0], F_SETFL, O_ASYNC));
    yes("kept", fcntl(p[0], F_GETFL) & O_ASYNC);
    MUST(write(p[1], "x", 1) == 1);
    heard("written", p[0]);
    show("no async", fcntl(p[0], F_SETFL, 0));
    MUST(write(p[1], "x", 1) == 1);
    heard("unheard", p[0]);
    show("async on a file", fcntl(file, F_SETFL, O_ASYNC));
    yes("is not kept", !(fcntl(file, F_GETFL) & O_ASYNC));
    return 0;
}
