/* system_posix.c: system.h for POSIX systems. */
#include "selftest/system.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#include <sys/sysctl.h>
#endif

enum { PATH_CAP = 4096 };

static char own_path[PATH_CAP];

static void find_own_path(const char *argument0)
{
    char path[PATH_CAP] = "";
#ifdef __APPLE__
    uint32_t cap = PATH_CAP;
    if (_NSGetExecutablePath(path, &cap) != 0) {
        path[0] = 0;
    }
#else
    ssize_t len = readlink("/proc/self/exe", path, PATH_CAP - 1);
    path[len > 0 ? len : 0] = 0;
#endif
    if (path[0] == 0 && strchr(argument0, '/') != NULL && realpath(argument0, path) == NULL) {
        path[0] = 0;
    }
    strcpy(own_path, path);
}

void system_prepare(const char *argument0)
{
    setvbuf(stdout, NULL, _IOLBF, 4096);
    find_own_path(argument0);
}

const char *system_own_path(void)
{
    return own_path[0] != 0 ? own_path : NULL;
}

/* Letters of other cases than lower, and separators, are replaced. */
static void make_name(char *name)
{
    for (; *name != 0; name++) {
        bool is_upper = *name >= 'A' && *name <= 'Z';
        bool is_kept = (*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9') ||
                       strchr(".-_", *name) != NULL;
        if (is_upper) {
            *name = (char)(*name - 'A' + 'a');
        } else if (!is_kept) {
            *name = '-';
        }
    }
}

/* The marketing version of macOS, or the distribution's name, is in no field of uname. */
static void find_product(char *out, size_t cap)
{
    out[0] = 0;
#ifdef __APPLE__
    size_t len = cap;
    if (sysctlbyname("kern.osproductversion", out, &len, NULL, 0) != 0) {
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

void system_describe(system_facts *out)
{
    struct utsname names;
    char product[SYSTEM_TEXT_CAP];
    memset(out, 0, sizeof *out);
    memset(&names, 0, sizeof names);
    (void)uname(&names);
    find_product(product, sizeof product);
    snprintf(out->name, sizeof out->name, "%.20s-%.40s-%.20s", names.sysname, names.release,
             names.machine);
    make_name(out->name);
    snprintf(out->version, sizeof out->version, "%.20s %.40s %.50s", names.sysname, names.release,
             product);
    snprintf(out->processor, sizeof out->processor, "%.40s", names.machine);
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    out->processors = count > 0 ? (unsigned)count : 1;
}

FILE *system_open_beside(const char *name, bool *is_beside)
{
    char path[PATH_CAP + 256];
    const char *slash = strrchr(own_path, '/');
    FILE *file = NULL;
    if (slash != NULL) {
        snprintf(path, sizeof path, "%.*s/%s", (int)(slash - own_path), own_path, name);
        file = fopen(path, "w");
    }
    *is_beside = file != NULL;
    return file != NULL ? file : fopen(name, "w");
}

void system_private_names(char user[SYSTEM_TEXT_CAP], char host[SYSTEM_TEXT_CAP])
{
    const char *known = getenv("USER");
    snprintf(user, SYSTEM_TEXT_CAP, "%.100s", known != NULL ? known : "");
    if (gethostname(host, SYSTEM_TEXT_CAP - 1) != 0) {
        host[0] = 0;
    }
    host[SYSTEM_TEXT_CAP - 1] = 0;
    host[strcspn(host, ".")] = 0;
}

void system_keep_console(void)
{
}

uint64_t system_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void system_pause_ms(unsigned milliseconds)
{
    struct timespec pause = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    (void)nanosleep(&pause, NULL);
}

uint64_t system_processor_ms(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}
