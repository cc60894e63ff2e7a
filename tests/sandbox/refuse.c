/* refuse.c: runs suites of a test program in a sandbox that refuses system calls or options, as
 * seccomp filters of containers and old kernels do. Linux on x86-64 and arm64 only.
 * usage: refuse eperm|enosys CASE PROGRAM SUITE...
 *   CASE   a case of refusals.h, or all */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

enum { REFUSAL_COUNT = sizeof refusals / sizeof refusals[0] };

static bool is_selected(const struct refusal *refusal, const char *name)
{
    return strcmp(name, "all") == 0 || strcmp(name, refusal->name) == 0;
}

/* The rules of a case, or of all cases. Returns their number. */
static size_t select_rules(const char *name, struct rule *out)
{
    size_t count = 0;
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
    bool found = false;
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
static void append_rule(struct filter *filter, const struct rule *rule, unsigned code)
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
    append(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code));
}

/* False: the system has no filters. */
static bool install(const struct rule *rules, size_t count, int code)
{
    static struct filter filter;
    load(&filter, offsetof(struct seccomp_data, arch));
    compare(&filter, ARCHITECTURE, 0);
    for (size_t i = 0; i < count; i++) {
        append_rule(&filter, &rules[i], (unsigned)code);
    }
    append(&filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const struct sock_fprog program = {filter.count, filter.steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Whether the system call of a rule fails with the code. */
static bool refuses(const struct rule *rule, int code)
{
    long arguments[6] = {-1, -1, -1, -1, -1, -1};
    for (size_t i = 0; i < CHECKS_MAX && rule->checks[i].mask != 0; i++) {
        arguments[rule->checks[i].argument] = (long)rule->checks[i].value;
    }
    return syscall(rule->call, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                   arguments[5]) == -1 &&
           errno == code;
}

/* ---- The suites */

enum { EXIT_NO_FILTER = 100, EXIT_NO_REFUSAL, EXIT_NO_PROGRAM };

static void run_in_sandbox(const struct rule *rules, size_t count, int code, char *const *arguments)
{
    if (!install(rules, count, code)) {
        _exit(EXIT_NO_FILTER);
    }
    for (size_t i = 0; i < count; i++) {
        if (!refuses(&rules[i], code)) {
            _exit(EXIT_NO_REFUSAL);
        }
    }
    execv(arguments[0], arguments);
    _exit(EXIT_NO_PROGRAM);
}

static int run_suite(const char *name, int code, char *program, char *suite)
{
    struct rule rules[RULES_MAX * REFUSAL_COUNT];
    size_t count = select_rules(name, rules);
    char *const arguments[] = {program, suite, NULL};
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        run_in_sandbox(rules, count, code, arguments);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        return EXIT_NO_PROGRAM;
    }
    return WEXITSTATUS(status);
}

int main(int count, char **arguments)
{
    struct rule rules[RULES_MAX * REFUSAL_COUNT];
    int failed = 0;
    if (count < 5 || !is_case(arguments[2])) {
        fprintf(stderr, "usage: refuse eperm|enosys CASE PROGRAM SUITE...\n");
        return 2;
    }
    int code = strcmp(arguments[1], "eperm") == 0 ? EPERM : ENOSYS;
    if (select_rules(arguments[2], rules) == 0) {
        printf("skipped: this processor has no other call than %s\n", arguments[2]);
        return SKIPPED;
    }
    for (int i = 4; i < count; i++) {
        int status = run_suite(arguments[2], code, arguments[3], arguments[i]);
        if (status == EXIT_NO_FILTER) {
            printf("skipped: this system does not let a process install a filter (seccomp(2))\n");
            return SKIPPED;
        }
        if (status != 0 && status != SKIPPED) {
            printf("refuse: %s fails while %s is refused with %s: status %d\n", arguments[i],
                   arguments[2], arguments[1], status);
            failed++;
        }
    }
    return failed != 0;
}
