// A failed exec changes nothing: marked descriptors stay open, handlers and mappings stay.
#include "../guest.h"

static volatile int hits;
static void handler(int sig) { hits += sig == SIGUSR1; }

int main(void) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    signal(SIGUSR1, handler);
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *map = 'm';
    put_file("plain", "just text\n");
    chmod("plain", 0755);
    put_file("script", "#!/missing/interpreter\n");
    chmod("script", 0755);
    char *args[] = {"x", NULL};
    show("missing", execv("./missing", args));
    show("text", execv("./plain", args));
    show("script without its interpreter", execv("./script", args));
    show("descriptor", fcntl(fd, F_GETFD));
    raise(SIGUSR1);
    say("hits %d, mapping %c", hits, *map);
}
