/* found.h: what this system has beyond POSIX.1-2008, RFC 3493 and RFC 3542. A FERP_HAS_ macro is 1,
 * or it is 0 or not defined, and a builder may define each. The compiler finds a thing whose name
 * is a macro of the system's headers. A function or the meaning of a number has no macro: those are
 * listed by system. With FERRULE_PLAIN_POSIX nothing is found, but what a known kernel needs for
 * POSIX' own answers.
 *
 * What is not found is done by POSIX' calls, or is UNSUPPORTED. */
#ifndef FERP_POSIX_FOUND_H
#define FERP_POSIX_FOUND_H

#include "platform/posix/features.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __has_include
#if __has_include(<sys/filio.h>)
#include <sys/filio.h> /* FIONBIO and FIONREAD of illumos and Solaris */
#endif
#endif

/* Socket addresses begin with their length; accept inherits O_NONBLOCK. */
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__) || \
    defined(__DragonFly__)
#define FERP_POSIX_BSD 1
#endif

#ifdef FERRULE_PLAIN_POSIX
#define FERP_FOUND 0
#define FERP_FOUND_ON_LINUX 0
#else
#define FERP_FOUND 1
#ifdef __linux__
#define FERP_FOUND_ON_LINUX 1
#else
#define FERP_FOUND_ON_LINUX 0
#endif
#endif

/* ---- Errors. A system may lack these names, or have one number for two. No errno has these
 * values. */

#ifndef ESHUTDOWN
#define ESHUTDOWN (INT32_MAX - 1)
#endif
#ifndef EHOSTDOWN
#define EHOSTDOWN (INT32_MAX - 2)
#endif
#ifndef ESOCKTNOSUPPORT
#define ESOCKTNOSUPPORT (INT32_MAX - 3)
#endif
#if !defined(EPFNOSUPPORT) || EPFNOSUPPORT == EAFNOSUPPORT
#undef EPFNOSUPPORT
#define EPFNOSUPPORT (INT32_MAX - 4)
#endif
#ifndef ETOOMANYREFS
#define ETOOMANYREFS (INT32_MAX - 5)
#endif

/* ---- Descriptors */

/* A flag that creates a socket with close-on-exec; POSIX.1-2024 has it, and accept4 and pipe2. A
 * kernel of macOS may be older than its header. QNX has the flag alone, and accept4 of Cygwin
 * ignores its flags (socket_inet.cc). */
#if !defined(FERP_HAS_SOCK_CLOEXEC) && defined(SOCK_CLOEXEC) && !defined(__APPLE__)
#define FERP_HAS_SOCK_CLOEXEC FERP_FOUND
#endif
#if defined(__linux__) || defined(FERP_POSIX_BSD) || \
    (_POSIX_VERSION >= 202405L && !defined(__CYGWIN__))
#ifndef FERP_HAS_ACCEPT4
#define FERP_HAS_ACCEPT4 FERP_HAS_SOCK_CLOEXEC
#endif
#ifndef FERP_HAS_PIPE2
#define FERP_HAS_PIPE2 FERP_HAS_SOCK_CLOEXEC
#endif
#endif
#if !defined(FERP_HAS_CMSG_CLOEXEC) && defined(MSG_CMSG_CLOEXEC)
#define FERP_HAS_CMSG_CLOEXEC FERP_FOUND
#endif
/* ioctls of the mode and of close-on-exec, which need no query before. FIONREAD is no part of POSIX
 * either, but of each system with sockets. */
#if !defined(FERP_HAS_FIONBIO) && defined(FIONBIO)
#define FERP_HAS_FIONBIO FERP_FOUND
#endif
#if !defined(FERP_HAS_FIOCLEX) && defined(FIOCLEX) && defined(FIONCLEX) && !defined(__ANDROID__)
#define FERP_HAS_FIOCLEX FERP_FOUND
#endif
/* ioctls of a Unix socket that name network interfaces. SELinux of Android permits an app those of
 * an IP socket only, which bionic's if_nametoindex uses, and before 10 no FIONCLEX (sepolicy,
 * ioctl_macros). */
#if !defined(FERP_HAS_INTERFACE_IOCTLS) && !defined(__ANDROID__)
#define FERP_HAS_INTERFACE_IOCTLS FERP_FOUND_ON_LINUX
#endif
#ifndef FERP_HAS_EVENTFD
#define FERP_HAS_EVENTFD FERP_FOUND_ON_LINUX
#endif

/* ---- Receives and sends */

/* A send that raises no SIGPIPE: by a flag, or by an option of the socket. Otherwise each send
 * blocks the signal (sigpipe.c). macOS has both since its SDK 11. */
