// system, popen and a shell pipeline: the ordinary ways to run other programs.
#include "../guest.h"

int main(void) {
    show_status("exit 3", system("exit 3"));
    show_status("kill", system("kill -9 $$"));
    show_status("not found", system("/missing/program 2>/dev/null"));
    show_status("pipeline", system("echo one two | tr a-z A-Z > out; exit 5"));
    show_file("out");
    FILE *p = popen("cat; echo end", "w");
    MUST(p);
    fprintf(p, "to the child\n");
    fflush(p);
    show_status("writer", pclose(p));
    char line[64];
    MUST((p = popen("echo $((6 * 7))", "r")));
    MUST(fgets(line, sizeof line, p));
    line[strcspn(line, "\n")] = 0;
    say("read %s", line);
    show_status("reader", pclose(p));
    show("no child left", wait(NULL));
}
