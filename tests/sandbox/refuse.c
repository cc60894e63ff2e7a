/* refuse.c: runs suites of a test program in a sandbox that refuses system calls or options, as
 * seccomp filters of containers and old kernels do, or that ends the program, as Android does.
 * Linux on x86-64 and arm64 only.
 * usage: refuse eperm|enosys CASE PROGRAM SUITE...
 *        refuse kill|dies LEVEL PROGRAM SUITE...
 *   CASE   a case of refusals.h, or all
 *   LEVEL  an API level of Android: the calls of android.h that it does not permit; 26-poll: but
 *          not poll
 *   dies   each suite must end by such a call */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/android.h"
#include "sandbox/refusals.h"

#define SKIPPED 77

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* ---- The cases */

enum { RULES_MAX = 2, CHECKS_MAX = 2, INSTRUCTIONS_MAX = 512 };

/* The call is refused if each argument has this value in the bits of its mask. A mask of 0 is no
 * check. */
struct rule {
    long call; /* 0: no rule */
    struct check {
        unsigned argument;
        unsigned mask;
        unsigned value;
    } checks[CHECKS_MAX];
};

struct refusal {
    const char *name;
    struct rule rules[RULES_MAX];
};

/* clang-format off */
#define CALL(call) {{SYS_##call, {{0, 0, 0}}}}
#define CALL_WITH(call, argument, value) {{SYS_##call, {{argument, ~0u, value}}}}
#define CALL_WITH_BIT(call, argument, bit) {{SYS_##call, {{argument, bit, bit}}}}
#define CALL_AND_WITH(call, other, argument, value) \
    {{SYS_##call, {{0, 0, 0}}}, {SYS_##other, {{argument, ~0u, value}}}}
#define OPTION(level, name) \
    {{SYS_setsockopt, {{1, ~0u, level}, {2, ~0u, name}}}, \
     {SYS_getsockopt, {{1, ~0u, level}, {2, ~0u, name}}}}
#define NO_OTHER_WAY {{0, {{0, 0, 0}}}}
/* clang-format on */

static const struct refusal refusals[] = {
#define ROW(name, rules, suites) {#name, rules},
    REFUSALS(ROW)
#undef ROW
};

/* The calls of Android, and the API levels that permit them. */
static const struct {
    const char *name;
    struct rule rule;
    int level;
} kills[] = {
#define ROW(name, number, level) {#name, {number, {{0, 0, 0}}}, level},
    ANDROID_KILLS(ROW)
#undef ROW
};

enum {
    REFUSAL_COUNT = sizeof refusals / sizeof refusals[0],
    KILL_COUNT = sizeof kills / sizeof kills[0],
    SELECTED_MAX = RULES_MAX * REFUSAL_COUNT + KILL_COUNT
};

static bool is_selected(const struct refusal *refusal, const char *name)
{
    return strcmp(name, "all") == 0 || strcmp(name, refusal->name) == 0;
}

/* The rules of a case, of all cases, or of an API level. Returns their number. */
static size_t select_rules(const char *name, struct rule *out)
{
    size_t count = 0;
    int level = atoi(name);
    const char *except = strchr(name, '-');
    for (size_t i = 0; i < KILL_COUNT && level > 0; i++) {
        bool is_except = except != NULL && strcmp(except + 1, kills[i].name) == 0;
        if (kills[i].level > level && !is_except) {
            out[count++] = kills[i].rule;
        }
    }
    for (size_t i = 0; i < REFUSAL_COUNT; i++) {
        for (size_t j = 0; j < RULES_MAX && is_selected(&refusals[i], name); j++) {
            if (refusals[i].rules[j].call != 0) {
                out[count++] = refusals[i].rules[j];
            }
        }
    }
    return count;
}

static bool is_case(const char *name)
{
    bool found = atoi(name) > 0;
    for (size_t i = 0; i < REFUSAL_COUNT; i++) {
        found = found || is_selected(&refusals[i], name);
    }
    return found;
}

/* ---- The filter (seccomp(2)) */

struct filter {
    struct sock_filter steps[INSTRUCTIONS_MAX];
    unsigned short count;
};

static void append(struct filter *filter, struct sock_filter step)
{
    filter->steps[filter->count++] = step;
}

static void load(struct filter *filter, size_t offset)
{
    append(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}

/* Compares what was loaded, and jumps over `skipped` steps if it differs. */
static void compare(struct filter *filter, unsigned value, size_t skipped)
{
    append(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0,
                                                (unsigned char)skipped));
}

/* Three steps for each check. The low half of an argument comes first. */
static void append_rule(struct filter *filter, const struct rule *rule, unsigned action)
{
    size_t checks = 0;
    while (checks < CHECKS_MAX && rule->checks[checks].mask != 0) {
        checks++;
    }
    load(filter, offsetof(struct seccomp_data, nr));
    compare(filter, (unsigned)rule->call, 3 * checks + 1);
    for (size_t i = 0; i < checks; i++) {
        const struct check *check = &rule->checks[i];
        load(filter, offsetof(struct seccomp_data, args) + check->argument * sizeof(uint64_t));
        append(filter, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, check->mask));
        compare(filter, check->value, 3 * (checks - i - 1) + 1);
    }
    append(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* False: the system has no filters. */
static bool install(const struct rule *rules, size_t count, unsigned action)
{
    static struct filter filter;
    load(&filter, offsetof(struct seccomp_data, arch));
    compare(&filter, ARCHITECTURE, 0);
    for (size_t i = 0; i < count; i++) {
        append_rule(&filter, &rules[i], action);
    }
    append(&filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const struct sock_fprog program = {filter.count, filter.steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static long call(const struct rule *rule)
{
    long arguments[6] = {-1, -1, -1, -1, -1, -1};
    for (size_t i = 0; i < CHECKS_MAX && rule->checks[i].mask != 0; i++) {
        arguments[rule->checks[i].argument] = (long)rule->checks[i].value;
    }
    return syscall(rule->call, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                   arguments[5]);
}

static int status_of(pid_t child)
{
    int status = 0;
    return child < 0 || waitpid(child, &status, 0) != child ? -1 : status;
}

static bool is_killed(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

/* Whether the system call of a rule fails with the code of the action, or ends the process. Android
 * sends SIGSYS, which a program, as cmocka, can handle, so here the system ends it. */
static bool takes(const struct rule *rule, unsigned action)
{
    if (action != SECCOMP_RET_KILL_PROCESS) {
        return call(rule) == -1 && errno == (int)(action & SECCOMP_RET_DATA);
    }
    pid_t child = fork();
    if (child == 0) {
        (void)call(rule);
        _exit(0);
    }
    return is_killed(status_of(child));
}

/* ---- The suites */

enum { EXIT_NO_FILTER = 100, EXIT_NO_REFUSAL, EXIT_NO_PROGRAM, EXIT_KILLED };

static void run_in_sandbox(const struct rule *rules, size_t count, unsigned action,
                           char *const *arguments)
{
    if (!install(rules, count, action)) {
        _exit(EXIT_NO_FILTER);
    }
    for (size_t i = 0; i < count; i++) {
        if (!takes(&rules[i], action)) {
            _exit(EXIT_NO_REFUSAL);
        }
    }
    execv(arguments[0], arguments);
    _exit(EXIT_NO_PROGRAM);
}

static int run_suite(const struct rule *rules, size_t count, unsigned action, char *program,
                     char *suite)
{
    char *const arguments[] = {program, suite, NULL};
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        run_in_sandbox(rules, count, action, arguments);
    }
    int status = status_of(child);
    return is_killed(status)   ? EXIT_KILLED
           : WIFEXITED(status) ? WEXITSTATUS(status)
                               : EXIT_NO_PROGRAM;
}

/* Which of the calls ends a suite that ended: it runs again with each, without its output. */
static void name_calls(char *program, char *suite)
{
    (void)!freopen("/dev/null", "w", stdout);
    for (size_t i = 0; i < KILL_COUNT; i++) {
        if (run_suite(&kills[i].rule, 1, SECCOMP_RET_KILL_PROCESS, program, suite) == EXIT_KILLED) {
            fprintf(stderr, "refuse: %s ends by the system call %s\n", suite, kills[i].name);
        }
    }
}

static unsigned action_of(const char *mode)
{
    if (strcmp(mode, "kill") == 0 || strcmp(mode, "dies") == 0) {
        return SECCOMP_RET_KILL_PROCESS;
    }
    return SECCOMP_RET_ERRNO | (strcmp(mode, "eperm") == 0 ? EPERM : ENOSYS);
}

int main(int count, char **arguments)
{
    const struct rlimit no_core = {0, 0};
    struct rule rules[SELECTED_MAX];
    int failed = 0;
    if (count < 5 || !is_case(arguments[2])) {
        fprintf(stderr, "usage: refuse eperm|enosys CASE PROGRAM SUITE...\n"
                        "       refuse kill|dies LEVEL PROGRAM SUITE...\n");
        return 2;
    }
    (void)setrlimit(RLIMIT_CORE, &no_core);
    bool must_die = strcmp(arguments[1], "dies") == 0;
    unsigned action = action_of(arguments[1]);
    size_t selected = select_rules(arguments[2], rules);
    if (selected == 0) {
        printf("skipped: this processor has no other call than %s\n", arguments[2]);
        return SKIPPED;
    }
    if (must_die && freopen("/dev/null", "w", stdout) == NULL) { /* no report of a test */
        return 2;
    }
    for (int i = 4; i < count; i++) {
        int status = run_suite(rules, selected, action, arguments[3], arguments[i]);
        if (status == EXIT_NO_FILTER) {
            printf("skipped: this system does not let a process install a filter (seccomp(2))\n");
            return SKIPPED;
        }
        if (must_die ? status != EXIT_KILLED : status != 0 && status != SKIPPED) {
            fprintf(stderr, "refuse: %s fails in the sandbox %s %s: status %d\n", arguments[i],
                    arguments[1], arguments[2], status);
            failed++;
        }
        if (!must_die && status == EXIT_KILLED) {
            name_calls(arguments[3], arguments[i]);
        }
    }
    return failed != 0;
}
