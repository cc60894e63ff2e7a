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

/* The messages of a call that has count of them. */
static inline size_t ferp_posix_messages_of_call(size_t count)
{
    size_t most = ferp_messages_per_call();
    return count < most ? count : most;
}

/* Whether the system refuses sendmmsg or recvmmsg, if one of them has failed with this code, which
 * errno stays. If so, each call moves one message from then on. messages.c */
bool ferp_posix_refuses_batches(int code);

/* Whether one call can move several messages: OK, or UNSUPPORTED. messages.c */
fer_error ferp_posix_batching(void);

#endif
