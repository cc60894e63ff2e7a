/* copy_check.h: the peers of a copy from one stream to another: a second connection, and threads
 * that send and receive a pattern. */
#ifndef CONFORMANCE_COPY_CHECK_H
#define CONFORMANCE_COPY_CHECK_H

#include "ferrule/io.h"
#include "support/process.h"
#include "support/thread.h"
#include "support/unix_fixture.h"

enum { PART = 3000, MEGABYTES = 4000000 };

/* A second connection beside the test's pair. */
struct link {
    fer_tcp_stream *stream;
    peer_socket other;
};

static inline struct link open_link(void)
{
    uint16_t port = 0;
    fer_tcp_listener *listener = test_listening(PEER_V4, &port);
    struct link link = {test_stream(), peer_connect(PEER_V4, port)};
    assert_true(link.other != PEER_NONE);
    assert_ok(fer_tcp_listener_accept(listener, link.stream, NULL));
    return link;
}

static inline bool send_pattern(peer_socket peer, size_t len, uint64_t offset)
{
    unsigned char part[PART];
    bool sent = true;
    for (size_t done = 0; sent && done < len;) {
        size_t piece = len - done < sizeof part ? len - done : sizeof part;
        pattern_fill(part, piece, offset + done);
        sent = peer_send_all(peer, part, piece);
        done += piece;
    }
    return sent;
}

static inline bool receives_pattern(peer_socket peer, uint64_t len, uint64_t offset)
{
    unsigned char part[PART];
    bool right = true;
    for (uint64_t done = 0; right && done < len;) {
        size_t piece = len - done < sizeof part ? (size_t)(len - done) : sizeof part;
        right = peer_recv_exact(peer, part, piece) && pattern_matches(part, piece, offset + done);
        done += piece;
    }
    return right;
}

struct transfer {
    peer_socket peer;
    bool sent;
    peer_outcome outcome;
    uint64_t total;
    bool intact;
};

static inline void send_megabytes(void *argument)
{
    struct transfer *transfer = argument;
    process_shield_thread();
    transfer->sent =
        send_pattern(transfer->peer, MEGABYTES, 0) && peer_shutdown_write(transfer->peer);
}

static inline void receive_everything(void *argument)
{
    struct transfer *transfer = argument;
    process_shield_thread();
    transfer->outcome = peer_drain(transfer->peer, &transfer->total, &transfer->intact);
}

/* A thread that shuts down a stream to which no more bytes can be written, and polls it before.
 * Where the kernel is NetBSD's, it may panic if a connection ends during two polls (7.99.34, an
 * assertion of selnotify, kern/sys_select.c), so the test is skipped. */
struct ender {
    fer_tcp_stream *clone;
    fer_error error;
};

static inline void skip_if_polls_may_panic(void)
{
    skip_if(peer_separates_ip_versions(), "the kernel of NetBSD may panic");
}

static inline void shut_down_when_full(void *argument)
{
    struct ender *ender = argument;
    fer_interest ready = FER_WRITABLE;
    process_shield_thread();
    ender->error = (fer_error){FER_OK, 0};
    while (ender->error.kind == FER_OK && ready != 0) {
        ender->error = fer_tcp_stream_ready(ender->clone, FER_WRITABLE, (fer_duration){0}, &ready);
        test_thread_yield();
    }
    if (ender->error.kind == FER_TIMED_OUT || ender->error.kind == FER_OK) {
        ender->error = fer_tcp_stream_shutdown(ender->clone, FER_SHUTDOWN_BOTH);
    }
}

#endif