#if !defined(FERP_HAS_NOSIGNAL) && defined(MSG_NOSIGNAL)
#define FERP_HAS_NOSIGNAL FERP_FOUND
#endif
#if !defined(FERP_HAS_NOSIGPIPE) && defined(SO_NOSIGPIPE)
#define FERP_HAS_NOSIGPIPE FERP_FOUND
#endif
/* Takes a pending signal and does not wait. macOS and OpenBSD have none, and that of the Hurd fails
 * with ENOSYS. */
#if !defined(FERP_HAS_SIGTIMEDWAIT) && defined(_POSIX_REALTIME_SIGNALS) && \
    _POSIX_REALTIME_SIGNALS > 0
#define FERP_HAS_SIGTIMEDWAIT FERP_FOUND
#endif
/* A flag of a call that does not wait on a blocking socket. Without it every socket is nonblocking,
 * and core waits (ferp_traits, io_waits_in_kernel). The mode of a socket of Haiku is its two
 * timeouts, so that each set changes the other one (net_socket.cpp, socket_set_option). */
#if !defined(FERP_HAS_DONTWAIT) && defined(MSG_DONTWAIT) && !defined(__HAIKU__)
#define FERP_HAS_DONTWAIT FERP_FOUND
#endif
/* recvfrom returns the length of the whole datagram with MSG_TRUNC (bytes.c). */
#ifndef FERP_HAS_RECEIVED_LENGTH
#define FERP_HAS_RECEIVED_LENGTH FERP_FOUND_ON_LINUX
#endif
/* sendmmsg and recvmmsg. FreeBSD's are loops of its C library. NetBSD's leave the error that ends
 * them, EAGAIN included, to the next call (sys/kern/uipc_syscalls.c, sys_sendmmsg: so_error). */
#ifndef FERP_HAS_MMSG
#define FERP_HAS_MMSG FERP_FOUND_ON_LINUX
#endif
/* bionic has sigtimedwait, which splice and sendfile of Linux need, since API level 23. */
#if defined(__ANDROID_API__) && __ANDROID_API__ < 23
#undef FERP_HAS_SPLICE
#undef FERP_SENDFILE
#define FERP_HAS_SPLICE 0
#define FERP_SENDFILE FERP_SENDFILE_NONE
#endif
#ifndef FERP_HAS_SPLICE
#define FERP_HAS_SPLICE FERP_FOUND_ON_LINUX
#endif
/* sendfile has a signature on each system. NetBSD and OpenBSD have none. */
#define FERP_SENDFILE_NONE 0
#define FERP_SENDFILE_LINUX 1
#define FERP_SENDFILE_FREEBSD 2
#define FERP_SENDFILE_MACOS 3
#ifndef FERP_SENDFILE
#if FERP_FOUND_ON_LINUX
#define FERP_SENDFILE FERP_SENDFILE_LINUX
#elif FERP_FOUND && defined(__FreeBSD__)
#define FERP_SENDFILE FERP_SENDFILE_FREEBSD
#elif FERP_FOUND && defined(__APPLE__)
#define FERP_SENDFILE FERP_SENDFILE_MACOS
#else
#define FERP_SENDFILE FERP_SENDFILE_NONE
#endif
#endif

/* ---- Waits */

/* The system call that a poller waits with; each has a file of its own. poll works on every system.
 * A poller's key has 64 bits and kevent's udata is a pointer, so kqueue needs 64-bit pointers.
 * OpenBSD and NetBSD lack what poller_kqueue.c needs. OpenBSD has no user events before 7.8, and
 * few for each process since. NetBSD has neither EVFILT_USER nor EVFILT_EMPTY before 10
 * (sys/event.h). NetBSD 10 has both, but nobody has run this poller there. */
#define FERP_POSIX_POLLER_POLL 0
#define FERP_POSIX_POLLER_EPOLL 1
#define FERP_POSIX_POLLER_KQUEUE 2
#ifndef FERP_POSIX_POLLER
#if FERP_FOUND_ON_LINUX
#define FERP_POSIX_POLLER FERP_POSIX_POLLER_EPOLL
#elif FERP_FOUND && UINTPTR_MAX >= UINT64_MAX && (defined(__APPLE__) || defined(__FreeBSD__))
#define FERP_POSIX_POLLER FERP_POSIX_POLLER_KQUEUE
#else
#define FERP_POSIX_POLLER FERP_POSIX_POLLER_POLL
#endif
#endif
/* glibc has epoll_pwait2 since 2.35. The memory sanitizer does not detect that it fills the array:
 * compiler-rt intercepts only epoll_wait and epoll_pwait. bionic has it since API level 35; before
 * that Android ends an app that calls it (tests/sandbox/android.h), whatever its C library is. */
