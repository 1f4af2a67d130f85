// TIOCSLCKTRMIOS: attributes that are locked stay as they are; only a privileged process may lock them.
#include "../guest.h"
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <sys/ioctl.h>

int main(void) {
    int m = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    MUST(m >= 0 && unlockpt(m) == 0);
    int s = open(ptsname(m), O_RDWR | O_NOCTTY);
    struct termios lock, t;
    memset(&lock, 0xee, sizeof lock);
    show("TIOCGLCKTRMIOS", ioctl(s, TIOCGLCKTRMIOS, &lock));
    yes("nothing is locked", lock.c_iflag == 0 && lock.c_lflag == 0 && lock.c_line == 0 && lock.c_cc[VINTR] == 0);
    show("bad pointer", ioctl(s, TIOCGLCKTRMIOS, (void *)8));
    lock.c_lflag = ECHO;
    lock.c_cc[VINTR] = 1;
    int root = geteuid() == 0;
    int rc = ioctl(s, TIOCSLCKTRMIOS, &lock);
    yes("locking is root's", root ? rc == 0 : rc == -1 && errno == EPERM);
    if (!root) return 0;
    MUST(ioctl(m, TCGETS, &t) == 0);
    t.c_lflag &= ~(ECHO | ISIG);
    t.c_cc[VINTR] = 'i';
    t.c_cc[VQUIT] = 'q';
    MUST(ioctl(s, TCSETS, &t) == 0);
    MUST(ioctl(s, TCGETS, &t) == 0);
    yes("ECHO stays", t.c_lflag & ECHO);
    yes("ISIG goes", !(t.c_lflag & ISIG));
    yes("VINTR stays", t.c_cc[VINTR] == 3);
    yes("VQUIT changes", t.c_cc[VQUIT] == 'q');
    return 0;
}
