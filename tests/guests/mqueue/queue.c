// POSIX message queues: highest priority first, in order of arrival; limits; who is told of the first message; names.
// cc: -lrt
#include "../guest.h"
#include <mqueue.h>
#include <poll.h>

static volatile sig_atomic_t told, code, value;

static void on_message(int sig, siginfo_t *info, void *unused) {
    (void)sig, (void)unused;
    told++;
    code = info->si_code;
    value = info->si_value.sival_int;
}

int main(void) {
    char name[64], buf[64], small[8];
    snprintf(name, sizeof name, "/guest-mq-%d", getpid());
    struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 16};
    show("open what is not there", mq_open(name, O_RDWR));
    attr.mq_maxmsg = 0;
    show("no room at all", mq_open(name, O_RDWR | O_CREAT, 0600, &attr));
    attr.mq_maxmsg = 2;
    mqd_t q = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
    MUST(q >= 0);
    yes("closes on exec", fcntl(q, F_GETFD) == FD_CLOEXEC);
    show("once more", mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr));
    show("slash inside", mq_open("/a/b", O_RDWR | O_CREAT, 0600, NULL));

    show("send low", mq_send(q, "low", 4, 1));
    show("send high", mq_send(q, "high", 5, 7));
    show("send when full", mq_send(q, "x", 1, 0));
    show("too long", mq_send(q, buf, 17, 0));
    show("priority", mq_send(q, "x", 1, 32768));
    MUST(mq_getattr(q, &attr) == 0);
    say("attributes: %ld messages of %ld bytes, %ld now, nonblock %d", attr.mq_maxmsg, attr.mq_msgsize, attr.mq_curmsgs,
        attr.mq_flags == O_NONBLOCK);
    struct pollfd p = {q, POLLIN | POLLOUT, 0};
    say("poll -> %d, in %d, out %d", poll(&p, 1, 0), !!(p.revents & POLLIN), !!(p.revents & POLLOUT));
    unsigned prio = 0;
    show("small buffer", mq_receive(q, small, sizeof small, &prio));
    show("receive", mq_receive(q, buf, sizeof buf, &prio));
    say("%s, priority %u", buf, prio);
    show("receive", mq_receive(q, buf, sizeof buf, &prio));
    say("%s, priority %u", buf, prio);
    show("receive when empty", mq_receive(q, buf, sizeof buf, &prio));

    struct sigaction sa = {.sa_sigaction = on_message, .sa_flags = SA_SIGINFO};
    MUST(sigaction(SIGUSR1, &sa, NULL) == 0);
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42};
    show("notify", mq_notify(q, &ev));
    show("notify twice", mq_notify(q, &ev));
    show("send", mq_send(q, "a", 1, 0));
    show("send", mq_send(q, "b", 1, 0));
    say("told %d time, code %d, value %d", told, code, value);
    show("notify again", mq_notify(q, &ev));
    show("no more", mq_notify(q, NULL));

    struct timespec past = {0, 0}, bad = {0, -1};
    mqd_t w = mq_open(name, O_WRONLY);
    MUST(w >= 0);
    show("full until a past time", mq_timedsend(w, "c", 1, 0, &past));
    show("bad time", mq_timedsend(w, "c", 1, 0, &bad));
    show("receive from a write end", mq_receive(w, buf, sizeof buf, NULL));
    attr.mq_flags = 1;
    show("set another flag", mq_setattr(q, &attr, NULL));

    pid_t pid = fork();
    if (pid == 0) {
        // Sleeps until the parent makes room.
        _exit(mq_send(w, "late", 5, 31) == 0 ? 0 : errno);
    }
    settle(pid);
    show("receive", mq_receive(q, buf, sizeof buf, NULL));
    reap("child", pid);
    show("receive", mq_receive(q, buf, sizeof buf, &prio));
    say("%s, priority %u", buf, prio);
    show("unlink", mq_unlink(name));
    show("unlink again", mq_unlink(name));
    show("still open", mq_receive(q, buf, sizeof buf, NULL));
    return 0;
}
