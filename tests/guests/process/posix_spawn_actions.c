// posix_spawn with file actions: open, dup2, close, chdir; the child's output lands in a file.
#include "../guest.h"
#include <spawn.h>

int main(int argc, char **argv) {
    if (argc > 1) {
        say("argument %s, cwd ends in %s", argv[1], strrchr(getcwd(NULL, 0), '/'));
        say("descriptor 9 %s", fcntl(9, F_GETFD) == -1 ? "closed" : "open");
        say("GREETING=%s", getenv("GREETING"));
        return 17;
    }
    MUST(mkdir("sub", 0755) == 0);
    MUST(dup2(1, 9) == 9);
    posix_spawn_file_actions_t fa;
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addopen(&fa, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&fa, 1, 2);
    posix_spawn_file_actions_addclose(&fa, 9);
    posix_spawn_file_actions_addchdir_np(&fa, "sub");
    char *args[] = {"spawned", "one", NULL}, *env[] = {"GREETING=hello", NULL};
    pid_t pid;
    show_err("posix_spawn", posix_spawn(&pid, "/proc/self/exe", &fa, NULL, args, env));
    reap("child", pid);
    show_file("out");
    show("our descriptor 9", fcntl(9, F_GETFD));

    posix_spawn_file_actions_destroy(&fa);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addopen(&fa, 0, "missing/file", O_RDONLY, 0);
    show_err("a failing file action", posix_spawn(&pid, "/proc/self/exe", &fa, NULL, args, env));
    show_err("a missing program", posix_spawn(&pid, "./missing", NULL, NULL, args, env));
    show("no child is left", wait(NULL));
}