#if !defined(FERP_HAS_EPOLL_PWAIT2) && defined(__GLIBC__)
#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#define FERP_HAS_EPOLL_PWAIT2 0
#endif
#endif
#if !defined(FERP_HAS_EPOLL_PWAIT2) && __GLIBC_PREREQ(2, 35)
#define FERP_HAS_EPOLL_PWAIT2 FERP_FOUND_ON_LINUX
#endif
#endif
/* POSIX.1-2024; macOS has none. */
#if !defined(FERP_HAS_PPOLL) && (defined(__linux__) || defined(__FreeBSD__) || \
                                 defined(__OpenBSD__) || _POSIX_VERSION >= 202405L)
#define FERP_HAS_PPOLL FERP_FOUND
#endif
#if !defined(FERP_HAS_POLLRDHUP) && defined(POLLRDHUP)
#define FERP_HAS_POLLRDHUP FERP_FOUND
#endif

/* ---- Options of a socket */

/* An option whose first byte is the state of a TCP connection, in the numbers of socket.c. */
#if !defined(FERP_HAS_TCP_STATE) && defined(__APPLE__)
#define FERP_HAS_TCP_STATE 1 /* XNU's getsockopt has no SO_ACCEPTCONN */
#endif
#if !defined(FERP_HAS_TCP_STATE) && defined(TCP_INFO) && \
    (defined(__linux__) || defined(FERP_POSIX_BSD))
#define FERP_HAS_TCP_STATE FERP_FOUND
#endif
#if !defined(FERP_HAS_PROTOCOL) && defined(SO_PROTOCOL)
#define FERP_HAS_PROTOCOL FERP_FOUND
#endif
#if !defined(FERP_HAS_REUSE_PORT) && defined(SO_REUSEPORT)
#define FERP_HAS_REUSE_PORT FERP_FOUND
#endif
/* In seconds. TCP_KEEPALIVE has another meaning, or none, on systems other than macOS (Solaris
 * 11.3, QNX). */
#if !defined(FERP_HAS_KEEPALIVE_TIME) && \
    (defined(TCP_KEEPIDLE) || (defined(__APPLE__) && defined(TCP_KEEPALIVE)))
#define FERP_HAS_KEEPALIVE_TIME FERP_FOUND
#endif
#if !defined(FERP_HAS_KEEPALIVE_COUNTS) && defined(TCP_KEEPINTVL) && defined(TCP_KEEPCNT)
#define FERP_HAS_KEEPALIVE_COUNTS FERP_FOUND
#endif
#if !defined(FERP_HAS_USER_TIMEOUT) && (defined(TCP_USER_TIMEOUT) || defined(TCP_RXT_CONNDROPTIME))
#define FERP_HAS_USER_TIMEOUT FERP_FOUND
#endif
#if !defined(FERP_HAS_LINGER_SEC) && defined(SO_LINGER_SEC)
#define FERP_HAS_LINGER_SEC 1 /* macOS: plain SO_LINGER counts ticks */
#endif
#if !defined(FERP_HAS_BIND_LATER) && defined(IP_BIND_ADDRESS_NO_PORT)
#define FERP_HAS_BIND_LATER FERP_FOUND_ON_LINUX
#endif
#if !defined(FERP_HAS_FREEBIND) && defined(IP_FREEBIND)
#define FERP_HAS_FREEBIND FERP_FOUND
#endif
#if !defined(FERP_HAS_BINDTODEVICE) && defined(SO_BINDTODEVICE)
#define FERP_HAS_BINDTODEVICE FERP_FOUND_ON_LINUX
#endif
#if !defined(FERP_HAS_BOUND_IF) && defined(IP_BOUND_IF) && defined(IPV6_BOUND_IF)
#define FERP_HAS_BOUND_IF FERP_FOUND
#endif
/* Without it a socket receives the groups of other sockets. */
#if !defined(FERP_HAS_MULTICAST_ALL) && defined(__linux__)
#define FERP_HAS_MULTICAST_ALL 1
#endif
/* RFC 3678; NetBSD and OpenBSD have none. */
#if !defined(FERP_HAS_SOURCES_V4) && defined(IP_ADD_SOURCE_MEMBERSHIP)
#define FERP_HAS_SOURCES_V4 FERP_FOUND
#endif
#if !defined(FERP_HAS_SOURCES_V6) && defined(MCAST_JOIN_SOURCE_GROUP)
#define FERP_HAS_SOURCES_V6 FERP_FOUND
#endif
/* A queue of ICMP errors, which poll reports. */
#if !defined(FERP_HAS_ERROR_QUEUE) && defined(__linux__)
#define FERP_HAS_ERROR_QUEUE 1
#endif

