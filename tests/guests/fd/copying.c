// sendfile, copy_file_range, splice and tee move bytes between files and pipes, with and without offsets.
#include "../guest.h"
#include <sys/sendfile.h>

int main(void) {
    put_file("in", "abcdefghijklmnop");
    int in = open("in", O_RDONLY), out = open("out", O_RDWR | O_CREAT, 0600), p[2], q[2];
    MUST(pipe(p) == 0 && pipe(q) == 0);
    off_t off = 2;
    show("sendfile", sendfile(out, in, &off, 4));
    say("offset %lld, file's %lld", (long long)off, (long long)lseek(in, 0, SEEK_CUR));
    show("sendfile without offset", sendfile(out, in, NULL, 3));
    show("file's offset", lseek(in, 0, SEEK_CUR));
    show_file("out");
    loff_t a = 10, b = 1;
    show("copy_file_range", copy_file_range(in, &a, out, &b, 100, 0));
    say("offsets %lld %lld", (long long)a, (long long)b);
    show_file("out");
    show("copy_file_range flag", copy_file_range(in, NULL, out, NULL, 1, 1));
    show("copy within one file, overlapping", copy_file_range(out, &(loff_t){0}, out, &(loff_t){1}, 4, 0));
    a = 0;
    show("splice in", splice(in, &a, p[1], NULL, 8, 0));
    show("tee", tee(p[0], q[1], 5, 0));
    b = 20;
    show("splice out", splice(p[0], NULL, out, &b, 100, 0));
    char buf[32];
    show("teed bytes", read(q[0], buf, sizeof buf));
    say("%.5s", buf);
    show_file("out");
    show("splice file to file", splice(in, NULL, out, NULL, 1, 0));
    show("splice with a pipe offset", splice(p[0], &a, out, NULL, 1, 0));
    show("splice nonblocking, empty", splice(p[0], NULL, out, NULL, 1, SPLICE_F_NONBLOCK));
    show("tee on files", tee(in, out, 1, 0));
    show("sendfile to a read-only file", sendfile(in, out, NULL, 1));
    show("sendfile from a write-only file", sendfile(out, open("out", O_WRONLY), NULL, 1));
}
