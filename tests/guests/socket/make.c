// Which families, types and protocols of sockets there are.
#include "../guest.h"
#include <netinet/in.h>
#include <sys/socket.h>

static void try(const char *what, int d, int t, int p) {
    int fd = socket(d, t, p);
    show_ok(what, fd);
    if (fd >= 0) close(fd);
}

int main(void) {
    try("unix stream", AF_UNIX, SOCK_STREAM, 0);
    try("unix dgram", AF_UNIX, SOCK_DGRAM, 0);
    try("unix seqpacket", AF_UNIX, SOCK_SEQPACKET, 0);
    try("unix rdm", AF_UNIX, SOCK_RDM, 0);
    try("unix protocol 1", AF_UNIX, SOCK_STREAM, 1);
    try("unix protocol 2", AF_UNIX, SOCK_STREAM, 2);
    try("tcp", AF_INET, SOCK_STREAM, 0);
    try("tcp 6", AF_INET, SOCK_STREAM, IPPROTO_TCP);
    try("tcp 17", AF_INET, SOCK_STREAM, IPPROTO_UDP);
    try("udp", AF_INET, SOCK_DGRAM, 0);
    try("udp6", AF_INET6, SOCK_DGRAM, IPPROTO_UDP);
    try("inet type 0", AF_INET, 0, 0);
    try("inet rdm", AF_INET, SOCK_RDM, 0);
    try("protocol -1", AF_INET, SOCK_STREAM, -1);
    try("protocol 300", AF_INET, SOCK_STREAM, 300);
    try("family 99", 99, SOCK_STREAM, 0);
    try("family -1", -1, SOCK_STREAM, 0);
    try("type 14", AF_UNIX, 14, 0);
    try("flags", AF_UNIX, SOCK_STREAM | 0x100000, 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    say("cloexec %d nonblock %d rdwr %d", fcntl(fd, F_GETFD), !!(fcntl(fd, F_GETFL) & O_NONBLOCK), fcntl(fd, F_GETFL) & O_ACCMODE);
    struct stat st;
    fstat(fd, &st);
    say("mode %o size %ld nlink %d", st.st_mode, (long)st.st_size, (int)st.st_nlink);
    char link[64], path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int n = readlink(path, link, 63);
    link[n] = 0;
    say("%.8s ino agrees %d", link, atol(link + 8) == (long)st.st_ino);
    show("open it", open(path, O_RDWR));
    show("lseek", lseek(fd, 0, SEEK_CUR));
    show("ftruncate", ftruncate(fd, 0));
    int sv[2];
    show("pair inet", socketpair(AF_INET, SOCK_STREAM, 0, sv));
    show("pair null", socketpair(AF_UNIX, SOCK_STREAM, 0, NULL));
    show("pair rdm", socketpair(AF_UNIX, SOCK_RDM, 0, sv));
}
