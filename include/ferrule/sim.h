/* sim.h: a network in memory, for tests of programs that use ferrule. A program that links
 * ferrule::sim has ferrule's functions over it instead of the system's sockets. Not included by
 * ferrule.h, and not part of ferrule::ferrule. docs/SIMULATION.md tells how to use it.
 *
 * Time is virtual and begins at 0: it passes only where a call waits, where a name is slow to
 * resolve, in fer_sim_advance, and by a microsecond for each nonblocking call that finds nothing.
 * Everything happens on the one thread that called fer_sim_start, in an order that its config
 * decides. Before fer_sim_start, after fer_sim_stop and on any other thread every call that would
 * reach the network is FER_UNSUPPORTED. A blocking call that nothing could ever end is
 * FER_DEADLOCK, and leaves its handle as it was; a timeout beyond the clock's end, some 290 years
 * away, ends nothing.
 *
 * The program runs on a machine that is 127.0.0.0/8, ::1, 10.0.0.1 and fd00::1. Every other address
 * is another host: it is there once a peer was put there, and silent until then. */
#ifndef FERRULE_SIM_H
#define FERRULE_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"
#include "ferrule/udp.h"
#include "ferrule/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whose sockets the network's are: error codes, and all that the two systems do differently. */
typedef enum fer_sim_dialect { FER_SIM_POSIX = 0, FER_SIM_WINSOCK = 1 } fer_sim_dialect;

/* What can go wrong. X(name, words, at which calls of the system it has its chance). Each chance is
 * one that would make a difference: a read of one byte cannot be partial, and a queue with nobody
 * in it has nobody to abort. */
#define FER_SIM_FAULTS(X)                                                                       \
    X(PARTIAL_READ, "partial read", "receiving two bytes or more: fewer are given")             \
    X(PARTIAL_WRITE, "partial write", "sending two bytes or more: fewer are taken")             \
    X(WOULD_BLOCK, "would block",                                                               \
      "receiving, sending, accepting where the system's own socket is nonblocking")             \
    X(INTERRUPTED, "interrupted",                                                               \
      "receiving, sending, accepting, connecting, waiting: ends before it has done a thing")    \
    X(SPURIOUS_READY, "spurious readiness",                                                     \
      "waiting, of a poller too: said to be ready, and is not")                                 \
    X(RESET, "reset", "receiving, sending: the connection is reset just before, for both ends") \
    X(REFUSED, "refused", "connecting: nobody listens")                                         \
    X(UNREACHABLE, "unreachable", "connecting: the host cannot be reached")                     \
    X(ACCEPT_ABORTED, "accept aborted", "accepting: the first in the queue has died there")     \
    X(TOO_MANY_HANDLES, "too many handles",                                                     \
      "making, accepting, cloning a socket, making a poller")                                   \
    X(NO_BUFFERS, "no buffers", "receiving, sending, connecting, making a socket")              \
    X(RESOLVE_FAILS, "name lookup fails", "resolving: not found, try again or failed")          \
    X(RESOLVE_SLOW, "name lookup is slow", "resolving: takes 5 s more")                         \
    X(TIME_JUMP, "time jump",                                                                   \
      "receiving, sending, accepting, connecting: up to an hour passes first")                  \
    X(DATAGRAM_LOST, "datagram lost", "sending a datagram: it never arrives")                   \
    X(DATAGRAM_DOUBLED, "datagram doubled", "sending a datagram: it arrives twice")             \
    X(DATAGRAM_LATE, "datagram late",                                                           \
      "sending a datagram: up to ten latencies later, so that others overtake it")              \
    X(NO_MEMORY, "no memory",                                                                   \
      "asking for memory: of a poller, a resolver, a lookup; and for a thread")

typedef enum fer_sim_fault {
#define FER_SIM_FAULT_ENUMERATOR(name, words, chances) FER_SIM_FAULT_##name,
    FER_SIM_FAULTS(FER_SIM_FAULT_ENUMERATOR)
#undef FER_SIM_FAULT_ENUMERATOR
        FER_SIM_FAULT_COUNT
} fer_sim_fault;

/* A name that the resolver knows. Letters are compared without case. */
typedef struct fer_sim_name {
    const char *host;             /* NUL-terminated */
    const fer_socket_addr *addrs; /* what it resolves to, in this order; the ports do not matter */
    size_t count;
    fer_error_kind
        failure; /* FER_OK, or FER_HOST_NOT_FOUND, FER_RESOLVE_TRY_AGAIN, FER_RESOLVE_FAILED */
    fer_duration delay; /* how long a lookup takes */
} fer_sim_name;

