/* resolve.h: from "host:port" text to socket addresses, through the system's resolver. A lookup
 * runs in the calling thread or, so that an event loop does not block, in the background. The
 * strict address grammar is in socket_addr.h.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Threads: any number of concurrent calls. */
#ifndef FERRULE_RESOLVE_H
#define FERRULE_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "ferrule/cancel.h"
#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/poller.h"
#include "ferrule/socket_addr.h"
#include "ferrule/waker.h"

FER_BEGIN_DECLS

/** Converts "host:port" to socket addresses. An address text, which is one that
 * fer_socket_addr_parse accepts, or whose host fer_ip_addr_parse accepts, is parsed. Anything else
 * goes to the system's resolver.
 *
 * The text is split at its last colon. The port is decimal digits, 0 to 65535. Leading zeros are
 * allowed, a sign and a service name (fer_service_port) are not. Brackets around a host with a
 * colon are removed. So "[fe80::1%eth0]:80" works if the system has that interface name (the strict
 * parsers of socket_addr.h accept only numbers).
 *
 * The host is UTF-8 of at most 253 bytes, not counting one trailing dot. It is passed to the
 * resolver unchanged, unless it has a blank or a control character of ASCII. Whether a name beyond
 * ASCII (IDN) works depends on the system; in Punycode it works on every system.
 *
 * On macOS 26 a lookup of a name in a child process, between fork and exec, is reported to crash or
 * not to end. Look names up before fork, or start the child by posix_spawn. On networks with IPv6
 * only (NAT64), macOS translates the IPv4 addresses of names, but not those of address texts.
 *
 * Addresses of both families are stored in the resolver's order. *count is the number of addresses
 * found, and the first min(*count, cap) are stored. If *count > cap, call again with a larger
 * array. addrs may be NULL if cap is 0.
 * Blocks: while the system's resolver works, possibly for seconds, without a timeout. Never for an
 * address text.
 * Owns: addrs is caller-owned, cap elements; no pointer is kept.
 * Errors: before any lookup FER_MISUSE (host_port or count is NULL; addrs is NULL and cap is not 0)
 * and FER_INVALID_INPUT (no colon; a bad port; a host that is empty, too long or not UTF-8),
 * FER_HOST_NOT_FOUND (with os_code 0 and without a lookup if the host has a blank or a control
 * character), FER_RESOLVE_TRY_AGAIN (a temporary failure, for example no network),
 * FER_RESOLVE_FAILED. The last three have the resolver's os_code: a WSA code on Windows, otherwise
 * an EAI_ number, which is made negative on every POSIX system. For EAI_SYSTEM, and if the resolver
 * lacked a descriptor or memory, os_code is errno instead, a positive number. *count and addrs are
 * unchanged after a failure.
 * Rust: std::net::ToSocketAddrs for str. Differs: "host:+80" is refused; brackets around a host
 * with a colon that is not an address are removed; a host that is empty or too long never reaches
 * the resolver; failures have kinds. */
FER_MUST_USE FER_API fer_error fer_to_socket_addrs(const char *host_port,
                                                   fer_socket_addr *FER_NULLABLE addrs, size_t cap,
                                                   size_t *count) FER_OUT_WRITES(2, 3);

/** Looks up the addresses of host, each with the given port. A strict IP address text is parsed
 * instead. host is UTF-8 of at most 253 bytes, not counting one trailing dot, and without brackets.
 * A text such as "fe80::1%eth0" goes to the resolver. Results and *count are the same as in
 * fer_to_socket_addrs.
 * Blocks: while the system's resolver works. Never for an address text.
 * Owns: addrs is caller-owned, cap elements; no pointer is kept.
 * Errors: same as fer_to_socket_addrs. FER_MISUSE also if host is NULL.
 * Rust: std::net::ToSocketAddrs for (&str, u16). */
FER_MUST_USE FER_API fer_error fer_lookup_host(const char *host, uint16_t port,
                                               fer_socket_addr *FER_NULLABLE addrs, size_t cap,
                                               size_t *count) FER_OUT_WRITES(3, 4);

/** Writes the system's own text for a failed lookup, for example "Name or service not known".
 *
 * error is FER_HOST_NOT_FOUND, FER_RESOLVE_TRY_AGAIN or FER_RESOLVE_FAILED, from any call that
 * looks up a name. The text is gai_strerror's, or strerror's if os_code is an errno; on Windows
 * FormatMessage's, in UTF-8. It has one line. For any other error, or if the system has no text, it
 * is that of fer_error_kind_text. Follows snprintf as fer_error_format does: FER_ERROR_TEXT_CAP
 * bytes always suffice.
 * Owns: buf is caller-owned, cap bytes.
 * Errors: none.
 * Rust: std::io::Error's Display for a failed lookup, after "failed to lookup address
 * information". */
