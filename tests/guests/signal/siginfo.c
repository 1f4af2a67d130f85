// The siginfo of kill, raise, sigqueue and a timer: code, sender and value.
#include "../guest.h"
#include <sys/time.h>

static volatile siginfo_t info;
static volatile int count;
static void handler(int sig, siginfo_t *si, void *uc) {
    (void)sig, (void)uc;
    info = *si;
    count++;
}

static void report(const char *what, pid_t sender) {
    say("%s: signo %s, code %d, sender right %d, uid right %d, errno %d", what, signame(info.si_signo), info.si_code,
        info.si_pid == sender, info.si_uid == getuid(), info.si_errno);
}

int main(void) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGALRM, &sa, NULL);
    kill(getpid(), SIGUSR1);
    report("kill", getpid());
    raise(SIGUSR1);
    report("raise", getpid());
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_ptr = (void *)0x123456789abcdef0});
    report("sigqueue", getpid());
    say("value %llx", (unsigned long long)(uintptr_t)info.si_value.sival_ptr);
    pid_t pid = fork();
    if (pid == 0) {
        sigqueue(getppid(), SIGUSR1, (union sigval){.sival_int = -5});
        _exit(0);
    }
    reap("sender", pid);
    report("sigqueue from a child", pid);
    say("value %d", info.si_value.sival_int);
    int before = count;
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 1000}}, NULL);
    while (count == before) sleep_ms(1);
    say("timer: signo %s, code %d", signame(info.si_signo), info.si_code);
    siginfo_t own = {.si_signo = SIGUSR1, .si_code = -42};
    own.si_value.sival_int = 77;
    show("rt_sigqueueinfo with a code of our own", syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &own));
    say("code %d, value %d", info.si_code, info.si_value.sival_int);
    own.si_code = SI_KERNEL;
    pid = fork();
    if (pid == 0) {
        show("pretending to be the kernel to another", syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &own));
        own.si_code = SI_TKILL;
        show("or tkill", syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &own));
        _exit(0);
    }
    reap("pretender", pid);
}
