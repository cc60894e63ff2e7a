/* resolve.h: from "host:port" text to socket addresses, through the system's resolver: in the
 * calling thread, or in the background, which keeps an event loop from standing still. The strict
 * address grammar is in socket_addr.h. */
#ifndef FERRULE_RESOLVE_H
#define FERRULE_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/poller.h"
#include "ferrule/socket_addr.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Turns "host:port" into socket addresses: an address text as it stands, anything else by the
 * system's resolver.
 *
 * The text is split at its last colon. The port is decimal digits, 0 to 65535, leading zeros
 * allowed, no sign, and no service's name; brackets round a host with a colon are taken off, so
 * "[fe80::1%eth0]:80" works where the system knows the name (the strict parsers of socket_addr.h
 * take numbers alone). The host is UTF-8 of at most 253 bytes, one trailing dot apart, and is
 * handed to the resolver as it is: a name beyond ASCII (IDN) is the system's affair, and in
 * Punycode it works on every one.
 *
 * Addresses of both families come in the resolver's order. The first min(*count, cap) are stored;
 * *count is how many there were, so call again with a larger array when *count > cap. addrs may be
 * NULL when cap is 0.
 *
 * Blocks: while the system's resolver works, which may be seconds; never for an address text. No
 * timeout ends it.
 * Owns: addrs is the caller's, cap elements; nothing is kept.
 * Errors: FER_INVALID_INPUT, os_code 0, before any lookup (NULL host_port or count, NULL addrs with
 * a cap, no colon, a bad port, an empty or over-long host, one that is not UTF-8);
 * FER_HOST_NOT_FOUND; FER_RESOLVE_TRY_AGAIN (a passing failure: no network, say);
 * FER_RESOLVE_FAILED; with the resolver's os_code (EAI_ numbers negative on every POSIX system, WSA
 * codes on Windows). *count and addrs are untouched on failure.
 * Rust: std::net::ToSocketAddrs for str. Differs: "host:+80" is refused, brackets round a
 * non-address host with a colon are removed, an empty host and an over-long one never reach the
 * resolver, and failures have kinds.
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_to_socket_addrs(const char *host_port, fer_socket_addr *addrs,
                                                   size_t cap, size_t *count);

/**
 * Looks a host up: the addresses of host, each with the given port. A strict IP address text is
 * taken as it stands.
 *
 * host is UTF-8 of at most 253 bytes, one trailing dot apart, and without brackets; "fe80::1%eth0"
 * is the resolver's to know. Results and *count are as in fer_to_socket_addrs.
 *
 * Blocks: while the system's resolver works; never for an address text.
 * Owns: addrs is the caller's, cap elements; nothing is kept.
 * Errors: as fer_to_socket_addrs; NULL host is FER_INVALID_INPUT.
 * Rust: std::net::ToSocketAddrs for (&str, u16).
 * Threads: any number at once.
 */
FER_MUST_USE FER_API fer_error fer_lookup_host(const char *host, uint16_t port,
                                               fer_socket_addr *addrs, size_t cap, size_t *count);

/* ---- Names without blocking. A resolver looks names up in a few threads of its own; a lookup is
 * one name's, to be waited for, or told of by a poller. The system's lookup can neither be
 * cancelled nor given a timeout (getaddrinfo(3)), so that is what happens around it.
 *
 *     FER_TRY(fer_resolver_new(&resolver, 4, 64));
 *     FER_TRY(fer_resolver_start(&resolver, "example.com:80", &poller, &lookup));
 *
 * and then, after each fer_poller_wait,
 *
 *     fer_error answer = fer_lookup_wait(&lookup, fer_duration_from_nanos(0), addrs, 8, &count);
 *     if (answer.kind != FER_WOULD_BLOCK) {
 *         go_on_with(answer, addrs, count < 8 ? count : 8);
 *         fer_lookup_close(&lookup);
 *     }
 *
 * The rules, by which docs/DIFFERENCES.md and the tests name them:
 *
 * N1  Starting a lookup never waits. What needs no resolver is answered at once and without a
 * thread: address texts; and what is no
 *      "host:port" at all is FER_INVALID_INPUT then and there.
 * N2  At most so many names are being looked up at once, and so many wait in line, as the resolver
 * was made for. One more is
 *      FER_WOULD_BLOCK, and changes nothing. Those in line come up in the order of their start.
 * N3  A lookup's answer is that of fer_to_socket_addrs. Once it is there it stays, and can be asked
 * for as often as wanted.
 * N4  A wait of 0 only asks; other timeouts never end early. Not done in time is FER_TIMED_OUT with
 * os_code 0 (FER_WOULD_BLOCK where it only
 *      asked), and the lookup goes on.
 * N5  The poller is notified once for each lookup, when its answer can be had, FER_CANCELLED too;
 * never after fer_lookup_close has returned.
 * N6  Closing a lookup abandons it and never waits. One in line is out of the line; one that the
 * system is at keeps its thread busy until the
 *      system has answered, to nobody.
 * N7  Closing a resolver never waits. Its lookups that are not done end with FER_CANCELLED; those
 * that are done keep their answers.
 * N8  Threads are made when there is work for them and end when there is none: a resolver at rest
 * has none. They take no signal.
 *
 * A handle is NEW when it is all zero bytes, OPEN once it was made or started, CLOSED after its
 * close. Every other call on one that is not OPEN, or is NULL, is FER_INVALID_INPUT. */