FER_API size_t fer_resolve_error_text(fer_error error, char *FER_NULLABLE buf, size_t cap)
    FER_OUT_WRITES(2, 3);

union fer_resolver;

/* The options of lookups. All zero bytes are the defaults. All pointers are caller-owned. All but
 * waker are used during the call only. */
typedef struct fer_lookup_options {
    /* The limits of the lookup (cancel.h). */
    fer_limits limits;
    /* The resolver whose threads run the lookup, or NULL. */
    union fer_resolver *FER_NULLABLE resolver;
    /* The family of the addresses, FER_IP_V4 or FER_IP_V6; 0: both. */
    fer_ip_family family;
    /* 0, like reserved_; a later version may use both. Any other value is FER_INVALID_INPUT. */
    uint32_t unused_;
    /* For fer_resolver_start and fer_resolver_start_host: the waker that the end of the lookup
     * wakes, so that a loop of any kind can wait for it (waker.h), or NULL. It stays OPEN and at
     * its address until the lookup is closed. Other calls do not use it. */
    fer_waker *FER_NULLABLE waker;
    uint64_t reserved_[5];
} fer_lookup_options;

/** Converts "host:port" to socket addresses, as fer_to_socket_addrs does, within limits, in the
 * threads of a resolver, or for one family.
 *
 * options may be NULL: the defaults. The call begins by looking at the limits (rule K1), for an
 * address text too, but bad arguments and bad text come first. A result that is available is
 * returned even if the limits are reached at the same moment.
 *
 * The system's lookup can neither be cancelled nor limited in time (getaddrinfo(3)). The lookup
 * therefore runs in a thread of the resolver (fer_resolver, below), or if resolver is NULL in a
 * thread of its own. If resolver is NULL and there are no limits, it runs in the calling thread. An
 * address text needs no thread. A lookup that is cancelled or late is abandoned: the call does not
 * wait for it, and its thread ends when the system has answered (rule K8). With a resolver, a
 * lookup beyond its threads and its queue is FER_WOULD_BLOCK at once and not a wait (rule N2).
 *
 * Pass a resolver if the program looks up more than a few names. Without one, each abandoned lookup
 * leaves a thread in the system's resolver until the system answers, and nothing bounds the number
 * of these threads.
 *
 * With a family the system is asked for its addresses only (getaddrinfo(3), ai_family). If there
 * are none, or if an address text is of the other family, the result is FER_HOST_NOT_FOUND. An
 * IPv4-mapped address is an IPv6 address.
 * Blocks: until the lookup is done, at most until the deadline or a cancel.
 * Owns: addrs is caller-owned, cap elements; no pointer is kept. The token and the resolver are
 * caller-owned. During the call, the call owns an event of the OS (as a cancel token does) and some
 * memory.
 * Errors: same as fer_to_socket_addrs, and FER_CANCELLED, FER_TIMED_OUT and FER_INTERRUPTED (the
 * limits), FER_WOULD_BLOCK with os_code 0 (the resolver's queue is full), FER_OUT_OF_MEMORY (also
 * if no thread can be created), FER_TOO_MANY_OPEN_FILES (for the event), FER_NOT_FOUND (Linux: no
 * anonymous inodes, eventfd(2)) and other errors of the OS. FER_MISUSE also for a token or a
 * resolver that is not OPEN, FER_INVALID_INPUT also for an unknown family. *count and addrs are
 * unchanged after a failure.
 * Rust: tokio::net::lookup_host in tokio::time::timeout and select!.
 * Threads: any number of concurrent calls, with one resolver or several. */
FER_MUST_USE FER_API fer_error fer_to_socket_addrs_with(
    const char *host_port, const fer_lookup_options *FER_NULLABLE options,
    fer_socket_addr *FER_NULLABLE addrs, size_t cap, size_t *count) FER_OUT_WRITES(3, 4);

/** Same as fer_lookup_host, with the options of fer_to_socket_addrs_with.
 * Blocks: until the lookup is done, at most until the deadline or a cancel.
 * Owns: same as fer_to_socket_addrs_with.
 * Errors: same as fer_to_socket_addrs_with. FER_MISUSE also if host is NULL.
 * Rust: tokio::net::lookup_host of (&str, u16) in tokio::time::timeout and select!.
 * Threads: any number of concurrent calls, with one resolver or several. */
