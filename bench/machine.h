/* machine.h: settings of the process that runs a benchmark. Include it after _GNU_SOURCE is
 * defined. */
#ifndef FERRULE_BENCH_MACHINE_H
#define FERRULE_BENCH_MACHINE_H

#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Wakeups across processors would dominate the measurement. */
static inline void bench_use_one_processor(void)
{
#ifdef __linux__
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) {
        printf("# not bound to one processor\n");
    }
#endif
}

/* Raises the limit of descriptors to `wanted` or, without that privilege, to its maximum. Returns
 * the limit; 1024 if it is unknown. */
static inline size_t bench_raise_descriptors(size_t wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1024;
    }
    const rlim_t asked = (rlim_t)wanted; /* FreeBSD's type is signed */
    const struct rlimit higher = {asked, limit.rlim_max < asked ? asked : limit.rlim_max};
    if (limit.rlim_cur >= asked || setrlimit(RLIMIT_NOFILE, &higher) == 0) {
        return limit.rlim_cur >= asked ? (size_t)limit.rlim_cur : wanted;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return (size_t)limit.rlim_cur;
}

#ifdef __linux__
/* Moves the calling thread into the network namespace of a path, or nowhere if it is NULL. Returns
 * what bench_leave_namespace needs. */
static inline int bench_enter_namespace(const char *path)
{
    if (path == NULL) {
        return -1;
    }
    int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    int other = open(path, O_RDONLY | O_CLOEXEC);
    if (home < 0 || other < 0 || setns(other, CLONE_NEWNET) != 0) {
        perror("setns");
        exit(1);
    }
    (void)close(other);
    return home;
}

static inline void bench_leave_namespace(int home)
{
    if (home < 0) {
        return;
    }
    if (setns(home, CLONE_NEWNET) != 0) {
        perror("setns");
        exit(1);
    }
    (void)close(home);
}
#endif

#endif
