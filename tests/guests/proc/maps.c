// /proc/self/maps lists our mappings with bounds, protection, offset and name, in order, and follows changes.
#include "../guest.h"

static int find(void *addr, char perms[5], unsigned long *offset, char name[256], unsigned long *len) {
    FILE *f = fopen("/proc/self/maps", "r");
    char line[600];
    int found = 0;
    while (fgets(line, sizeof line, f)) {
        unsigned long a, b, off;
        char p[5], rest[256] = "";
        if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %255[^\n]", &a, &b, p, &off, rest) < 4) continue;
        if ((unsigned long)addr >= a && (unsigned long)addr < b) {
            strcpy(perms, p), strcpy(name, rest);
            *offset = off, *len = b - a;
            found = 1;
        }
    }
    fclose(f);
    return found;
}
static void look(const char *what, void *addr) {
    char p[5] = "", name[256] = "";
    unsigned long off = 0, len = 0;
    int f = find(addr, p, &off, name, &len);
    const char *base = strrchr(name, '/');
    say("%s: %s %s, offset %lx, name %s", what, f ? "found" : "absent", p, off, base ? base : name);
}
static int data = 1;

int main(void) {
    int local;
    put_file("f", "");
    int fd = open("f", O_RDWR);
    ftruncate(fd, 4 * 4096);
    char *m = mmap(NULL, 2 * 4096, PROT_READ, MAP_SHARED, fd, 4096);
    char *w = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    char *n = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char p[5], name[256];
    unsigned long off, len;
    look("shared file", m);
    look("private file", w);
    mprotect(w + 4096, 4096, PROT_READ);
    look("its middle after mprotect", w + 4096);
    look("its end", w + 2 * 4096);
    find(n, p, &off, name, &len);
    say("PROT_NONE: %s", p);
    find(s, p, &off, name, &len);
    say("shared anonymous: %s", p);
    munmap(m, 2 * 4096);
    look("after munmap", m);
    look("stack", &local);
    char *heap = sbrk(8192);
    look("heap", heap);
    find((void *)main, p, &off, name, &len);
    say("text: %s, named %d", p, strstr(name, "/") != NULL);
    find(&data, p, &off, name, &len);
    say("data: %s", p);
    FILE *f = fopen("/proc/self/maps", "r");
    char line[600];
    unsigned long last = 0, a, b, bad = 0, lines = 0;
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "%lx-%lx", &a, &b) != 2 || a >= b || (a < last && a < 0x800000000000ul)) bad++;
        last = b;
        lines++;
    }
    say("bad lines %lu, many %d", bad, lines > 10);
}