FER_MUST_USE FER_API fer_error fer_lookup_host_with(const char *host, uint16_t port,
                                                    const fer_lookup_options *FER_NULLABLE options,
                                                    fer_socket_addr *FER_NULLABLE addrs, size_t cap,
                                                    size_t *count) FER_OUT_WRITES(4, 5);

/* ---- Names without blocking. A resolver looks up names in a few threads of its own. A lookup is
 * for one name. Wait for it, or let it notify a poller or wake a waker. The system's lookup cannot
 * be cancelled and has no timeout (getaddrinfo(3)), so cancellation and timeouts apply to the wait
 * for it.
 *
 *     FER_TRY(fer_resolver_new(&resolver, NULL));
 *     FER_TRY(fer_resolver_start(&resolver, "example.com:80", NULL, &poller, 7, &lookups[7]));
 *
 * Then after each fer_poller_wait that reports a notification:
 *
 *     do {
 *         FER_TRY(fer_resolver_take_completed(&resolver, &poller, keys, 16, &taken));
 *         for (size_t i = 0; i < taken; i++) {
 *             fer_lookup *lookup = &lookups[keys[i]];
 *             size_t count = 0;
 *             fer_error answer =
 *                 fer_lookup_wait(lookup, fer_duration_from_nanos(0), addrs, 8, &count);
 *             continue_with(answer, addrs, count < 8 ? count : 8);
 *             fer_lookup_close(lookup);
 *         }
 *     } while (taken == 16);
 *
 * Rules N1 to N9 (docs/RULES.md, ferrule_rules(7)) hold for all functions: N1 starting, N2
 * the bounds of a resolver, N3 results, N4 waits, N5 notifications, N6 closing a lookup, N7 closing
 * a resolver, N8 threads, N9 keys.
 *
 * A handle is NEW if all of its bytes are zero, OPEN after it was made or started, and CLOSED after
 * its close function. Any other call that returns a fer_error is FER_MISUSE on a handle that is
 * NULL or not OPEN. */

/* A resolver. Initialize to all zero bytes. Its members are private. Copying it moves it: use and
 * close only one copy. Do not move it while a call that uses it runs, or a connector that uses it
 * is OPEN. */
typedef union fer_resolver {
    uint64_t words_[4];
    struct fer_resolver_p_ {
        void *pool_;
    } p_;
} fer_resolver;

/* The lookup of one name. The rules of fer_resolver for initialization and copying apply. */
typedef union fer_lookup {
    uint64_t words_[4];
    struct fer_lookup_p_ {
        void *block_;
    } p_;
} fer_lookup;

/* The options of a resolver. All zero bytes are the defaults, which are enough for most clients. */
typedef struct fer_resolver_options {
    /* The number of lookups that run at once, each in a thread; 0: 4; FER_RESOLVER_NO_LIMIT: all of
     * them. A name that is slow to fail occupies one thread for many seconds. */
    uint32_t threads;
    /* The number of lookups that wait for a thread; 0: 64; FER_RESOLVER_NO_QUEUE: none, unless the
     * system cannot create a thread while others run. */
    uint32_t queue_cap;
    /* 0; a later version may use these bytes. Any other value is FER_INVALID_INPUT. */
    uint64_t reserved_[6];
} fer_resolver_options;

#define FER_RESOLVER_NO_LIMIT 0xffffffffu
#define FER_RESOLVER_NO_QUEUE 0xffffffffu

/** Makes a resolver. options may be NULL: the defaults. No thread is created yet.
 * Owns: the resolver owns some memory until fer_resolver_close, or longer if a thread is still
 * running or a lookup is not closed then. options is not kept.
 * Errors: FER_MISUSE (NULL; an OPEN resolver), FER_INVALID_INPUT (a reserved byte is not 0),
 * FER_OUT_OF_MEMORY and other errors of the OS.
 * Rust: none in std; tokio's runtime has a pool of blocking threads for tokio::net::lookup_host.
 * Threads: no concurrent call on the resolver. */
FER_MUST_USE FER_API fer_error fer_resolver_new(fer_resolver *resolver,
                                                const fer_resolver_options *FER_NULLABLE options)
    FER_INOUT(1);