/* A line of the trace, NUL-terminated, without a line end: "t=1.204000000 s 10.0.0.1:49152 ->
 * 10.0.0.7:80 send 512 bytes, cut to 7". The text is the library's and gone after the call, in
 * which no function of ferrule may be called. */
typedef void (*fer_sim_trace_function)(void *context, const char *line);

/* How a simulation is to be. All zeros are a valid config: POSIX, seed 0, no faults, the defaults
 * named here. What is pointed at stays the caller's, and in place until fer_sim_stop. */
typedef struct fer_sim_config {
    fer_sim_dialect dialect;
    uint64_t
        /* of every choice; with a tape only of those that Windows alone has (10053 or 10054,
         * say) */
        seed;
    const uint8_t *
        /* choices are read from these bytes; when they are used up, nothing more goes wrong */
        tape;
    size_t tape_len;
    uint32_t fault_chances
        /* of each fault, in a million; with a tape at least 1 in 256, or 0 */
        [FER_SIM_FAULT_COUNT];
    fer_duration latency;          /* one way between two hosts; 0: 1 ms */
    fer_duration jitter;           /* up to this is added to it, by choice */
    fer_duration loopback_latency; /* 0: everything arrives at once */
    size_t send_buffer;            /* bytes, for each end of a connection; 0: 65536 */
    size_t receive_buffer;         /* bytes, for each end of a connection; 0: 65536 */
    size_t max_sockets; /* of everybody, the peers included; 0: 128. Half as many connections. */
    bool
        /* Windows before 10 version 1703: no TCP_KEEPIDLE and its kin, only SIO_KEEPALIVE_VALS */
        lacks_keepalive_fields;
    const fer_sim_name *names; /* beside "localhost" and addresses in text, which are known */
    size_t name_count;
    fer_sim_trace_function trace; /* or NULL */
    void *trace_context;
} fer_sim_config;

/* A handle that was still open at the end. */
typedef struct fer_sim_leak {
    fer_raw_socket raw;
    bool is_listener;
    fer_socket_addr local; /* all zero where it has none */
    fer_socket_addr peer;
} fer_sim_leak;

enum { FER_SIM_LEAKS_TOLD = 16 };

/* What came of a simulation. */
typedef struct fer_sim_report {
    uint64_t digest;                        /* of the trace: equal for equal runs */
    uint64_t lines;                         /* of the trace */
    fer_duration elapsed;                   /* virtual time */
    size_t leaked_handles;                  /* the program's; peers are not counted */
    fer_sim_leak leaks[FER_SIM_LEAKS_TOLD]; /* the first of them */
    size_t leaked_lookups;                  /* of the library itself, as are: */
    size_t leaked_waits;
    size_t leaked_pollers;                /* the program's */
    uint64_t faults[FER_SIM_FAULT_COUNT]; /* how often each happened */
    size_t tape_used;                     /* bytes */
} fer_sim_report;

/**
 * Starts a simulation on this thread, with one allocation; until fer_sim_stop there is one network,
 * and this thread has it.
 *
 * config may be NULL, for all zeros.
 *
 * Blocks: never.
 * Owns: config is the caller's and copied; what it points at must stay in place until fer_sim_stop.
 * Errors: FER_INVALID_INPUT (one is running on this thread; an unknown dialect; a chance above a
 * million; NULL names or tape with a count; a name without host, with a count but no addresses, or
 * whose failure is no resolver's; a latency, jitter or delay above a year; buffers above 16 MiB,
 * sockets above 4096), FER_UNSUPPORTED (one is running on another thread), FER_OUT_OF_MEMORY.
 * Rust: none.
 * Threads: any, one at a time.
 */
FER_MUST_USE FER_API fer_error fer_sim_start(const fer_sim_config *config);

/**
 * Ends the simulation and tells what came of it. Close all handles before: one that is left open is
 * useless, and its number may be given to another in the next simulation.
 *
 * report may be NULL.
 *
 * Blocks: never.
 * Owns: report is the caller's.
 * Errors: FER_UNSUPPORTED (none is running on this thread), FER_INVALID_INPUT (called by one of its
 * own callbacks).
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_stop(fer_sim_report *report);

/**
 * Returns the virtual time since fer_sim_start; 0 where none is running on this thread.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: none.
 * Threads: any number at once.
 */
