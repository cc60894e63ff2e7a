/* batch_check.h: shared by the tests of batches of datagrams. */
#ifndef CONFORMANCE_BATCH_CHECK_H
#define CONFORMANCE_BATCH_CHECK_H

#include "conformance/datagram_check.h"
#include "ferrule/udp_batch.h"

enum { BATCH = 8, CAP = 2048 };

/* Messages to receive into, with their buffers. */
static unsigned char memory[BATCH][CAP];
static fer_datagram_recv got[BATCH];

static inline void prepare(void)
{
    for (size_t i = 0; i < BATCH; i++) {
        got[i] = (fer_datagram_recv){.buf = memory[i], .cap = CAP, .len = 77};
    }
}

static inline fer_datagram_send text_to(const char *text, const fer_socket_addr *to)
{
    return (fer_datagram_send){.buf = text, .len = strlen(text), .to = to};
}

/* Receives until there are count messages in got. */
static inline void receive_count(fer_udp_socket *socket, size_t count)
{
    size_t total = 0;
    prepare();
    while (total < count) {
        size_t n = 77;
        assert_ok(fer_udp_socket_recv_batch(socket, got + total, count - total, &n));
        assert_in_range(n, 1, count - total);
        total += n;
    }
}

static inline void assert_message(size_t index, const char *text, const fer_socket_addr *from)
{
    assert_int_equal(got[index].len, strlen(text));
    assert_memory_equal(got[index].buf, text, strlen(text));
    assert_int_equal(got[index].segment_size, strlen(text));
    assert_false(got[index].truncated);
    assert_true(fer_socket_addr_eq(&got[index].from, from));
}

/* The user mode of qemu copies control messages of IP and UDP without converting their bytes
 * (linux-user/syscall.c, target_to_host_cmsg). */
static inline void skip_if_messages_are_not_converted(void)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    skip_under_qemu("it does not convert these control messages");
#endif
}

static inline void assert_has(fer_udp_socket *socket, fer_udp_features feature)
{
    fer_udp_features enabled = 0;
    assert_ok(fer_udp_socket_enable(socket, feature, &enabled));
    skip_if(enabled != feature, "this system, or this version, does not have the feature");
}

static inline fer_udp_features available(const fer_udp_socket *socket)
{
    fer_udp_capabilities found;
    assert_ok(fer_udp_socket_features(socket, &found));
    return found.available;
}

#endif
