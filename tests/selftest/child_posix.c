/* child_posix.c: child.h for POSIX systems. */
#include "selftest/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "selftest/system.h"

enum { ARGUMENTS_MAX = 8 };

/* Async-signal-safe calls only. The group of its own lets child_kill reach its children. An
 * emulator of the processor, if it is not NULL, runs the program. */
static void become(const char *emulator, const char *path, const char *const *arguments, int output)
{
    char *all[ARGUMENTS_MAX + 3] = {NULL};
    size_t count = 0;
    if (emulator != NULL && emulator[0] != 0) {
        all[count++] = (char *)(uintptr_t)emulator;
    }
    all[count++] = (char *)(uintptr_t)path;
    for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i] != NULL; i++) {
        all[count++] = (char *)(uintptr_t)arguments[i];
    }
    (void)setpgid(0, 0);
    int nothing = open("/dev/null", O_RDONLY);
    if (dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) {
        _exit(126);
    }
    if (nothing > 2) {
        (void)close(nothing);
    }
    (void)execv(all[0], all);
    _exit(127);
}

bool child_start(struct child *child, const char *const *arguments)
{
    int ends[2];
    const char *path = system_own_path();
    const char *emulator = getenv("FERRULE_SELFTEST_EMULATOR");
    memset(child, 0, sizeof *child);
    if (path == NULL || pipe(ends) != 0) {
        return false;
    }
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    pid_t process = fork();
    if (process == 0) {
        become(emulator, path, arguments, ends[1]);
    }
    (void)close(ends[1]);
    if (process < 0) {
        (void)close(ends[0]);
        return false;
    }
    child->process = (uintptr_t)process;
    child->output = (uintptr_t)ends[0];
    child->is_running = true;
    return true;
}

size_t child_read(struct child *child, char *buf, size_t cap)
{
    ssize_t n = 0;
    do {
        n = read((int)child->output, buf, cap);
    } while (n < 0 && errno == EINTR);
    return n > 0 ? (size_t)n : 0;
}

static void set_end(struct child *child, int status)
{
    child->is_running = false;
    child->has_crashed = WIFSIGNALED(status);
    child->code = (uint32_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

void child_check(struct child *child)
{
    int status = 0;
    if (child->is_running && waitpid((pid_t)child->process, &status, WNOHANG) > 0) {
        set_end(child, status);
    }
}

void child_kill(struct child *child)
{
    int status = 0;
    if (child->is_running) {
        (void)kill(-(pid_t)child->process, SIGKILL);
        (void)kill((pid_t)child->process, SIGKILL);
        while (waitpid((pid_t)child->process, &status, 0) < 0 && errno == EINTR) {
        }
        set_end(child, status);
    }
}

void child_close(struct child *child)
{
    (void)close((int)child->output);
}
