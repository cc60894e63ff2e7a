/* system_posix.c: selftest.h for POSIX systems. */
#include "selftest/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

static const char *own_program;

void system_prepare(const char *program)
{
    own_program = program;
}

/* The marketing version of macOS, or the distribution's name, is in no field of uname. */
static void find_product(char *out, size_t cap)
{
    out[0] = 0;
#ifdef __APPLE__
    if (sysctlbyname("kern.osproductversion", out, &cap, NULL, 0) != 0) {
        out[0] = 0;
    }
#else
    char line[256];
    FILE *file = fopen("/etc/os-release", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "PRETTY_NAME=", 12) == 0) {
            line[strcspn(line, "\n")] = 0;
            snprintf(out, cap, "%.80s", line + 12);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
#endif
}

void system_describe(struct system_facts *out)
{
    struct utsname names;
    char product[SYSTEM_TEXT_CAP];
    memset(out, 0, sizeof *out);
    memset(&names, 0, sizeof names);
    (void)uname(&names);
    find_product(product, sizeof product);
    snprintf(out->name, sizeof out->name, "%.20s-%.40s-%.20s", names.sysname, names.release,
             names.machine);
    snprintf(out->version, sizeof out->version, "%.20s %.40s %.50s", names.sysname, names.release,
             product);
    snprintf(out->processor, sizeof out->processor, "%.40s", names.machine);
    snprintf(out->host, sizeof out->host, "%.*s", (int)strcspn(names.nodename, "."),
             names.nodename);
}

void system_keep_console(void)
{
}

/* The group of its own lets child_kill reach its children. An emulator of the processor, if the
 * environment names one, runs the program. */
FILE *child_start(const char *argument, intptr_t *child)
{
    int ends[2];
    const char *emulator = getenv("FERRULE_SELFTEST_EMULATOR");
    if (pipe(ends) != 0) {
        return NULL;
    }
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    pid_t process = fork();
    if (process == 0) {
        (void)setpgid(0, 0);
        (void)dup2(ends[1], 1);
        (void)dup2(ends[1], 2);
        (void)close(ends[1]);
        if (emulator != NULL && emulator[0] != 0) {
            (void)execlp(emulator, emulator, own_program, argument, (char *)NULL);
        }
        (void)execlp(own_program, own_program, argument, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    *child = process;
    return process < 0 ? NULL : fdopen(ends[0], "r");
}

void child_kill(intptr_t child)
{
    (void)kill(-(pid_t)child, SIGKILL);
    (void)kill((pid_t)child, SIGKILL);
}

bool child_end(intptr_t child, unsigned *code)
{
    int status = 0;
    while (waitpid((pid_t)child, &status, 0) < 0 && errno == EINTR) {
    }
    *code = (unsigned)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return WIFSIGNALED(status);
}
