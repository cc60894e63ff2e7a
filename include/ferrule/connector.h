/* connector.h: in an event loop, a connection to the first address of a name that answers. The
 * lookup, the attempts and their delays are those of fer_tcp_stream_connect_with (RFC 8305, "Happy
 * Eyeballs Version 2"), but no thread of the program blocks: fer_poller_wait drives them. A loop
 * that is not ferrule's waits for fer_poller_as_raw, at most for fer_poller_next_timeout
 * (poller.h).
 *
 *     fer_connector connector = {0};
 *     fer_connect_options options = {0};
 *     options.limits.deadline = fer_instant_after(fer_duration_from_secs(10));
 *     FER_TRY(fer_connector_start(&connector, "example.com:80", &options, &resolver, &poller, 7));
 *
 * Then after a fer_poller_wait that returns an event with the key 7:
 *
 *     fer_error error = fer_connector_take(&connector, &stream);
 *
 * Rules K12 to K15 (docs/RULES.md, ferrule_rules(7)) hold for all functions: K12 starting,
 * K13 the event and the waits, K14 the result, K15 closing.
 *
 * A connector is NEW if all of its bytes are zero, OPEN after its start, and CLOSED after its close
 * or after the call that took its result. A CLOSED connector can be started again. To move an OPEN
 * one is undefined behaviour. Keep the poller OPEN and at its address: close connectors before
 * their poller. A program may have any number of connectors, in one poller or in several. The cost
 * of a start, a step and an end grows with the logarithm of their number in the poller. A wait
 * advances those that are due; of several at one time, in the order of their starts. The first wait
 * after a cancel or the end of a lookup, of any in the program, checks those that look up a name or
 * have a token. A poller without connectors has no cost. After fork the child may only close its
 * copies of connectors, which does not affect those of the parent.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Errors: FER_MISUSE.
 * Rust: tokio::task::JoinSet::spawn of tokio::net::TcpStream::connect. Differs: in tokio an attempt
 * starts only after the previous one has failed.
 * Threads: while a poller has OPEN connectors, one thread waits on it. Connectors are started while
 * no wait runs, and taken and closed by that thread or while no wait runs: anything else is
 * undefined behaviour. Other threads may register sockets and notify. */
#ifndef FERRULE_CONNECTOR_H
#define FERRULE_CONNECTOR_H

#include <stdint.h>

#include "ferrule/error.h"
#include "ferrule/poller.h"
#include "ferrule/resolve.h"
#include "ferrule/tcp.h"

FER_BEGIN_DECLS

/* A connector. Initialize its 2 KiB to all zero bytes: {0}, in C++ {}. Its members are private. */
typedef union fer_connector {
    uint64_t words_[256];
    struct fer_connector_p_ {
        uint32_t state_;
    } p_;
} fer_connector;

/** Starts to connect to the first address of "host:port" that answers, and returns immediately.
 *
 * The text has the format of fer_to_socket_addrs, and is copied. options may be NULL: the defaults.
 * They mean the same as in fer_tcp_stream_connect_with, but options->resolver is not used, and
 * options->limits.interruptible has no effect: fer_poller_set_interruptible has. resolver may be
 * NULL for an address text only. The attempts to an address text start before this call returns.
 *
 * A wait of the poller returns one event with key and FER_WRITABLE when the connector is done. Call
 * fer_connector_take then. The keys from (uintptr_t)connector + 1 to (uintptr_t)connector + sizeof
 * *connector - 1 are those of its attempts: key must be none of them, and neither may the key of
 * another socket in the poller. fer_poller_add does not check that, and an event of such a socket
 * may be lost. A wait that runs starts attempts and applies the delays, the timeouts and the
 * deadline when they are due, and then continues. The end of the lookup notifies the poller (rule
 * N5), so a wait may be notified without another reason. If a wait comes late, a connection wins
 * over a timeout or a deadline that is reached (rule K13). After a cancel, call fer_poller_notify:
 * the next wait then ends the attempts.
 * Owns: close connector with fer_connector_close, or take its result. options and options->local
 * are copied. The resolver, the poller, options->limits.token, options->failures and
 * options->failures_count are caller-owned, and used until the result is taken or the connector is
 * closed. This call sets *options->failures_count to 0, also if it fails. The poller keeps a
 * pointer to the connector until then.
 * Errors: FER_MISUSE (connector is OPEN, and does not change; a poller that is not OPEN; a resolver
 * that is not OPEN, or NULL for a name; connector or host_port is NULL; failures_cap without
 * failures; a token that is not OPEN), FER_INVALID_INPUT (the key of an attempt; input that
 * fer_tcp_stream_connect_with refuses before any lookup), FER_HOST_NOT_FOUND (an address text of
 * another family than options->family), FER_CANCELLED and FER_TIMED_OUT (limits that are reached
 * already), FER_WOULD_BLOCK with os_code 0 (the resolver's queue is full), FER_OUT_OF_MEMORY (also
 * if no thread can be created and none is running). After an error the connector is not OPEN,
 * unless it was OPEN before. */
FER_MUST_USE FER_API fer_error fer_connector_start(fer_connector *connector, const char *host_port,
                                                   const fer_connect_options *FER_NULLABLE options,
                                                   fer_resolver *FER_NULLABLE resolver,
                                                   fer_poller *poller, uint64_t key) FER_INOUT(1)
    FER_INOUT(4) FER_INOUT(5);

/** Starts to connect to the first address of host that answers. Otherwise same as
 * fer_connector_start. host has the format of fer_lookup_host.
 * Owns: same as fer_connector_start.
 * Errors: same as fer_connector_start. FER_MISUSE also if host is NULL. */
FER_MUST_USE FER_API fer_error fer_connector_start_host(
    fer_connector *connector, const char *host, uint16_t port,
    const fer_connect_options *FER_NULLABLE options, fer_resolver *FER_NULLABLE resolver,
    fer_poller *poller, uint64_t key) FER_INOUT(1) FER_INOUT(5) FER_INOUT(6);

/** Takes the result of a connector that is done. FER_OK: *out is the connection. It is in
 * nonblocking mode, has no limits, and is not registered in the poller. The connector is CLOSED
 * after FER_OK and after the failure of its connect, and there is no event for it any more.
 *
 * options->failures receives the attempts that failed, as in fer_tcp_stream_connect_with.
 * Owns: out is a separate handle; close it with fer_tcp_stream_close.
 * Errors: FER_WOULD_BLOCK with os_code 0 (not done yet: only waits of the poller drive it) and
 * FER_MISUSE (a connector that is not OPEN; out is NULL or open), which change nothing. The
 * failures of the connect are those of fer_tcp_stream_connect_with, and those of fer_poller_add for
 * the sockets of its attempts. FER_CANCELLED also if the resolver was closed before the lookup was
 * done.
 * Rust: tokio::task::JoinSet::try_join_next. */
FER_MUST_USE FER_API fer_error fer_connector_take(fer_connector *connector, fer_tcp_stream *out)
    FER_INOUT(1) FER_INOUT(2);

/** Closes a connector, done or not. Does nothing on NULL, NEW and CLOSED connectors. All its
 * attempts are closed, with a reset if they had connected, and its lookup is abandoned. No wait
 * that begins afterwards returns its key.
 * Owns: releases the sockets and the memory of the connector.
 * Errors: none.
 * Rust: tokio::task::AbortHandle::abort. */
FER_API void fer_connector_close(fer_connector *connector) FER_INOUT(1);

FER_END_DECLS

#endif
