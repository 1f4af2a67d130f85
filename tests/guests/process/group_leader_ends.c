// A process group outlives its leader; its id stays usable for kill and wait.
#include "../guest.h"

int main(void) {
    pid_t leader = fork();
    if (leader == 0) {
        setpgid(0, 0);
        pause();
        _exit(0);
    }
    setpgid(leader, leader);
    pid_t member = fork();
    if (member == 0) {
        pause();
        _exit(0);
    }
    show("member joins", setpgid(member, leader));
    kill(leader, SIGTERM);
    reap("leader", leader);
    show("leader is gone", kill(leader, 0));
    show("the group is there", kill(-leader, 0));
    yes("the member is still in it", getpgid(member) == leader);
    show("kill the group", kill(-leader, SIGUSR1));
    reap("member", member);
    show("now the group is gone", kill(-leader, 0));
}