/** Starts a lookup of "host:port" and returns immediately. *out is the lookup.
 *
 * The text has the format of fer_to_socket_addrs, and is copied. options may be NULL: the defaults.
 * Its limits and its resolver are not used, but unknown values are refused all the same;
 * fer_lookup_wait bounds a wait. An address text is done before this call returns.
 *
 * poller may be NULL; otherwise it is notified when the lookup is done. If the system refuses to
 * wake a running wait, the next wait gets the notification (rule N5). fer_resolver_take_completed
 * returns key when the lookup is done. options->waker is woken then, too, also without a poller
 * (rule N5): pass NULL for the poller to both calls. key is any number, for example an index of the
 * caller's lookups. Lookups may have the same key. These keys are separate from those of
 * fer_poller_add: a wait never returns them. *out is OPEN before the key is listed, the poller is
 * notified and the waker is woken, so another thread that takes the key may use and close the
 * lookup before this call returns.
 * Owns: close *out with fer_lookup_close. The poller and the waker are caller-owned. They must stay
 * OPEN and at their addresses until the lookup is closed: close lookups before them.
 * Errors: FER_MISUSE (a poller, waker or resolver that is not OPEN; out is OPEN; resolver,
 * host_port or out is NULL), FER_INVALID_INPUT (input that fer_to_socket_addrs_with refuses before
 * any lookup), FER_WOULD_BLOCK with os_code 0 (the queue is full), FER_OUT_OF_MEMORY (also if no
 * thread can be created and none is running). *out is unchanged then.
 * Rust: tokio::task::JoinSet::spawn of tokio::net::lookup_host.
 * Threads: any number of concurrent calls on one resolver, each with its own `out`. */
FER_MUST_USE FER_API fer_error fer_resolver_start(fer_resolver *resolver, const char *host_port,
                                                  const fer_lookup_options *FER_NULLABLE options,
                                                  fer_poller *FER_NULLABLE poller, uint64_t key,
                                                  fer_lookup *out) FER_INOUT(1) FER_INOUT(4)
    FER_INOUT(6);

/** Starts a lookup of the addresses of host, each with the given port. Otherwise same as
 * fer_resolver_start.
 * Owns: same as fer_resolver_start.
 * Errors: same as fer_resolver_start.
 * Rust: tokio::task::JoinSet::spawn of tokio::net::lookup_host of (&str, u16).
 * Threads: same as fer_resolver_start. */
FER_MUST_USE FER_API fer_error fer_resolver_start_host(
    fer_resolver *resolver, const char *host, uint16_t port,
    const fer_lookup_options *FER_NULLABLE options, fer_poller *FER_NULLABLE poller, uint64_t key,
    fer_lookup *out) FER_INOUT(1) FER_INOUT(5) FER_INOUT(7);

/** Stores the keys of lookups that are done, the oldest completion first, each key once (rule N9).
 *
 * Returns only keys of lookups that were started with this poller. With NULL it returns those that
 * were started without one. *count is the number of keys stored, 0 if there are none. If *count ==
 * cap, call again: there may be more. Several notifications may count as one (rule P6), so take all
 * keys after a wait that was notified. Such a wait may also find no key: the notification of a
 * lookup that was closed meanwhile stays pending.
 *
 * A key that nobody takes stays listed until its lookup is closed, and every call of this function
 * passes over it.
 *
 * fer_lookup_wait on a lookup whose key was returned does not wait. It may also be called before.
 * After fer_resolver_close all lookups are done, and this call is FER_MISUSE.
 * Owns: keys is caller-owned, cap elements; cap is at least 1. The poller is only compared.
 * Errors: FER_MISUSE (a poller or resolver that is not OPEN; resolver, keys or count is NULL; a
 * call in the child after fork), FER_INVALID_INPUT (cap is 0). *count and keys are unchanged then.
 * Rust: tokio::task::JoinSet::try_join_next_with_id.
 * Threads: any number of concurrent calls, also with starts, waits and fer_lookup_close. Each key
 * is returned by one of them. A call that is concurrent with fer_lookup_close may return the
 * key. */
FER_MUST_USE FER_API fer_error fer_resolver_take_completed(fer_resolver *resolver,
                                                           const fer_poller *FER_NULLABLE poller,
                                                           uint64_t *keys, size_t cap,
                                                           size_t *count) FER_INOUT(1)
    FER_OUT_WRITES(3, 4);

