#!/bin/sh
# Checks that a build with FERRULE_PLAIN_POSIX calls no function beyond POSIX.1-2008 and C11.
# usage: check_plain.sh NM LIBRARY
set -eu

posix='accept bind clock_gettime close connect fcntl free freeaddrinfo fstat gai_strerror getaddrinfo
getpeername getpid getsockname getsockopt htonl htons if_indextoname if_nametoindex ioctl isatty
listen malloc memchr memcmp memcpy memmove memset ntohl ntohs pipe poll pread pthread_atfork
pthread_attr_destroy pthread_attr_getstacksize pthread_attr_init pthread_attr_setstacksize
pthread_cond_broadcast pthread_cond_destroy pthread_cond_init pthread_cond_timedwait
pthread_cond_wait pthread_condattr_destroy pthread_condattr_init pthread_condattr_setclock
pthread_create pthread_detach pthread_join pthread_mutex_destroy pthread_mutex_init
pthread_mutex_lock pthread_mutex_unlock pthread_once pthread_sigmask raise read recv recvfrom recvmsg
select send sendmsg sendto setsockopt shutdown sigaddset sigemptyset sigfillset sigismember
sigpending sigtimedwait sigwait socket socketpair strerror_r strlen strnlen write'

# ioctl is for FIONREAD. The others are what a C library or a compiler makes of the names above.
others=$("$1" -u "$2" | awk '$1 == "U" { print $2 }' | sort -u | awk -v posix="$posix" '
BEGIN { count = split(posix, names, /[ \n]+/); for (i = 1; i <= count; i++) known[names[i]] = 1 }
/^(fer_|feri_|ferp_|__|_GLOBAL_OFFSET_TABLE_)/ { next }
{ name = $0; sub(/64$/, "", name); if (!(name in known)) print }')
if [ -n "$others" ]; then
    printf 'check_plain: no function of POSIX.1-2008: %s\n' "$others"
    exit 1
fi
echo "check_plain: no function beyond POSIX.1-2008"