/* A resolver. All zero bytes at first; its members are private. Copying it moves it: use and close
 * one copy only. */
typedef struct fer_resolver {
    void *pool_;
    uintptr_t reserved_;
} fer_resolver;

/* One name's lookup, likewise. */
typedef struct fer_lookup {
    void *block_;
    uintptr_t reserved_;
} fer_lookup;

/* The most threads that a resolver can have. */
#define FER_RESOLVER_THREADS_MAX 64

/**
 * Makes a resolver that looks up to `threads` names up at once, 1 to FER_RESOLVER_THREADS_MAX,
 * while up to `waiting` more wait in line, 0 to SIZE_MAX.
 *
 * No thread is made yet. Where names are slow to fail, one thread stands for one name during many
 * seconds: 4 and 64 suit most clients.
 *
 * Blocks: never.
 * Owns: the resolver owns some memory until fer_resolver_close, and as long after as a thread of it
 * is at work.
 * Errors: FER_INVALID_INPUT (NULL, one that is OPEN, threads of 0 or above the limit),
 * FER_OUT_OF_MEMORY.
 * Rust: none in std; what tokio's runtime keeps as its pool of blocking threads
 * (tokio::net::lookup_host).
 * Threads: no other call on the resolver at the same time.
 */
FER_MUST_USE FER_API fer_error fer_resolver_new(fer_resolver *resolver, size_t threads,
                                                size_t waiting);

/**
 * Starts a lookup of "host:port" and returns at once. *out is the lookup.
 *
 * The text is read as by fer_to_socket_addrs, and copied. poller may be NULL; else it is notified
 * when the answer is there, which for an address text is before this returns. A notify tells no
 * key: ask each lookup with fer_lookup_wait and a timeout of 0.
 *
 * Blocks: never.
 * Owns: *out is to be closed with fer_lookup_close. The poller is the caller's, and has to stay
 * OPEN and where it is until the lookup is closed: close lookups before their poller.
 * Errors: FER_INVALID_INPUT (a poller or a resolver that is not OPEN, an `out` that is, NULL, and
 * what fer_to_socket_addrs refuses before any lookup); FER_WOULD_BLOCK, os_code 0, where the line
 * is full; FER_OUT_OF_MEMORY, for a thread that cannot be had too, where no other is at work. *out
 * is untouched then.
 * Rust: tokio::net::lookup_host, begun.
 * Threads: any number at once on one resolver, each with its own `out`.
 */
FER_MUST_USE FER_API fer_error fer_resolver_start(fer_resolver *resolver, const char *host_port,
                                                  fer_poller *poller, fer_lookup *out);

/**
 * Waits until a lookup is done, and gives its answer.
 *
 * Results are as in fer_to_socket_addrs: the first min(*count, cap) addresses are stored, *count is
 * how many there are, and with a larger array the same lookup can be asked again. addrs may be NULL
 * when cap is 0.
 *
 * Blocks: at most timeout; not at all where it is 0, until it is done where it is
 * FER_DURATION_NONE.
 * Owns: addrs is the caller's, cap elements.
 * Errors: FER_INVALID_INPUT; FER_WOULD_BLOCK, os_code 0 (not done, timeout 0); FER_TIMED_OUT,
 * os_code 0 (not done in time); FER_CANCELLED (the resolver was closed before); FER_HOST_NOT_FOUND,
 * FER_RESOLVE_TRY_AGAIN, FER_RESOLVE_FAILED as in fer_to_socket_addrs; FER_OUT_OF_MEMORY (for the
 * addresses). *count and addrs are untouched on failure.
 * Rust: the await of tokio::net::lookup_host, in tokio::time::timeout.
 * Threads: any number at once on one lookup; the resolver may be closed meanwhile.
 */
FER_MUST_USE FER_API fer_error fer_lookup_wait(fer_lookup *lookup, fer_duration timeout,
                                               fer_socket_addr *addrs, size_t cap, size_t *count);

/**
 * Ends a lookup, done or not. NULL, NEW and CLOSED ones are left alone.
 *
 * Blocks: never: what the system's resolver still does is waited for by nobody.
 * Owns: gives back the lookup's memory. Its poller is not touched any more once this has returned.
 * Errors: none.
 * Rust: dropping the future of tokio::net::lookup_host.
 * Threads: no other call on the lookup at the same time.
 */
FER_API void fer_lookup_close(fer_lookup *lookup);

/**
 * Ends a resolver. Lookups that are not done end with FER_CANCELLED, and who waits for one is
 * woken; all remain to be closed. NULL, NEW and CLOSED resolvers are left alone.
 *
 * A program may end, or return from main, while a thread is still in the system's resolver. A
 * shared library that contains ferrule may not be unloaded then on POSIX systems. After fork the
 * child has none of the threads: lookups are FER_CANCELLED in its copies, nothing can be started
 * with them (FER_INVALID_INPUT), and closing them leaves the parent's alone. The child makes a
 * resolver of its own.
 *
 * Blocks: never.
 * Owns: gives back the resolver's memory, the last of it when the last thread is done and the last
 * lookup closed.
 * Errors: none.
 * Rust: none in std; tokio::runtime::Runtime::shutdown_background.
 * Threads: no other call on the resolver at the same time; calls on its lookups may go on.
 */
FER_API void fer_resolver_close(fer_resolver *resolver);

#ifdef __cplusplus
}
#endif

#endif
