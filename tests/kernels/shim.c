/* shim.c: what the shims of all kernels share: the functions of the C library that make no system
 * call of the kernel. */
#define _GNU_SOURCE 1
#include "kernels/shim.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

long shim_traced(const char *call, long argument, long result)
{
    static int is_on = -1;
    int code = errno;
    if (is_on < 0) {
        is_on = getenv("KERNEL_TRACE") != NULL;
    }
    if (is_on && result < 0) {
        (void)fprintf(stderr, "[%d] %s(%ld) = %ld, errno %d\n", (int)gettid(), call, argument,
                      result, code);
    } else if (is_on) {
        (void)fprintf(stderr, "[%d] %s(%ld) = %ld\n", (int)gettid(), call, argument, result);
    }
    errno = code;
    return result;
}

/* ---- Calls that are others with fewer parameters */

extern ssize_t kernel_sendto(int fd, const void *buf, size_t len, int flags, const void *addr,
                             unsigned size);
extern ssize_t kernel_recvfrom(int fd, void *buf, size_t len, int flags, void *addr,
                               unsigned *size);
extern int kernel_pipe2(int *ends, int flags);

ssize_t kernel_send(int fd, const void *buf, size_t len, int flags)
{
    return kernel_sendto(fd, buf, len, flags, NULL, 0);
}

ssize_t kernel_recv(int fd, void *buf, size_t len, int flags)
{
    return kernel_recvfrom(fd, buf, len, flags, NULL, NULL);
}

int kernel_pipe(int *ends)
{
    return kernel_pipe2(ends, 0);
}

/* ---- errno, time, text */

/* NetBSD's and FreeBSD's errno. */
int *__errno(void)
{
    return &errno;
}

int *__error(void)
{
    return &errno;
}

/* The texts are not in a kernel. */
int kernel_strerror_r(int code, char *buf, size_t cap)
{
    return (size_t)snprintf(buf, cap, "Unknown error: %d", code) < cap ? 0 : ERANGE;
}

/* CLOCK_MONOTONIC is 3 on NetBSD and 4 on FreeBSD, CLOCK_REALTIME is 0. */
int kernel_clock_gettime(int clock, struct timespec *out)
{
    return clock_gettime(clock == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, out);
}

int __clock_gettime50(int clock, struct timespec *out)
{
    return kernel_clock_gettime(clock, out);
}

int kernel_clock_getres(int clock, struct timespec *out)
{
    return clock_getres(clock == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, out);
}

int __clock_getres50(int clock, struct timespec *out)
{
    return kernel_clock_getres(clock, out);
}

/* The numbers of the signals that the tests use are the same. */
void (*kernel_signal(int number, void (*handler)(int)))(int)
{
    return signal(number, handler);
}

/* NetBSD's and FreeBSD's standard streams. Only the error output is used. */
char __sF[3 * 1024];
void *__stderrp;

int kernel_fprintf(void *file, const char *format, ...)
{
    va_list arguments;
    (void)file;
    va_start(arguments, format);
    int count = vfprintf(stderr, format, arguments);
    va_end(arguments);
    return count;
}

/* The kernel's file system has none of the folders of the environment. */
char *kernel_getenv(const char *name)
{
    (void)name;
    return NULL;
}

char *kernel_mkdtemp(char *pattern)
{
    static unsigned number;
    size_t len = strlen(pattern);
    (void)snprintf(pattern + len - 6, 7, "%06u", ++number % 1000000);
    return shim_make_directory(pattern) ? pattern : NULL;
}

/* The process of the kernel is root's. It has the number that the kernel records for a peer. */
int kernel_getpid(void)
{
    return shim_process;
}

unsigned kernel_geteuid(void)
{
    return 0;
}

unsigned kernel_getegid(void)
{
    return 0;
}

int kernel_isatty(int file)
{
    (void)file;
    return 0;
}

/* ---- Names. This system's resolver answers, and the answer gets the form of the BSDs. */

struct kernel_addrinfo {
    int flags;
    int family;
    int type;
    int protocol;
    unsigned addr_len;
    char *canonical_name;
    void *addr;
    struct kernel_addrinfo *next;
};