/* ---- Datagrams with control messages */

/* RFC 3542; Haiku and Cygwin lack some of these. 0: there is none. */
#ifndef IPV6_RECVPKTINFO
#define IPV6_RECVPKTINFO 0
#endif
#ifndef IPV6_RECVHOPLIMIT
#define IPV6_RECVHOPLIMIT 0
#endif
#ifndef IPV6_TCLASS
#define IPV6_TCLASS 0
#define IPV6_RECVTCLASS 0
#endif
#ifndef IPV6_DONTFRAG
#define IPV6_DONTFRAG 0
#endif
#if !defined(FERP_HAS_PATHMTU) && defined(IPV6_PATHMTU)
#define FERP_HAS_PATHMTU 1
#endif

/* The local address of IPv4, in a struct in_pktinfo with the interface, or alone: ip(4) of FreeBSD,
 * OpenBSD and DragonFly. The struct of Cygwin and QNX lacks ipi_spec_dst. */
#if !defined(FERP_HAS_PKTINFO) && defined(IP_PKTINFO) && !defined(__CYGWIN__) && !defined(__QNX__)
#define FERP_HAS_PKTINFO FERP_FOUND
#endif
#if !defined(FERP_HAS_SENDSRCADDR) && defined(IP_SENDSRCADDR) && !defined(IP_PKTINFO)
#define FERP_HAS_SENDSRCADDR FERP_FOUND
#endif
#ifndef FERP_HAS_SEGMENTS
#define FERP_HAS_SEGMENTS FERP_FOUND_ON_LINUX
#endif
#if !defined(FERP_HAS_DROPS) && defined(SO_RXQ_OVFL)
#define FERP_HAS_DROPS FERP_FOUND
#endif
#if !defined(FERP_HAS_TIMESTAMPNS) && defined(SO_TIMESTAMPNS) && defined(SCM_TIMESTAMPNS)
#define FERP_HAS_TIMESTAMPNS FERP_FOUND
#endif
#if !defined(FERP_HAS_TIMESTAMP) && defined(SO_TIMESTAMP) && defined(SCM_TIMESTAMP)
#define FERP_HAS_TIMESTAMP FERP_FOUND
#endif
#if !defined(FERP_HAS_RECVTTL) && defined(IP_RECVTTL)
#define FERP_HAS_RECVTTL FERP_FOUND
#endif
/* DF without and with the path MTU that is known: IP_MTU_DISCOVER, IP_DONTFRAG. */
#if !defined(FERP_HAS_MTU_PROBE) && defined(IP_MTU_DISCOVER) && defined(IP_PMTUDISC_PROBE) && \
    defined(IPV6_PMTUDISC_PROBE)
#define FERP_HAS_MTU_PROBE FERP_FOUND
#endif
#if !defined(FERP_HAS_DONTFRAG) && defined(IP_DONTFRAG)
#define FERP_HAS_DONTFRAG FERP_FOUND
#endif
#if !defined(FERP_HAS_IP_MTU) && defined(IP_MTU) && defined(IPV6_MTU)
#define FERP_HAS_IP_MTU FERP_FOUND
#endif

/* ---- Unix sockets */

/* The credentials of the peer; each system has a struct of its own (unix.c). */
#define FERP_CREDENTIALS_NONE 0
#define FERP_CREDENTIALS_UCRED 1
#define FERP_CREDENTIALS_SOCKPEERCRED 2
#define FERP_CREDENTIALS_UNPCBID 3
#define FERP_CREDENTIALS_XUCRED 4
#ifndef FERP_CREDENTIALS
#if FERP_FOUND_ON_LINUX
#define FERP_CREDENTIALS FERP_CREDENTIALS_UCRED
#elif FERP_FOUND && defined(__OpenBSD__)
#define FERP_CREDENTIALS FERP_CREDENTIALS_SOCKPEERCRED
#elif FERP_FOUND && defined(__NetBSD__)
#define FERP_CREDENTIALS FERP_CREDENTIALS_UNPCBID
#elif FERP_FOUND && (defined(__APPLE__) || defined(__FreeBSD__) || defined(__DragonFly__))
#define FERP_CREDENTIALS FERP_CREDENTIALS_XUCRED
#elif FERP_FOUND && defined(SO_PEERCRED)
#define FERP_CREDENTIALS FERP_CREDENTIALS_UCRED /* Haiku, Cygwin */
#else
#define FERP_CREDENTIALS FERP_CREDENTIALS_NONE
#endif
#endif

#endif
