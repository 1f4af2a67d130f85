// Route netlink: links and addresses are listed, questions that are none get their errors, and names are bound as asked.
#include "../guest.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

static int fd;
static union { struct nlmsghdr h; char bytes[65536]; } in;

static void ask(unsigned short type, unsigned short flags, const void *body, unsigned len) {
    struct { struct nlmsghdr h; char body[64]; } q = {.h = {.nlmsg_len = NLMSG_LENGTH(len), .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = 42}};
    memcpy(q.body, body, len);
    ssize_t n = send(fd, &q, NLMSG_ALIGN(q.h.nlmsg_len), 0);
    if (n != NLMSG_ALIGN(q.h.nlmsg_len)) say("send %zd %s", n, errname(errno));
}

// Lists everything that is about the loopback interface.
static void list(unsigned short type, const char *what) {
    struct rtgenmsg any = {AF_UNSPEC};
    ask(type, NLM_F_REQUEST | NLM_F_DUMP, &any, sizeof any);
    int found = 0, multi = 1, seq = 1;
    for (int done = 0; !done;) {
        int n = recv(fd, &in, sizeof in, 0);
        for (struct nlmsghdr *m = &in.h; NLMSG_OK(m, (unsigned)n); m = NLMSG_NEXT(m, n)) {
            multi &= !!(m->nlmsg_flags & NLM_F_MULTI);
            seq &= m->nlmsg_seq == 42;
            if (m->nlmsg_type == NLMSG_DONE) { done = 1; break; }
            if (type == RTM_GETLINK) found += ((struct ifinfomsg *)NLMSG_DATA(m))->ifi_index == 1;
            else found += ((struct ifaddrmsg *)NLMSG_DATA(m))->ifa_index == 1;
        }
    }
    say("%s: %d of lo, multi %d, seq %d", what, found, multi, seq);
}

static void error(const char *what) {
    int n = recv(fd, &in, sizeof in, MSG_DONTWAIT);
    if (n < 0) { say("%s: nothing %s", what, errname(errno)); return; }
    struct nlmsgerr *e = NLMSG_DATA(&in.h);
    if (in.h.nlmsg_type != NLMSG_ERROR) say("%s: type %d", what, in.h.nlmsg_type);
    else say("%s: error %s, len %d, flags %x, seq %u, of type %d", what, e->error ? errname(-e->error) : "none", n, in.h.nlmsg_flags, in.h.nlmsg_seq, e->msg.nlmsg_type);
}

int main(void) {
    show("stream", socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
    show("protocol", socket(AF_NETLINK, SOCK_RAW, 31));
    show("protocol too large", socket(AF_NETLINK, SOCK_RAW, 32));
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int n = 0, value;
    socklen_t len = sizeof value;
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len);
    say("type %d", value);
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &len);
    say("domain %d", value);
    struct sockaddr_nl a = {.nl_family = AF_NETLINK};
    show("short bind", bind(fd, (void *)&a, 8));
    show("bind", bind(fd, (void *)&a, sizeof a));
    len = sizeof a;
    show("name", getsockname(fd, (void *)&a, &len));
    yes("the process's own number", a.nl_pid == (unsigned)getpid() && len == sizeof a && a.nl_groups == 0);
    int second = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
    show("same number", bind(second, (void *)&a, sizeof a));
    a.nl_pid = 0;
    show("any number", bind(second, (void *)&a, sizeof a));
    len = sizeof a;
    getsockname(second, (void *)&a, &len);
    yes("another number", a.nl_pid != (unsigned)getpid() && a.nl_pid != 0);
    show("listen", listen(fd, 1));
    show("shutdown", shutdown(fd, SHUT_RDWR));
    show("accept", accept(fd, 0, 0));
    show("nothing to read", recv(fd, &in, 10, MSG_DONTWAIT));

    list(RTM_GETLINK, "links");
    list(RTM_GETADDR, "addresses");
    struct ifinfomsg lo = {.ifi_index = 1}, none = {.ifi_index = 9999};
    ask(RTM_GETLINK, NLM_F_REQUEST, &lo, sizeof lo);
    n = recv(fd, &in, sizeof in, MSG_PEEK | MSG_TRUNC);
    yes("peeked whole", n > 100);
    n = recv(fd, &in, 20, MSG_TRUNC);
    yes("told whole", n > 100);
    ask(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, &none, sizeof none);
    error("no such link");
    ask(RTM_GETLINK, NLM_F_REQUEST, &lo, 4);
    error("short question");
    ask(RTM_GETADDR, NLM_F_REQUEST, &(struct ifaddrmsg){.ifa_family = AF_INET}, 8);
    error("one address");
    ask(124, NLM_F_REQUEST, &lo, 16);
    error("type too large");
    ask(123, NLM_F_REQUEST | NLM_F_DUMP, &lo, 16);
    ask(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, &lo, 16);
    ask(RTM_GETLINK, 0, &none, sizeof none);
    int skipped = 0;
    while ((n = recv(fd, &in, sizeof in, MSG_DONTWAIT)) > 0) skipped++;
    yes("answered or not", skipped >= 1);
    struct msghdr m = {.msg_name = &a, .msg_namelen = sizeof a, .msg_iov = &(struct iovec){&in, sizeof in}, .msg_iovlen = 1};
    ask(RTM_GETLINK, NLM_F_REQUEST, &lo, sizeof lo);
    yes("message", recvmsg(fd, &m, 0) > 0);
    say("from %u, groups %u, length %u", a.nl_pid, a.nl_groups, m.msg_namelen);
    ssize_t got = 0;
    struct ifaddrs *all, *i;
    show("getifaddrs", getifaddrs(&all));
    for (i = all; i; i = i->ifa_next) {
        if (strcmp(i->ifa_name, "lo") || !i->ifa_addr) continue;
        char text[64] = "", mask[64] = "";
        if (i->ifa_addr->sa_family == AF_INET) {
            inet_ntop(AF_INET, &((struct sockaddr_in *)i->ifa_addr)->sin_addr, text, sizeof text);
            inet_ntop(AF_INET, &((struct sockaddr_in *)i->ifa_netmask)->sin_addr, mask, sizeof mask);
        } else if (i->ifa_addr->sa_family == AF_INET6) {
            inet_ntop(AF_INET6, &((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr, text, sizeof text);
            inet_ntop(AF_INET6, &((struct sockaddr_in6 *)i->ifa_netmask)->sin6_addr, mask, sizeof mask);
        }
        say("lo: family %d flags %x %s %s", i->ifa_addr->sa_family, i->ifa_flags, text, mask);
        got++;
    }
    struct if_nameindex *names = if_nameindex();
    for (struct if_nameindex *x = names; x && x->if_index; x++)
        if (x->if_index == 1) say("index 1 is %s", x->if_name);
    yes("found", got >= 2);
}