/* A list's entries are one array, whose first entry is the list. */
struct entry {
    struct kernel_addrinfo info;
    unsigned char addr[sizeof(struct sockaddr_in6)];
};

/* netdb.h of both systems. FreeBSD 13 has no EAI_NODATA. */
static int kernel_code_of(int code)
{
    switch (code) {
    case 0: return 0;
    case EAI_AGAIN: return 2;
    case EAI_BADFLAGS: return 3;
    case EAI_FAIL: return 4;
    case EAI_FAMILY: return 5;
    case EAI_MEMORY: return 6;
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
    case EAI_NONAME: return 8;
    case EAI_SERVICE: return 9;
    case EAI_SOCKTYPE: return 10;
    default: return 11;
    }
}

/* This system's text for the code of the BSDs, whose own texts are not in a kernel. */
const char *kernel_gai_strerror(int code)
{
    static const int codes[] = {EAI_AGAIN,  EAI_BADFLAGS, EAI_FAIL,    EAI_FAMILY,
                                EAI_MEMORY, EAI_NONAME,   EAI_SERVICE, EAI_SOCKTYPE};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (kernel_code_of(codes[i]) == code) {
            return gai_strerror(codes[i]);
        }
    }
    return gai_strerror(EAI_SYSTEM);
}

/* A BSD's address begins with its length and its family, of a byte each. The rest is the same. */
static void translate(const struct addrinfo *from, struct entry *to)
{
    bool is_v6 = from->ai_family == AF_INET6;
    to->info = (struct kernel_addrinfo){
        .family = is_v6 ? shim_family_v6 : from->ai_family,
        .type = from->ai_socktype,
        .protocol = from->ai_protocol,
        .addr_len = (unsigned)from->ai_addrlen,
        .addr = to->addr,
    };
    memcpy(to->addr, from->ai_addr, from->ai_addrlen);
    to->addr[0] = (unsigned char)from->ai_addrlen;
    to->addr[1] = (unsigned char)to->info.family;
}

/* The kernel's lo0 is this system's lo. A scope's number is accepted where its name is. */
static const char *without_scope_name(const char *host, char *text, size_t cap)
{
    const char *scope = host == NULL ? NULL : strchr(host, '%');
    if (scope == NULL || strcmp(scope, "%lo0") != 0 || strlen(host) >= cap) {
        return host;
    }
    (void)snprintf(text, cap, "%.*s%%%d", (int)(scope - host), host, SHIM_LOOPBACK);
    return text;
}

int kernel_getaddrinfo(const char *host, const char *service, const struct kernel_addrinfo *hints,
                       struct kernel_addrinfo **found)
{
    struct addrinfo *list = NULL;
    struct addrinfo wanted = {.ai_socktype = hints->type, .ai_protocol = hints->protocol};
    wanted.ai_family = hints->family == shim_family_v6 ? AF_INET6 : hints->family;
    char text[128];
    host = without_scope_name(host, text, sizeof text);
    int code = getaddrinfo(host, service, &wanted, &list);
    if (code != 0) {
        return kernel_code_of(code);
    }
    size_t count = 0;
    for (const struct addrinfo *from = list; from != NULL; from = from->ai_next) {
        count++;
    }
    struct entry *entries = calloc(count, sizeof *entries);
    if (entries != NULL) {
        size_t i = 0;
        for (const struct addrinfo *from = list; from != NULL; from = from->ai_next, i++) {
            translate(from, &entries[i]);
            entries[i].info.next = i + 1 < count ? &entries[i + 1].info : NULL;
        }
    }
    freeaddrinfo(list);
    *found = entries == NULL ? NULL : &entries[0].info;
    return entries == NULL ? kernel_code_of(EAI_MEMORY) : 0;
}

void kernel_freeaddrinfo(struct kernel_addrinfo *list)
{
    free(list);
}

/* ---- Interfaces. The kernel has only its loopback. */

char *kernel_if_indextoname(unsigned index, char *name)
{
    return index == SHIM_LOOPBACK ? strcpy(name, "lo0") : NULL;
}

unsigned kernel_if_nametoindex(const char *name)
{
    return strcmp(name, "lo0") == 0 ? SHIM_LOOPBACK : 0;
}
