/* features.h: the feature-test macros of the C libraries (feature_test_macros(7)). A file that
 * includes system headers includes this one before them. */
#ifndef FERP_POSIX_FEATURES_H
#define FERP_POSIX_FEATURES_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4, SOCK_CLOEXEC of glibc, musl, bionic and Cygwin */
#endif
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* the same of Haiku */
#endif
#ifndef BIONIC_IOCTL_NO_SIGNEDNESS_OVERLOAD
#define BIONIC_IOCTL_NO_SIGNEDNESS_OVERLOAD 1 /* ioctl has one type: ferp_posix_ioctl */
#endif
#if !defined(_WIN32) && !defined(_FILE_OFFSET_BITS)
#define _FILE_OFFSET_BITS 64 /* off_t of glibc, Android and illumos with 32 bits */
#endif
#if defined(_AIX) && !defined(_LARGE_FILES)
#define _LARGE_FILES 1 /* the same of AIX */
#endif
#if defined(__APPLE__) && !defined(_DARWIN_C_SOURCE)
#define _DARWIN_C_SOURCE /* SO_NOSIGPIPE, SO_LINGER_SEC, TCP_KEEPALIVE */
#endif
#if defined(__APPLE__) && !defined(__APPLE_USE_RFC_3542)
#define __APPLE_USE_RFC_3542 1 /* IPV6_PKTINFO, IPV6_RECVPKTINFO, IPV6_DONTFRAG */
#endif
#if defined(__sun) && !defined(__EXTENSIONS__)
#define __EXTENSIONS__ 1 /* IP_PKTINFO, struct ip_mreq, beside _XOPEN_SOURCE */
#endif
#if defined(__sun) && !defined(_XOPEN_SOURCE)
#define _XOPEN_SOURCE 700 /* msg_control */
#endif

#endif