FER_API fer_duration fer_sim_now(void);

/**
 * Lets virtual time pass: what is due within it happens, in order, each at its time. 0 lets happen
 * what is due now.
 *
 * Blocks: never, by the clock on the wall.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (none is running on this thread), FER_INVALID_INPUT (FER_DURATION_NONE;
 * past what the clock holds), FER_DEADLOCK (called by a callback of the simulation, in which time
 * stands still).
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_advance(fer_duration duration);

/* ---- Faults, besides those that come by chance */

/**
 * Makes a fault happen at its nth chance from now on; 1 is the next one. FER_SIM_FAULTS says what a
 * chance is.
 *
 * Armed with 1 right before a call of ferrule, and disarmed after it with fer_sim_clear_faults, it
 * is a fault for that call: both dialects then meet the same, though they ask the system in
 * different ways.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (none is running on this thread), FER_INVALID_INPUT (an unknown fault;
 * nth is 0), FER_OUT_OF_MEMORY (64 are waiting already).
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_fault_at(fer_sim_fault fault, uint64_t nth);

/**
 * Disarms all that fer_sim_fault_at armed and that has not happened; returns how many there were.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_API size_t fer_sim_clear_faults(void);

/**
 * Changes the chance of a fault, in a million, from now on.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_UNSUPPORTED (none is running on this thread), FER_INVALID_INPUT (an unknown fault;
 * more than a million).
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_set_fault_chance(fer_sim_fault fault, uint32_t chance);

/* How a host answers connects, whatever is there. */
typedef enum fer_sim_answer {
    FER_SIM_ANSWER_AS_IS = 0, /* as what is there does */
    FER_SIM_ANSWER_REFUSES,
    /* never answers; the system gives up after 127 s (POSIX), 21 s (Windows) */
    FER_SIM_ANSWER_SILENT,
    FER_SIM_ANSWER_HOST_UNREACHABLE,
    FER_SIM_ANSWER_NETWORK_UNREACHABLE
} fer_sim_answer;

/**
 * Says how connects to an address are answered from now on, and how much later than usual. Port 0
 * means all ports of the host that have no answer of their own. A delay makes a late success, or
 * with an answer a late failure. Datagrams to it are refused likewise, or lost.
 *
 * Blocks: never.
 * Owns: addr is the caller's.
 * Errors: FER_UNSUPPORTED (none is running on this thread), FER_INVALID_INPUT (NULL, an unknown
 * answer, a delay above a year), FER_OUT_OF_MEMORY (64 addresses have an answer).
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_set_answer(const fer_socket_addr *addr,
                                                  fer_sim_answer answer, fer_duration delay);

/* ---- Peers: the other hosts' sockets, played by the test. They meet no faults, never block, and
 * act alike in both dialects. */

/* A peer's socket: a number, not to be given to ferrule's own functions. */
typedef fer_raw_socket fer_sim_peer;
#define FER_SIM_PEER_NONE FER_RAW_SOCKET_NONE

/* What a peer is told of, once each time it becomes so. */
typedef enum fer_sim_event {
    FER_SIM_CONNECTED,      /* its connect came to a good end */
    FER_SIM_CONNECT_FAILED, /* or to a bad one */
    FER_SIM_ACCEPTABLE,     /* somebody has connected to it */
    FER_SIM_READABLE,       /* bytes have come */
    FER_SIM_WRITABLE,       /* there is room again, after there was none */
    FER_SIM_ENDED,          /* the program has ended its writing */
    FER_SIM_WAS_RESET
} fer_sim_event;

/* Called at its time, while the program waits or lets time pass. It may use every function of
 * ferrule and of the simulation, but time stands still: what would have to wait is FER_DEADLOCK. */
typedef void (*fer_sim_function)(void *context);
typedef void (*fer_sim_handler)(fer_sim_peer peer, fer_sim_event event, void *context);

