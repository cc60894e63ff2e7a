/* shim.h: what the shims share. A shim defines kernel_NAME for each function NAME of the C library
 * that the files compiled with the kernel's headers call. This system's headers compile the shim,
 * so the kernel's structures are pointers to void in it. */
#ifndef TEST_BSD_SHIM_H
#define TEST_BSD_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Prints the call and its result if the environment has KERNEL_TRACE. Returns the result. */
long shim_traced(const char *call, long argument, long result);

enum { SHIM_LOOPBACK = 1 }; /* the index of lo0 */

/* ---- By the shim of each system */

extern const int shim_family_v6; /* AF_INET6 */

/* Before and after a call of the kernel. */
void shim_enter(void);
void shim_leave(void);

/* A directory in the kernel's file system. */
bool shim_make_directory(const char *path);

/* ---- The system calls. Each shim defines KERNEL(entry), the name of the kernel's function. */

/* Returns the result of the call, with what KERNEL_TRACE prints of it. */
#define SHIM_RETURN(type, call, shown, ...)                         \
    do {                                                            \
        shim_enter();                                               \
        const long shim_result = (__VA_ARGS__);                     \
        shim_leave();                                               \
        return (type)shim_traced(call, (long)(shown), shim_result); \
    } while (0)

/* Defines function, which is a call of an entry with the same parameters. */
#define SHIM_CALL_AS(function, type, entry, shown, parameters, arguments) \
    extern type KERNEL(entry) parameters;                                 \
    type function parameters                                              \
    {                                                                     \
        SHIM_RETURN(type, #entry, shown, KERNEL(entry) arguments);        \
    }
#define SHIM_CALL(type, name, shown, parameters, arguments) \
    SHIM_CALL_AS(kernel_##name, type, name, shown, parameters, arguments)

/* Those that are the same over every kernel. */
/* clang-format off */
#define SHIM_CALLS                                                                                 \
    SHIM_CALL(int, socketpair, domain, (int domain, int type, int protocol, int *pair),            \
              (domain, type, protocol, pair))                                                      \
    SHIM_CALL(int, connect, fd, (int fd, const void *addr, unsigned len), (fd, addr, len))         \
    SHIM_CALL(int, getsockname, fd, (int fd, void *addr, unsigned *len), (fd, addr, len))          \
    SHIM_CALL(int, getpeername, fd, (int fd, void *addr, unsigned *len), (fd, addr, len))          \
    SHIM_CALL(int, getsockopt, fd, (int fd, int level, int name, void *value, unsigned *len),      \
              (fd, level, name, value, len))                                                       \
    SHIM_CALL(int, setsockopt, fd, (int fd, int level, int name, const void *value, unsigned len), \
              (fd, level, name, value, len))                                                       \
    SHIM_CALL(int, shutdown, fd, (int fd, int how), (fd, how))                                     \
    SHIM_CALL(ssize_t, sendto, fd,                                                                 \
              (int fd, const void *buf, size_t len, int flags, const void *addr, unsigned size),   \
              (fd, buf, len, flags, addr, size))                                                   \
    SHIM_CALL(ssize_t, sendmsg, fd, (int fd, const void *message, int flags),                      \
              (fd, message, flags))                                                                \
    SHIM_CALL(ssize_t, recvfrom, fd,                                                               \
              (int fd, void *buf, size_t len, int flags, void *addr, unsigned *size),              \
              (fd, buf, len, flags, addr, size))                                                   \
    SHIM_CALL(ssize_t, recvmsg, fd, (int fd, void *message, int flags), (fd, message, flags))      \
    SHIM_CALL(ssize_t, read, fd, (int fd, void *buf, size_t len), (fd, buf, len))                  \
    SHIM_CALL(ssize_t, write, fd, (int fd, const void *buf, size_t len), (fd, buf, len))           \
    SHIM_CALL(int, dup, fd, (int fd), (fd))                                                        \
    SHIM_CALL(int, fcntl, fd, (int fd, int command, long argument), (fd, command, argument))       \
    SHIM_CALL(int, ioctl, fd, (int fd, unsigned long request, void *argument),                     \
              (fd, request, argument))                                                             \
    SHIM_CALL(int, pipe2, flags, (int *ends, int flags), (ends, flags))                            \
    SHIM_CALL_AS(kqueue, int, kqueue, 0, (void), ())
/* clang-format on */

/* The number of the kernel's process. */
extern const int shim_process;

#endif
