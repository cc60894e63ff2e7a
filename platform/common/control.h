/* control.h: the control messages of recvmsg, sendmsg and their forms of Winsock, read and written
 * as bytes. What a type means belongs to the caller.
 *
 * No CMSG_NXTHDR or WSA_CMSG_NXTHDR: that of macOS before 14 repeats a message of length 0 for
 * ever, and others read the length of a message that is only partly there. The layout is a value,
 * so a test on one system reads the messages of each. */
#ifndef FERP_CONTROL_H
#define FERP_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The header of a message: the length of header and data, the level (an int), and after it the
 * type (an int). The length is a size_t on Linux and Windows, a socklen_t on macOS and the BSDs.
 * musl has a socklen_t and padding for the kernel's size_t. */
typedef struct ferp_control_layout {
    uint8_t len_at;   /* where the length begins */
    uint8_t len_size; /* 4 or 8 bytes */
    uint8_t level_at; /* where the level begins */
    uint8_t header;   /* the bytes before the data, padding included: CMSG_LEN(0), 12 or 16 */
    uint8_t align;    /* a message begins at a multiple of it: 4, 8 or 16 */
} ferp_control_layout;

/* The layout of this system, for a file that includes the system's headers. CMSG_ALIGN is not
 * portable; the space of one byte is that of a header and of the alignment. On Windows these are
 * values of <ws2def.h>, whose macros Wine's headers lack. */
#define FERP_CONTROL_LAYOUT_OF(type, len_0, space_0, space_1)                       \
    ((ferp_control_layout){offsetof(type, cmsg_len), sizeof(((type *)0)->cmsg_len), \
                           offsetof(type, cmsg_level), (uint8_t)(len_0),            \
                           (uint8_t)((space_1) - (space_0))})
#define FERP_CONTROL_LAYOUT_POSIX \
    FERP_CONTROL_LAYOUT_OF(struct cmsghdr, CMSG_LEN(0), CMSG_SPACE(0), CMSG_SPACE(1))
#define FERP_CONTROL_LAYOUT_WINSOCK \
    FERP_CONTROL_LAYOUT_OF(WSACMSGHDR, sizeof(WSACMSGHDR), 0, sizeof(SIZE_T))

/* Enough bytes for a message with data of so many, in any layout. CMSG_SPACE is no constant on
 * NetBSD. */
#define FERP_CONTROL_SPACE(data_len) (16 + ((size_t)(data_len) + 15) / 16 * 16)

/* A message that was read. data points into the caller's block, without alignment. */
typedef struct ferp_control_message {
    int level;
    int type;
    const unsigned char *data;
    size_t data_len; /* what is there of it */
    bool is_cut;     /* the message's own length is larger than what is there */
} ferp_control_message;

/* Reads the message at *at, which is 0 for the first one, and moves *at to the next. False, and *at
 * is len: there is no further message. A message that is shorter than its header ends the list. */
bool ferp_control_next(ferp_control_layout layout, const unsigned char *control, size_t len,
                       size_t *at, ferp_control_message *out);

/* Copies the first size bytes of the data, if the message has this level and type and is not
 * shorter. False: *out is unchanged. */
bool ferp_control_take(const ferp_control_message *message, int level, int type, void *out,
                       size_t size);

/* Appends a message to the *len bytes of the block and adds its space, padding included, to *len.
 * Every byte of it is set. False, and nothing has changed: it does not fit into cap bytes. */
bool ferp_control_append(ferp_control_layout layout, unsigned char *control, size_t cap,
                         size_t *len, int level, int type, const void *data, size_t data_len);

#endif