/**
 * Puts a listening peer at an address, and its host there. Port 0 takes a free one;
 * fer_sim_peer_local_addr tells it.
 *
 * backlog, 1 to 4096, is how many connections wait for accept. One more is let in, as Linux does;
 * the next ones have to wait outside. A port can be listened on again while connections of an
 * earlier peer are still open, as a server does that begins again.
 *
 * Blocks: never.
 * Owns: addr is the caller's; *out is to be closed with fer_sim_peer_close, or ends with the
 * simulation.
 * Errors: FER_UNSUPPORTED (none is running on this thread), FER_INVALID_INPUT (NULL, a bad family
 * or backlog), FER_ADDR_IN_USE, FER_TOO_MANY_OPEN_FILES (max_sockets is reached).
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_listen(const fer_socket_addr *addr, int backlog,
                                                   fer_sim_peer *out);

/**
 * Takes the first connection off a listening peer's queue.
 *
 * Blocks: never.
 * Owns: *out as in fer_sim_peer_listen.
 * Errors: FER_WOULD_BLOCK (the queue is empty), FER_INVALID_INPUT (NULL; not a listening peer),
 * FER_TOO_MANY_OPEN_FILES, FER_UNSUPPORTED.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_accept(fer_sim_peer listener, fer_sim_peer *out);

/**
 * Starts a connect of a peer at `from` (NULL: an address of its own on the same machine as `to`;
 * port 0: a free one) to `to`. How it ends is told by FER_SIM_CONNECTED or FER_SIM_CONNECT_FAILED,
 * and by sending and receiving.
 *
 * Blocks: never.
 * Owns: both addresses are the caller's; *out as in fer_sim_peer_listen.
 * Errors: FER_INVALID_INPUT (NULL, a bad family, two families), FER_ADDR_IN_USE (from),
 * FER_TOO_MANY_OPEN_FILES, FER_UNSUPPORTED.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_connect(const fer_socket_addr *from,
                                                    const fer_socket_addr *to, fer_sim_peer *out);

/**
 * Sends what there is room for. *n is how much; NULL where it does not matter.
 *
 * Blocks: never.
 * Owns: buf is the caller's, len bytes.
 * Errors: FER_WOULD_BLOCK (no room, or not connected yet), FER_CONNECTION_RESET, FER_BROKEN_PIPE
 * (its writing has ended), FER_NOT_CONNECTED, FER_CONNECTION_REFUSED and the like (its connect
 * failed), FER_INVALID_INPUT (NULL; no peer), FER_UNSUPPORTED.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_send(fer_sim_peer peer, const void *buf, size_t len,
                                                 size_t *n);

/**
 * Receives what has come. FER_OK with *n == 0 and len > 0 is the program's end.
 *
 * Blocks: never.
 * Owns: buf is the caller's, len bytes.
 * Errors: as fer_sim_peer_send, but BROKEN_PIPE; what came before a reset is still given.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_receive(fer_sim_peer peer, void *buf, size_t len,
                                                    size_t *n);

/**
 * Ends a peer's writing; the program reads what was sent, then the end.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: FER_NOT_CONNECTED, FER_INVALID_INPUT (no peer), FER_UNSUPPORTED.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_shutdown(fer_sim_peer peer);

/**
 * Closes a peer's socket: an end in good order, or a reset where it leaves bytes unread, as RFC
 * 1122, 4.2.2.13, asks. A listener's queue is reset. NONE and a closed one are left alone.
 *
 * Blocks: never.
 * Owns: the number is free afterwards.
 * Errors: none.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_API void fer_sim_peer_close(fer_sim_peer peer);

/**
 * Closes a peer's socket with a reset.
 *
 * Blocks: never.
 * Owns: the number is free afterwards.
 * Errors: none.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_API void fer_sim_peer_reset(fer_sim_peer peer);

/**
 * Tells a peer's own address, and with fer_sim_peer_remote_addr the other end's.
 *
 * Blocks: never.
 * Owns: out is the caller's.
 * Errors: FER_NOT_CONNECTED (remote: there is none), FER_INVALID_INPUT (NULL; no peer),
 * FER_UNSUPPORTED.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_local_addr(fer_sim_peer peer, fer_socket_addr *out);

/**
 * Tells the address of the end that a peer is connected, or connecting, to.
 *
 * Blocks: never.
 * Owns: out is the caller's.
 * Errors: as fer_sim_peer_local_addr.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_remote_addr(fer_sim_peer peer, fer_socket_addr *out);

/**
 * Puts a peer for datagrams at an address, and its host there. Port 0 takes a free one;
 * fer_sim_peer_local_addr tells it.
 *
 * FER_SIM_READABLE tells its handler of datagrams. It is for fer_sim_peer_send_to,
 * fer_sim_peer_receive_from and fer_sim_peer_close; the functions of connections refuse it.
 *
 * Blocks: never.
 * Owns: addr is the caller's; *out as in fer_sim_peer_listen.
 * Errors: FER_INVALID_INPUT (NULL, a bad family), FER_ADDR_IN_USE, FER_TOO_MANY_OPEN_FILES,
 * FER_UNSUPPORTED.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_bind(const fer_socket_addr *addr, fer_sim_peer *out);

/**
 * Sends one datagram. The faults of datagrams strike it too.
 *
 * Blocks: never.
 * Owns: buf is the caller's, len bytes; to is the caller's.
 * Errors: FER_INVALID_INPUT (NULL, a bad family, two families, port 0, no such peer),
 * FER_MESSAGE_TOO_LONG (above 65507 bytes), FER_UNSUPPORTED.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_send_to(fer_sim_peer peer, const void *buf, size_t len,
                                                    const fer_socket_addr *to);

/**
 * Receives one datagram; what is longer than len is cut.
 *
 * Blocks: never.
 * Owns: buf is the caller's, len bytes.
 * Errors: FER_WOULD_BLOCK (there is none), FER_INVALID_INPUT (NULL; no such peer), FER_UNSUPPORTED.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_receive_from(fer_sim_peer peer, void *buf, size_t len,
                                                         fer_datagram *out);

/**
 * Has a function called whenever something happens to a peer; a listener's is also that of the
 * peers it accepts by a script. NULL: no more. What has happened already is told too, before time
 * passes.
 *
 * Blocks: never.
 * Owns: context is the caller's, and passed on.
 * Errors: FER_INVALID_INPUT (no peer), FER_UNSUPPORTED.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_on(fer_sim_peer peer, fer_sim_handler handler,
                                               void *context);

/**
 * Removes the path that a Unix socket made, as unlink does: it can be bound again, and nobody finds
 * the socket there.
 *
 * Blocks: never.
 * Owns: path is the caller's.
 * Errors: FER_NOT_FOUND, FER_INVALID_INPUT (NULL, empty, too long), FER_UNSUPPORTED.
 * Rust: none; std::fs::remove_file on a real system.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_remove_path(const char *path);

/* What a scripted peer does, one after the other. */
typedef enum fer_sim_action {
    FER_SIM_PAUSE,          /* nothing, for the step's delay */
    FER_SIM_SEND,           /* bytes, all of them */
    FER_SIM_RECEIVE,        /* len bytes, and drops them */
    FER_SIM_RECEIVE_TO_END, /* all, and drops it */
    FER_SIM_ECHO,           /* sends back all that comes, until the end */
    FER_SIM_SHUT_DOWN,      /* its writing */
    FER_SIM_CLOSE,
    FER_SIM_RESET
} fer_sim_action;

