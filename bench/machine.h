/* machine.h: settings of the process that runs a benchmark. Include it after _GNU_SOURCE is
 * defined. */
#ifndef FERRULE_BENCH_MACHINE_H
#define FERRULE_BENCH_MACHINE_H

#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>

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

/* Raises the limit of descriptors to the maximum and returns it; 1024 if the limit is unknown. */
static inline rlim_t bench_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1024;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

#endif
