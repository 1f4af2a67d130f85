// Sockets are listed in /proc/net with their addresses, states, queues and inode numbers.
#include "../guest.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static unsigned long ino(int fd) {
    struct stat st;
    fstat(fd, &st);
    return st.st_ino;
}

// The line of a table that ends with, or has as field `column`, this inode number.
static int find(const char *table, int column, unsigned long wanted, char *line) {
    char path[64];
    snprintf(path, sizeof path, "/proc/net/%s", table);
    FILE *f = fopen(path, "r");
    int found = 0;
    while (f && fgets(line, 512, f)) {
        char copy[512], *save = 0, *word;
        strcpy(copy, line);
        word = strtok_r(copy, " \n", &save);
        for (int i = 0; word && i < column; i++) word = strtok_r(0, " \n", &save);
        if (word && strtoul(word, 0, 10) == wanted) { found = 1; break; }
    }
    if (f) fclose(f);
    return found;
}

static void ip(const char *table, const char *what, int fd, int local) {
    char line[512];
    if (!find(table, 9, ino(fd), line)) { say("%s: not in %s", what, table); return; }
    char l[64], r[64], queues[32];
    unsigned state;
    sscanf(line, "%*d: %63s %63s %x %31s", l, r, &state, queues);
    char *port = strrchr(l, ':');
    char *far = strrchr(r, ':');
    yes("own port", strtol(port + 1, 0, 16) == local);
    *port = 0;
    int none = !strcmp(far, ":0000");
    *far = 0;
    say("%s: %s %s %s state %02X queues %s, width %zu", what, l, r, none ? "nowhere" : "somewhere", state, queues, strchr(table, '6') ? 0 : strlen(line));
}

int main(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int l = socket(AF_INET, SOCK_STREAM, 0);
    bind(l, (void *)&a, len);
    listen(l, 5);
    getsockname(l, (void *)&a, &len);
    int port = ntohs(a.sin_port);
    ip("tcp", "listener", l, port);
    int c = socket(AF_INET, SOCK_STREAM, 0);
    MUST(connect(c, (void *)&a, len) == 0);
    struct sockaddr_in own;
    getsockname(c, (void *)&own, &len);
    ip("tcp", "client", c, ntohs(own.sin_port));
    ip("tcp", "listener with one that waits", l, port);
    int s = accept(l, 0, 0);
    send(c, "hello", 5, 0);
    char buf[8];
    while (recv(s, buf, 8, MSG_PEEK) < 5) {}
    ip("tcp", "server", s, port);
    shutdown(c, SHUT_WR);
    while (recv(s, buf, 8, MSG_PEEK | MSG_WAITALL) < 5) {}
    int u = socket(AF_INET, SOCK_DGRAM, 0);
    a.sin_port = 0;
    bind(u, (void *)&a, len);
    getsockname(u, (void *)&a, &len);
    ip("udp", "udp", u, ntohs(a.sin_port));
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t len6 = sizeof a6;
    int l6 = socket(AF_INET6, SOCK_STREAM, 0);
    bind(l6, (void *)&a6, len6);
    listen(l6, 5);
    getsockname(l6, (void *)&a6, &len6);
    ip("tcp6", "listener", l6, ntohs(a6.sin6_port));
    int unbound = socket(AF_INET, SOCK_STREAM, 0);
    ip("tcp", "one that is not bound", unbound, 0);

    char line[512], name[64];
    struct sockaddr_un n = {.sun_family = AF_UNIX, .sun_path = "sock"};
    int x = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(x, (void *)&n, sizeof n);
    listen(x, 5);
    if (find("unix", 6, ino(x), line)) {
        unsigned refs, flags, type, state;
        sscanf(line, "%*s %x %*x %x %x %x %*u %63s", &refs, &flags, &type, &state, name);
        say("unix listener: flags %x type %x state %x name %s", flags, type, state, name);
    } else say("unix listener not found");
    int pair[2];
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    if (find("unix", 6, ino(pair[0]), line)) {
        unsigned refs, flags, type, state;
        sscanf(line, "%*s %x %*x %x %x %x", &refs, &flags, &type, &state);
        say("unix pair: refs %x flags %x type %x state %x", refs, flags, type, state);
    } else say("unix pair not found");
    FILE *f = fopen("/proc/net/dev", "r");
    while (fgets(line, sizeof line, f))
        if (strstr(line, " lo:")) say("lo is a device");
    fclose(f);
    f = fopen("/proc/net/if_inet6", "r");
    while (f && fgets(line, sizeof line, f))
        if (strstr(line, " lo\n")) say("%.*s", (int)strcspn(line, "\n"), line);
    f = fopen("/proc/net/sockstat", "r");
    yes("counts", f && fscanf(f, "sockets: used %*d") == 0);
}
