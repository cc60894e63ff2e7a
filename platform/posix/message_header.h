/* message_header.h: the headers of the messages that one system call moves. Private to messages.c
 * and messages_receiving.c. */
#ifndef FERP_POSIX_MESSAGE_HEADER_H
#define FERP_POSIX_MESSAGE_HEADER_H

#include "platform/messages.h"
#include "platform/posix/control_types.h"

#ifdef FERP_POSIX_HAS_MMSG
/* The type of the flags of sendmmsg and recvmmsg: musl differs from glibc and FreeBSD. */
#if defined(__linux__) && !defined(__GLIBC__) && !defined(__ANDROID__)
typedef unsigned ferp_posix_mmsg_flags;
#else
typedef int ferp_posix_mmsg_flags;
#endif
typedef struct mmsghdr ferp_posix_message_header;
enum { FERP_POSIX_MESSAGES_PER_CALL = FERP_MESSAGES_MAX };
#else
typedef struct ferp_posix_message_header {
    struct msghdr msg_hdr;
    unsigned msg_len;
} ferp_posix_message_header;
enum { FERP_POSIX_MESSAGES_PER_CALL = 1 };
#endif

static inline size_t ferp_posix_messages_of_call(size_t count)
{
    return count < FERP_POSIX_MESSAGES_PER_CALL ? count : FERP_POSIX_MESSAGES_PER_CALL;
}

#endif
