// VERASE, VKILL, VWERASE and VREPRINT edit the line, and what they echo depends on ECHOE, ECHOK, ECHOKE, ECHOPRT, ECHOCTL.
#include "pty.h"

static void both(const char *what, int m, int s, const char *keys) {
    type(m, keys);
    char label[80];
    snprintf(label, sizeof label, "%s, line", what);
    hear(label, s);
    snprintf(label, sizeof label, "%s, echo", what);
    hear(label, m);
}

int main(void) {
    int s, m = pty(&s);
    both("erase", m, s, "abx\177c\n");
    both("erase too much", m, s, "a\177\177\177b\n");
    both("erase control", m, s, "a\001\177b\n");
    both("erase tab", m, s, "ab\tc\177\177d\n");
    both("word", m, s, "one two  \027three\n");
    both("word with signs", m, s, "foo-bar\027x\n");
    both("kill", m, s, "wrong line\025right\n");
    both("reprint", m, s, "ab\022c\n");
    both("no erase over a line's end", m, s, "done\n\177\177x\n");
    hear("its second", s);
    both("a tab echoed", m, s, "x\ty\n");
    local_flags(s, 0, ECHOKE);
    both("kill without ECHOKE", m, s, "wrong\025right\n");
    local_flags(s, 0, ECHOK);
    both("kill without ECHOK", m, s, "wrong\025right\n");
    local_flags(s, ECHOKE | ECHOK, ECHOE);
    both("erase without ECHOE", m, s, "abx\177c\n");
    local_flags(s, ECHOPRT | ECHOE, 0);
    both("ECHOPRT", m, s, "abcd\177\177e\n");
    local_flags(s, 0, ECHOPRT | ECHOCTL);
    both("control without ECHOCTL", m, s, "a\001b\177\177\n");
    local_flags(s, ECHOCTL, ECHO);
    both("no echo", m, s, "quiet\177t\n");
    local_flags(s, ECHONL, 0);
    both("ECHONL", m, s, "quiet\n");
    local_flags(s, 0, IEXTEN);
    both("no IEXTEN", m, s, "one two\027\026x\n");
}
