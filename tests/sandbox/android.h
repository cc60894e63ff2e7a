/* android.h: the system calls about descriptors and waits for which Android ends an app. Data only.
 *
 * The filter of an app permits what bionic itself calls, and few others: libc/SYSCALLS.TXT and
 * libc/SECCOMP_*.TXT of bionic, each release since Android 8 (API level 26), which has the first
 * filter. Its default is SECCOMP_RET_TRAP (libc/seccomp/seccomp_policy.cpp): SIGSYS. No row is a
 * call about files, identities or memory, or one that this system's C library makes on its own, as
 * clone3 (level 35), rseq and set_robust_list. */
#ifndef SANDBOX_ANDROID_H
#define SANDBOX_ANDROID_H

/* X(name, number, level): the API level that first permits the call on arm64 and x86-64. The
 * numbers from 424 on are those of each processor. */
#define ANDROID_KILLS(X)              \
    X(accept, SYS_accept, NEVER)      \
    X(membarrier, SYS_membarrier, 29) \
    X(statx, SYS_statx, 30)           \
    X(io_setup, SYS_io_setup, 28)     \
    X(io_submit, SYS_io_submit, 28)   \
    X(pidfd_send_signal, 424, 31)     \
    X(io_uring_setup, 425, NEVER)     \
    X(io_uring_enter, 426, NEVER)     \
    X(io_uring_register, 427, NEVER)  \
    X(pidfd_open, 434, 30)            \
    X(close_range, 436, 33)           \
    X(openat2, 437, NEVER)            \
    X(pidfd_getfd, 438, 31)           \
    X(epoll_pwait2, 441, 35)          \
    X(futex_waitv, 449, NEVER)        \
    ANDROID_KILLS_OF_OLD_PROCESSORS(X)

/* Only some processors have these. bionic makes the calls that arm64 has instead. */
#ifdef SYS_poll
#define ANDROID_KILLS_OF_OLD_PROCESSORS(X)   \
    X(dup2, SYS_dup2, NEVER)                 \
    X(epoll_create, SYS_epoll_create, NEVER) \
    X(epoll_wait, SYS_epoll_wait, NEVER)     \
    X(eventfd, SYS_eventfd, NEVER)           \
    X(inotify_init, SYS_inotify_init, NEVER) \
    X(pipe, SYS_pipe, NEVER)                 \
    X(poll, SYS_poll, NEVER)                 \
    X(select, SYS_select, NEVER)             \
    X(signalfd, SYS_signalfd, NEVER)
#else
#define ANDROID_KILLS_OF_OLD_PROCESSORS(X)
#endif

enum { NEVER = 10000 };

#endif
