// The loopback interface by ioctl: name, index, address, mask, flags.
#include "../guest.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int main(void) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq r = {.ifr_name = "lo"};
    say("index %u", if_nametoindex("lo"));
    say("no such %u %s", if_nametoindex("nosuch0"), errname(errno));
    char name[IF_NAMESIZE];
    say("name %s", if_indextoname(1, name));
    show("addr", ioctl(fd, SIOCGIFADDR, &r));
    say("%s", inet_ntoa(((struct sockaddr_in *)&r.ifr_addr)->sin_addr));
    show("mask", ioctl(fd, SIOCGIFNETMASK, &r));
    say("%s", inet_ntoa(((struct sockaddr_in *)&r.ifr_addr)->sin_addr));
    show("flags", ioctl(fd, SIOCGIFFLAGS, &r));
    say("%x", r.ifr_flags);
    show("mtu", ioctl(fd, SIOCGIFMTU, &r));
    say("%d", r.ifr_mtu);
    struct ifreq all[16];
    struct ifconf c = {.ifc_len = sizeof all, .ifc_req = all};
    show("conf", ioctl(fd, SIOCGIFCONF, &c));
    int found = 0;
    for (int i = 0; i < c.ifc_len / (int)sizeof *all; i++) found += !strcmp(all[i].ifr_name, "lo");
    say("lo listed %d", found);
    show("flags from nowhere", ioctl(fd, SIOCSIFFLAGS, 8));
    show("no such", ioctl(fd, 0x1234, &r));
}