/** Waits until a lookup is done, and returns its result. Results are the same as in
 * fer_to_socket_addrs. *count is the number of addresses found, and the first min(*count, cap) are
 * stored. If *count > cap, call again on the same lookup with a larger array. addrs may be NULL if
 * cap is 0.
 * Blocks: at most timeout. A timeout of 0 checks without waiting; FER_DURATION_NONE waits without
 * limit.
 * Owns: addrs is caller-owned, cap elements.
 * Errors: FER_MISUSE, FER_WOULD_BLOCK with os_code 0 (not done, timeout 0), FER_TIMED_OUT (not
 * done, the timeout expired), FER_CANCELLED (the resolver was closed before the lookup was done; a
 * call in the child after fork), FER_HOST_NOT_FOUND, FER_RESOLVE_TRY_AGAIN and FER_RESOLVE_FAILED
 * as in fer_to_socket_addrs, FER_OUT_OF_MEMORY (for the addresses). *count and addrs are unchanged
 * after a failure.
 * Rust: the await of tokio::net::lookup_host, in tokio::time::timeout.
 * Threads: any number of concurrent calls on one lookup. The resolver may be closed at the same
 * time. */
FER_MUST_USE FER_API fer_error fer_lookup_wait(fer_lookup *lookup, fer_duration timeout,
                                               fer_socket_addr *FER_NULLABLE addrs, size_t cap,
                                               size_t *count) FER_INOUT(1) FER_OUT_WRITES(3, 4);

/** Closes a lookup, done or not. Does nothing on NULL, NEW and CLOSED handles.
 * Blocks: never. The call does not wait for a lookup that the system's resolver still runs.
 * Owns: releases the lookup's memory. The poller and the waker are not used after the call
 * returns.
 * Errors: none.
 * Rust: dropping the future of tokio::net::lookup_host.
 * Threads: no concurrent call on the lookup. */
FER_API void fer_lookup_close(fer_lookup *lookup) FER_INOUT(1);

/** Closes a resolver. Lookups that are not done end with FER_CANCELLED, and waits for them wake.
 *
 * Each lookup must be closed too, with fer_lookup_close. All of them are done, and keys that were
 * not taken are no longer available. Does nothing on NULL, NEW and CLOSED handles.
 *
 * A program may exit or return from main while a thread is still in the system's resolver. On POSIX
 * systems a shared library that contains ferrule must not be unloaded then
 * (fer_resolver_close_gracefully). After fork the child
 * has none of the threads. There every wait for a copied lookup is FER_CANCELLED, and a copied
 * resolver cannot start lookups (FER_MISUSE). Closing the copied handles does not affect those of
 * the parent. To look up names, the child must make a resolver of its own.
 * Owns: releases the resolver's memory: the last part when the last thread is done and the last
 * lookup is closed.
 * Errors: none.
 * Rust: none in std; tokio::runtime::Runtime::shutdown_background.
 * Threads: no concurrent call on the resolver, nor one that uses it (fer_to_socket_addrs_with,
 * fer_tcp_stream_connect_with). Calls on its lookups may run concurrently. */
FER_API void fer_resolver_close(fer_resolver *resolver) FER_INOUT(1);

/** Closes a resolver as fer_resolver_close does, and waits until its threads have ended: also those
 * that still run a lookup that was closed. After FER_OK a shared library that contains ferrule may
 * be unloaded, if all other resolvers were closed so, and no call with limits has looked up a name
 * without a resolver. limits may be NULL: it waits as long as the system's resolver takes.
 *
 * The resolver is closed in every case but FER_MISUSE and FER_INVALID_INPUT. After another failure
 * threads may still run. On Windows a thread keeps its DLL loaded, so a DLL needs no wait; in its
 * DllMain this call would never return.
 * Blocks: until the threads have ended or the limits end the call.
 * Owns: same as fer_resolver_close.
 * Errors: FER_MISUSE (NULL; a resolver that is not OPEN; a token that is not OPEN),
 * FER_INVALID_INPUT (a reserved byte of limits is not 0), FER_TIMED_OUT, FER_CANCELLED and
 * FER_INTERRUPTED (the limits, rule K1), FER_TOO_MANY_OPEN_FILES (for an event), FER_NOT_FOUND
 * (Linux: no anonymous inodes, eventfd(2)) and other errors of the OS.
 * Rust: none in std; tokio::runtime::Runtime::shutdown_timeout.
 * Threads: same as fer_resolver_close. */
FER_MUST_USE FER_API fer_error fer_resolver_close_gracefully(fer_resolver *resolver,
                                                             const fer_limits *FER_NULLABLE limits)
    FER_INOUT(1);

FER_END_DECLS

#endif
