// rename of each kind of thing over each kind of thing.
#include "../guest.h"

static const char *const kinds[] = {"missing", "file", "empty dir", "full dir", "symlink"};
static void make(const char *name, int kind) {
    char sub[32];
    if (kind == 1) put_file(name, name);
    if (kind == 2 || kind == 3) MUST(mkdir(name, 0755) == 0);
    snprintf(sub, sizeof sub, "%s/x", name);
    if (kind == 3) put_file(sub, "");
    if (kind == 4) MUST(symlink("/nowhere", name) == 0);
}
static void clear(const char *name) {
    char sub[32];
    snprintf(sub, sizeof sub, "%s/x", name);
    unlink(sub);
    unlink(name);
    rmdir(name);
}

int main(void) {
    for (int a = 0; a < 5; a++)
        for (int b = 0; b < 5; b++) {
            make("from", a);
            make("to", b);
            int rc = rename("from", "to"), err = errno;
            struct stat st;
            int from = lstat("from", &st) == 0, to = lstat("to", &st) == 0;
            say("%s over %s: %s, from %d, to %d%s", kinds[a], kinds[b], rc ? errname(err) : "ok", from, to,
                !to ? "" : S_ISDIR(st.st_mode) ? " dir" : S_ISLNK(st.st_mode) ? " link" : " file");
            clear("from");
            clear("to");
        }
}