typedef struct fer_sim_step {
    fer_sim_action action;
    fer_duration delay; /* before it */
    const void *bytes;  /* SEND's, len of them */
    size_t len;
} fer_sim_step;

/**
 * Lets a peer play a script. A listener accepts everybody, and each whom it accepts plays it from
 * its beginning. Ends early with a reset.
 *
 * Blocks: never.
 * Owns: steps and their bytes are the caller's, and stay in place until fer_sim_stop. A peer that a
 * listener accepted for its script is the simulation's; FER_SIM_CLOSE and FER_SIM_RESET close a
 * peer as fer_sim_peer_close and fer_sim_peer_reset do.
 * Errors: FER_INVALID_INPUT (NULL with a count; an unknown action; SEND of NULL; a delay of
 * FER_DURATION_NONE; no peer), FER_UNSUPPORTED.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_peer_play(fer_sim_peer peer, const fer_sim_step *steps,
                                                 size_t count);

/**
 * Has a function called once, after a delay.
 *
 * Blocks: never.
 * Owns: context is the caller's, and passed on.
 * Errors: FER_INVALID_INPUT (NULL; FER_DURATION_NONE), FER_OUT_OF_MEMORY (1024 are waiting
 * already), FER_UNSUPPORTED.
 * Rust: none.
 * Threads: the one that started it.
 */
FER_MUST_USE FER_API fer_error fer_sim_after(fer_duration delay, fer_sim_function function,
                                             void *context);

#ifdef __cplusplus
}
#endif

#endif
