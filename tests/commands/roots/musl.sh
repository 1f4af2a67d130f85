# A root as Alpine has it: musl as the only C library of its programs, busybox for everything else.
r=$1
mkdir -p "$r"/bin "$r"/sbin "$r"/lib/apk/db "$r"/usr/bin "$r"/usr/sbin "$r"/usr/lib "$r"/etc/apk "$r"/dev "$r"/proc "$r"/sys "$r"/root "$r"/home "$r"/run
mkdir "$r"/var; mkdir -m 1777 "$r"/tmp "$r"/var/tmp
mknod -m 666 "$r"/dev/null c 1 3
cp "$(find /lib/*musl* /usr/lib/*musl* -name libc.so | head -1)" "$r"/lib/ld-musl-x86_64.so.1
ln -s ld-musl-x86_64.so.1 "$r"/lib/libc.musl-x86_64.so.1
echo x86_64 > "$r"/etc/apk/arch
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n' > "$r"/etc/passwd
printf 'root:x:0:root\nnobody:x:65534:\n' > "$r"/etc/group
# Debian's busybox wants glibc, which it gets in the places where musl does not look.
cp /bin/busybox "$r"/bin/busybox
for l in $(ldd /bin/busybox | grep -o '/[^ ]*'); do
    mkdir -p "$r/${l%/*}"
    cp -L "$l" "$r$l"
done
for a in $(busybox --list-full); do
    mkdir -p "$r/$(dirname "$a")"
    [ -e "$r/$a" ] || ln -s /bin/busybox "$r/$a"
done
cat > "$r"/tmp/m.c <<'X'
#include <dlfcn.h>
#include <dirent.h>
#include <fnmatch.h>
#include <iconv.h>
#include <pthread.h>
#include <pwd.h>
#include <regex.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
extern char **environ;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turns;
static __thread int mine;
static void *thread(void *arg)
{
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        turns++;
        mine++;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&lock);
    }
    return (void *)(long)mine;
}
int main(int argc, char **argv)
{
    if (argc > 1) {
        printf("again: %s\n", argv[1]);
        return 9;
    }
    pthread_t t[4];
    long sum = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], 0, thread, 0);
    pthread_mutex_lock(&lock);
    while (turns < 4000)
        pthread_cond_wait(&cond, &lock);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 4; i++) {
        void *r;
        pthread_join(t[i], &r);
        sum += (long)r;
    }
    printf("turns %d sum %ld\n", turns, sum);
    printf("%s %s\n", getpwuid(0)->pw_name, getpwnam("nobody")->pw_dir);
    char line[80];
    FILE *p = popen("seq 3 | tac", "r");
    while (fgets(line, sizeof line, p))
        fputs(line, stdout);
    printf("popen %d\n", pclose(p));
    pid_t pid;
    char *args[] = {"m", "spawned", 0};
    fflush(stdout);
    int status = 0;
    printf("spawn %d", posix_spawn(&pid, "/bin/m", 0, 0, args, environ));
    waitpid(pid, &status, 0);
    printf(" status %d\n", WEXITSTATUS(status));
    regex_t re;
    printf("regex %d", regcomp(&re, "^a+b$", REG_EXTENDED));
    printf(" %d\n", regexec(&re, "aaab", 0, 0, 0));
    void *self = dlopen(0, RTLD_NOW);
    printf("dl %d\n", dlsym(self, "printf") != 0);
    time_t when = 86400 * 365;
    strftime(line, sizeof line, "%F %T", gmtime(&when));
    puts(line);
    char in[] = "gr\xc3\xbcn", out[32], *i = in, *o = out;
    size_t il = strlen(in), ol = sizeof out;
    iconv_t c = iconv_open("UTF-16LE", "UTF-8");
    printf("iconv %zd, %zu bytes\n", (ssize_t)iconv(c, &i, &il, &o, &ol), sizeof out - ol);
    char name[] = "/tmp/mXXXXXX";
    int fd = mkstemp(name);
    printf("file %zd\n", write(fd, "text", 4));
    unlink(name);
    return 5;
}
X
musl-gcc -O1 "$r"/tmp/m.c -o "$r"/bin/m
musl-gcc -O1 -static "$r"/tmp/m.c -o "$r"/bin/m-static
rm "$r"/tmp/m.c
