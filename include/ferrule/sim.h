/* sim.h: a simulated network in memory, for tests of programs that use ferrule. In a program that
 * links ferrule::sim, ferrule's functions use it instead of the system's sockets. Not included by
 * ferrule.h, and not part of ferrule::ferrule. docs/SIMULATION.md describes how to use it.
 *
 * Time is virtual and begins at 0. It passes while a call waits, while a slow name is resolved, in
 * fer_sim_advance and with the fault TIME_JUMP. Each nonblocking call that finds nothing ready
 * advances it by one microsecond. Nothing else advances it.
 *
 * Everything runs on the thread that called fer_sim_start, in an order that the config decides. In
 * the functions of this header NULL is FER_INVALID_INPUT where it is not allowed. Before
 * fer_sim_start, after fer_sim_stop and on any other thread, every call that would use the network
 * is FER_UNSUPPORTED.
 *
 * A blocking call that nothing can ever end is FER_DEADLOCK, and leaves its handle unchanged. A
 * write that has accepted some of its bytes is FER_OK instead, with their number, and the next one
 * is FER_DEADLOCK. A timeout beyond the clock's end, about 584 years away, never expires.
 *
 * The program runs on a machine with the addresses 127.0.0.0/8, ::1, 10.0.0.1 and fd00::1. Every
 * other address is another host. A host exists from the moment when a peer is placed on it, and
 * remains when the peer is closed. Before that moment it does not answer. At most 256 datagrams
 * with 256 KiB exist at a time; more are lost. The simulation remembers the last 256 hosts; an
 * older one exists only while a peer is open there.
 *
 * The defaults of the slots (tcp.h explains them):
 * Blocks: never.
 * Owns: nothing; no pointer is kept.
 * Rust: none.
 * Threads: only the thread that started the simulation. */
#ifndef FERRULE_SIM_H
#define FERRULE_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/duration.h"
#include "ferrule/error.h"
#include "ferrule/handle.h"
#include "ferrule/io.h"
#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"
#include "ferrule/udp.h"
#include "ferrule/udp_batch.h"
#include "ferrule/version.h"

FER_BEGIN_DECLS

/* The system whose sockets are simulated, with its error codes and its other peculiarities. */
typedef enum fer_sim_dialect {
    FER_SIM_DIALECT_POSIX = 0, /* Linux */
    FER_SIM_DIALECT_WINSOCK = 1,
    FER_SIM_DIALECT_BSD = 2 /* the system of fer_sim_config's member bsd */
} fer_sim_dialect;

/* The system of the BSD dialect. */
typedef enum fer_sim_bsd {
    FER_SIM_BSD_MACOS = 0,
    FER_SIM_BSD_FREEBSD,
    FER_SIM_BSD_NETBSD,
    FER_SIM_BSD_OPENBSD
} fer_sim_bsd;

/* The faults. X(name, words, the system calls in which the fault can occur). Each such call is one
 * chance of the fault, but only if the fault would make a difference. For example, a read of one
 * byte cannot be partial, and an empty accept queue has no connection to abort. */
#define FER_SIM_FAULTS(X)                                                                        \
    X(PARTIAL_READ, "partial read", "receiving two bytes or more: fewer are received")           \
    X(PARTIAL_WRITE, "partial write", "sending two bytes or more: fewer are sent")               \
    X(WOULD_BLOCK, "would block",                                                                \
      "receiving, sending, accepting, if the system's own socket is nonblocking")                \
    X(INTERRUPTED, "interrupted",                                                                \
      "receiving, sending, accepting, connecting, waiting: fails without an effect")             \
    X(SPURIOUS_READY, "spurious readiness",                                                      \
      "waiting, of a poller too: reported as ready, although it is not")                         \
    X(RESET, "reset", "receiving, sending: the connection is reset just before, for both ends")  \
    X(REFUSED, "refused", "connecting: no listener")                                             \
    X(UNREACHABLE, "unreachable", "connecting: the host cannot be reached")                      \
    X(ACCEPT_ABORTED, "accept aborted", "accepting: the first in the queue was reset there")     \
    X(TOO_MANY_HANDLES, "too many handles",                                                      \
      "creating, accepting, cloning a socket, creating a poller or a cancel token")              \
    X(NO_BUFFERS, "no buffers", "receiving, sending, connecting, creating a socket")             \
    X(RESOLVE_FAILS, "name lookup fails", "resolving: not found, try again or failed")           \
    X(RESOLVE_SLOW, "name lookup is slow", "resolving: takes 5 s longer")                        \
    X(TIME_JUMP, "time jump",                                                                    \
      "receiving, sending, accepting, connecting: up to an hour passes first")                   \
    X(DATAGRAM_LOST, "datagram lost", "sending a datagram: it never arrives")                    \
    X(DATAGRAM_DOUBLED, "datagram doubled", "sending a datagram: it arrives twice")              \
    X(DATAGRAM_LATE, "datagram late",                                                            \
      "sending a datagram: delayed by up to ten latencies, so that others overtake it")          \
    X(NO_MEMORY, "no memory",                                                                    \
      "allocating memory for a poller, a resolver, a lookup or the first clone of a listener "   \
      "(on Windows: of a socket); starting a thread")                                            \
    X(NO_PIPE, "no pipe", "fer_copy: making a pipe, on Linux: too many open files")              \
    X(PIPE_FULL, "pipe full", "fer_copy: receiving into a pipe: it has room for fewer bytes")    \
    X(SPLICE_REFUSED, "splice refused",                                                          \
      "fer_copy: receiving into a pipe, sending from one; fer_stream_send_file: sending")        \
    X(SEGMENTS_REFUSED, "segments refused",                                                      \
      "sending a message in segments: refused once, or permanently by a choice of the seed")     \
    X(ECN_REFUSED, "ECN refused", "sending a message with ECN: refused")                         \
    X(SHORT_BATCH, "short batch",                                                                \
      "sending two messages or more in one system call: fewer are sent")                         \
    X(LATE_BATCH_ERROR, "late batch error",                                                      \
      "sending or receiving two messages or more in one system call: an error after the first "  \
      "ends it. A send loses the error, a receive leaves it to the next")                        \
    X(CONTROL_LOST, "control messages lost",                                                     \
      "receiving handles, or a message with features: without its handles, address, ECN, drops " \
      "and "                                                                                     \
      "time")                                                                                    \
    X(CONTROL_CUT, "control messages cut",                                                       \
      "receiving handles: the last is not stored; a message with features: with its address "    \
      "alone")                                                                                   \
    X(SOFT_ERROR, "soft error",                                                                  \
      "sending on a stream, connecting one: the packet is lost, and a router reports that the "  \
      "peer cannot be reached")                                                                  \
    X(NO_ROUTE, "no route", "sending to another host, connecting to one: no route for a moment") \
    X(MAPPING_LOST, "mapping lost",                                                              \
      "sending on a stream to another host: a router that translates has forgotten it")          \
    X(PEER_TRANSLATED, "peer translated", "sending a datagram: it arrives from another port")    \
    X(URGENT, "urgent data",                                                                     \
      "receiving from a TCP connection: the peer has sent an urgent byte before one of those "   \
      "that are queued, which the program does not receive (SO_OOBINLINE is not set)")

typedef enum fer_sim_fault {
#define FER_SIM_FAULT_ENUMERATOR(name, words, chances) FER_SIM_FAULT_##name,
    FER_SIM_FAULTS(FER_SIM_FAULT_ENUMERATOR)
#undef FER_SIM_FAULT_ENUMERATOR
        FER_SIM_FAULT_COUNT
} fer_sim_fault;

/* A name that the resolver can resolve. Letter case is ignored. */
typedef struct fer_sim_name {
    const char *host; /* NUL-terminated */
    /* The results, in this order. Their ports are ignored. */
    const fer_socket_addr *FER_NULLABLE addrs;
    size_t count;
    /* FER_OK, or FER_HOST_NOT_FOUND, FER_RESOLVE_TRY_AGAIN, FER_RESOLVE_FAILED */
    fer_error_kind failure;
    fer_duration delay; /* how long a lookup takes */
} fer_sim_name;

/* Receives one line of the trace, NUL-terminated, without a line end. An example is "t=1.204000000
 * s 10.0.0.1:49152 -> 10.0.0.7:80 send 512 bytes, cut to 7". The text belongs to the library and is
 * valid only during the call. The function must not call ferrule. */
typedef void (*fer_sim_trace_function)(void *context, const char *line);

/* What the simulated Windows (10 1709 or later) does, in the WINSOCK dialect only. A member that is
 * false: as reported for real Windows. true: as Microsoft documents it, as another system does, or
 * a defect that was seen in some versions. */
typedef struct fer_sim_windows {
    /* The SOCKETs of one socket share SO_RCVTIMEO, SO_SNDTIMEO, SO_LINGER and SO_BROADCAST. If
     * false, each SOCKET has its own, and a duplicate begins with those of the other. */
    bool shared_options;
    /* The SOCKETs of one datagram socket share whether it is bound, and its peer, as under Wine. If
     * false, a duplicate has what the other one had when it was made: a bind or a connect through
     * another SOCKET leaves it as it was (Wine's test_WSADuplicateSocket, which Windows passes, of
     * bind and recvfrom; the rest is assumed). */
    bool shared_addresses;
    /* A second bind to a wildcard address that another socket holds exclusively is WSAEACCES
     * (10013), as under Wine, and so is each attempt to find out that the port is in use: ferrule
     * reports FER_PERMISSION_DENIED. False: WSAEADDRINUSE (10048), as documented. */
    bool denies_held_wildcard;
    /* A socket with SO_REUSEADDR can bind to the specific address of a socket without options, as
     * documented. False: WSAEACCES (10013), as reported. */
    bool reuse_takes_address;
    /* A port cannot be bound while a connection that its listener accepted is open, as documented
     * ("SO_EXCLUSIVEADDRUSE socket option", MSDN). False: it can, once the listener is closed
     * (reported). */
    bool connections_hold_ports;
    /* A send takes the bytes for which there is room, as documented ("send function", MSDN), on
     * Wine 8 and on Linux. False: it takes all bytes if there is any room (reported). */
    bool partial_sends;
    /* A stream's send of more bytes than this fails with WSAENOBUFS (10055). 0 means never,
     * otherwise it is at least 4096. */
    size_t no_buffers_above;
    /* Until this virtual time every receive of available bytes, and every send for which there is
     * room, fails with WSAENOBUFS (10055). Streams only. */
    fer_duration no_buffers_until;
    /* getpeername fails while a connect is pending, as under Wine 8. Reported of Windows, and seen
     * under Wine 10: it succeeds. */
    bool pending_has_no_peer;
    /* Bytes are never lost by closing early. If false, one close in four resets the connection, and
     * the other end loses what it has not received yet: a close of the program's own handle of a
     * connection over the loopback (127.0.0.0/8, ::1), before the other end's end of file. See
     * fer_tcp_stream_close. */
    bool keeps_early_closed_input;
    /* A wait to write ends at once, without room, once the peer has half-closed: WSAPoll's POLLHUP.
     * If false, it waits for room, as select does. Each of these ends takes 0.1 ms. */
    bool hangup_ends_write_waits;
    /* A wait does not notice what happens while it waits, as if AFD, the driver below Winsock, had
     * given the event to another wait on the socket. It ends at the end of its slice: 1 s for a
     * wait to receive, 100 ms for the others. */
    bool loses_events;
    /* CancelIoEx fails, so that shutdown wakes no call. The call notices the shutdown at the end of
     * its slice. Every wait with a cancel token has slices of 20 ms then, also one to receive. */
    bool loses_cancels;
} fer_sim_windows;

/* The configuration of a simulation. All zeros are a valid config: POSIX, seed 0, no faults, and
 * the defaults that the members state. Memory that it points to is caller-owned and must stay in
 * place until fer_sim_stop. */
typedef struct fer_sim_config {
    fer_sim_dialect dialect;
    /* Determines every random choice. With a tape it determines only the choices that exist on
     * Windows alone (for example between the codes 10053 and 10054). */
    uint64_t seed;
    /* Bytes from which random choices are read. After the last byte every choice is 0, and no
     * random fault occurs unless its probability is above 255/256 (996093 per million). */
    const uint8_t *FER_NULLABLE tape;
    size_t tape_len;
    /* The probability of each fault, per million. With a tape every probability above 0 is at least
     * 1 in 256. */
    uint32_t fault_chances[FER_SIM_FAULT_COUNT];
    fer_duration latency;          /* one way between two hosts; 0 means 1 ms */
    fer_duration jitter;           /* latency is increased by a random time up to this */
    fer_duration loopback_latency; /* 0 means that data arrives immediately */
    size_t send_buffer;            /* bytes, for each end of a connection; 0 means 65536 */
    size_t receive_buffer;         /* bytes, for each end of a connection; 0 means 65536 */
    /* The maximum number of sockets, including the peers'; 0 means 128. An odd number is rounded
     * up. The maximum number of connections is half of it. */
    size_t max_sockets;
    fer_sim_windows windows; /* used by the WINSOCK dialect only */
    fer_sim_bsd bsd;         /* used by the BSD dialect only */
    /* The features of datagram sockets that the system lacks: those of an older version, or of
     * Wine, which has no FER_UDP_ECN, FER_UDP_SOURCE and FER_UDP_SEGMENTING. */
    fer_udp_features lacks_udp_features;
    /* The names that can be resolved, in addition to "localhost" and the texts of addresses, which
     * are always known. */
    const fer_sim_name *FER_NULLABLE names;
    size_t name_count;
    fer_sim_trace_function FER_NULLABLE trace;
    void *FER_NULLABLE trace_context;
} fer_sim_config;

/* A handle that was still open at the end. */
typedef struct fer_sim_leak {
    fer_raw_socket raw;
    bool is_listener;
    fer_socket_addr local; /* all zero if it has none */
    fer_socket_addr peer;
} fer_sim_leak;

enum { FER_SIM_LEAKS_MAX = 16 };

/* The results of a simulation. */
typedef struct fer_sim_report {
    uint64_t digest;                       /* of the trace: equal for equal runs */
    uint64_t lines;                        /* of the trace */
    fer_duration elapsed;                  /* virtual time */
    size_t leaked_handles;                 /* the program's, without the peers */
    fer_sim_leak leaks[FER_SIM_LEAKS_MAX]; /* the first of the leaked handles */
    size_t leaked_lookups;                 /* leaked by the library itself */
    size_t leaked_waits;                   /* leaked by the library itself */
    size_t leaked_pollers;                 /* the program's */
    size_t leaked_tokens;                  /* the program's: cancel tokens that are not closed */
    uint64_t faults[FER_SIM_FAULT_COUNT];  /* how often each fault occurred */
    size_t tape_used;                      /* bytes */
} fer_sim_report;

/** Starts a simulation on this thread, with one allocation, or with none in the memory that the
 * last simulation has left (fer_sim_free_memory). A program can run only one simulation at a time.
 * The network belongs to this thread until fer_sim_stop. config may be NULL, which means all zeros.
 * Owns: config is caller-owned and copied. Memory that it points to must stay in place until
 * fer_sim_stop.
 * Errors: FER_INVALID_INPUT (a simulation runs on this thread; an unknown dialect or system; a
 * chance above a million; NULL names or tape with a count; a name without host, with a count but no
 * addresses, or with a failure that is not a resolver's; a latency, jitter, delay or
 * no_buffers_until above a year; buffers above 16 MiB; sockets above 4096; no_buffers_above from 1
 * to 4095), FER_UNSUPPORTED (a simulation runs on another thread), FER_ALREADY_EXISTS (the program
 * also has ferrule over the system's sockets, which some of its calls use), FER_OUT_OF_MEMORY.
 * Threads: any thread, but only one simulation at a time. */
FER_MUST_USE FER_API fer_error fer_sim_start(const fer_sim_config *FER_NULLABLE config);

/** Stops the simulation and stores its results in *report. report may be NULL. Close all handles
 * first: a handle that is left open is unusable, and its number may be reused in the next
 * simulation.
 * Owns: report is caller-owned.
 * Errors: FER_UNSUPPORTED (no simulation runs on this thread), FER_INVALID_INPUT (called from a
 * callback or the trace function of the simulation). */
FER_MUST_USE FER_API fer_error fer_sim_stop(fer_sim_report *FER_NULLABLE report);

/** Frees the memory that fer_sim_stop leaves for the next simulation: that of the largest one since
 * the last call. FER_OK also if there is none. Under AddressSanitizer the memory is poisoned
 * between two simulations, but for the bytes of buffers.
 * Errors: FER_INVALID_INPUT (a simulation runs on this thread), FER_UNSUPPORTED (one runs on
 * another thread).
 * Threads: any thread. */
FER_API fer_error fer_sim_free_memory(void);

/** Returns the virtual time since fer_sim_start. Returns 0 if no simulation runs on this thread.
 * Errors: none.
 * Threads: any number of concurrent calls. */
FER_API fer_duration fer_sim_now(void);

/** Advances virtual time by duration. Events scheduled within it run in order, each at its time. A
 * duration of 0 runs the events that are scheduled for the current time.
 * Blocks: never, in real time.
 * Errors: FER_UNSUPPORTED (no simulation runs on this thread), FER_INVALID_INPUT
 * (FER_DURATION_NONE; beyond the clock's end), FER_DEADLOCK (called from a callback of the
 * simulation, during which time does not pass). */
FER_MUST_USE FER_API fer_error fer_sim_advance(fer_duration duration);

/* ---- Faults, in addition to the random ones */

/** Makes a fault occur at its nth chance from now on. 1 is the next one. FER_SIM_FAULTS describes
 * the chances. A fault armed here does not depend on the seed, the tape or the probability.
 *
 * To inject a fault into one call of ferrule, arm it with 1 right before the call and call
 * fer_sim_clear_faults after it. Then every dialect gets the same fault, although the dialects use
 * different system calls.
 * Errors: FER_UNSUPPORTED (no simulation runs on this thread), FER_INVALID_INPUT (an unknown fault;
 * nth is 0), FER_OUT_OF_MEMORY (64 faults are already armed). */
FER_MUST_USE FER_API fer_error fer_sim_fault_at(fer_sim_fault fault, uint64_t nth);

/** Disarms all faults that fer_sim_fault_at armed and that have not occurred. Returns how many
 * there were.
 * Errors: none. */
FER_API size_t fer_sim_clear_faults(void);

/** Changes the probability of a fault, per million, from now on.
 * Errors: FER_UNSUPPORTED (no simulation runs on this thread), FER_INVALID_INPUT (an unknown fault;
 * more than a million). */
FER_MUST_USE FER_API fer_error fer_sim_set_fault_chance(fer_sim_fault fault, uint32_t chance);

/* How a host answers connects. Except with FER_SIM_ANSWER_AS_IS, its sockets do not matter. */
typedef enum fer_sim_answer {
    FER_SIM_ANSWER_AS_IS = 0, /* the socket there answers, if there is one */
    FER_SIM_ANSWER_REFUSES,
    /* no answer; the system ends the connect after 127 s (POSIX), 75 s (BSD) or 21 s (Windows) */
    FER_SIM_ANSWER_SILENT,
    FER_SIM_ANSWER_HOST_UNREACHABLE,
    FER_SIM_ANSWER_NETWORK_UNREACHABLE,
    /* The program's machine has no route there, for example no IPv6. The system refuses at once
     * with FER_NETWORK_UNREACHABLE, and no delay applies. A peer's connect gets no answer. */
    FER_SIM_ANSWER_NO_ROUTE
} fer_sim_answer;

/** Sets how connects to an address are answered from now on, and how much later than usual.
 *
 * Port 0 means all ports of the host that have no answer of their own. With FER_SIM_ANSWER_AS_IS a
 * delay makes connects succeed later; with the other answers it makes them fail later. Datagrams to
 * the address are refused or lost in the same way. A SYN is answered as it was set when the SYN
 * arrives: to lose only the first one, set FER_SIM_ANSWER_SILENT, and another answer by
 * fer_sim_after.
 * Owns: addr is caller-owned.
 * Errors: FER_UNSUPPORTED (no simulation runs on this thread), FER_INVALID_INPUT (NULL; an unknown
 * answer; a delay above a year), FER_OUT_OF_MEMORY (64 addresses already have an answer). */
FER_MUST_USE FER_API fer_error fer_sim_set_answer(const fer_socket_addr *addr,
                                                  fer_sim_answer answer, fer_duration delay);

/* ---- The network between the program's machine and the other hosts */

/* The path to a host. All but FER_SIM_PATH_OPEN lose every packet in both directions. A connection
 * goes on when its path is open again, unless an end has given up before. */
typedef enum fer_sim_path {
    FER_SIM_PATH_OPEN = 0,
    FER_SIM_PATH_SILENT, /* without a word: the host is off, or a link in between */
    /* A router answers the program's packets by this ICMP message. */
    FER_SIM_PATH_HOST_UNREACHABLE,
    FER_SIM_PATH_NETWORK_UNREACHABLE,
    FER_SIM_PATH_PORT_UNREACHABLE,
    FER_SIM_PATH_PROHIBITED,
    /* The program's machine has no route, or one of this type (ip-route(8), route(8)). Connects and
     * datagrams fail at once, as on the dialect's system. */
    FER_SIM_PATH_NO_ROUTE,
    FER_SIM_PATH_ROUTE_UNREACHABLE,
    FER_SIM_PATH_ROUTE_PROHIBIT,
    FER_SIM_PATH_ROUTE_BLACKHOLE
} fer_sim_path;

/** Sets the path to the host with the address peer. NULL means the path to all other hosts, which
 * precedes that of a host: FER_SIM_PATH_NO_ROUTE is the machine's network interface that is down.
 * Packets in flight are lost. Both ends retransmit what they have sent, and end the connection
 * after the time of their system (POSIX 924 s, BSD 511 s, Windows 19 s), or after the program's
 * user timeout.
 * There are no keepalives: an end that has nothing to send waits.
 * Owns: peer is caller-owned.
 * Errors: FER_UNSUPPORTED (no simulation runs on this thread), FER_INVALID_INPUT (a bad family; an
 * unknown path), FER_OUT_OF_MEMORY (64 hosts have a path). */
FER_MUST_USE FER_API fer_error fer_sim_set_path(const fer_ip_addr *FER_NULLABLE peer,
                                                fer_sim_path path);

/** Replaces the address of its family that the program's machine has, 10.0.0.1 or fd00::1. The
 * unspecified address removes it. Packets to and from the former address are lost, until it is set
 * again, and no socket can be bound to it. The simulation remembers the last 8 former addresses.
 * Errors: FER_UNSUPPORTED (no simulation runs on this thread), FER_INVALID_INPUT (a bad family; a
 * loopback, multicast or broadcast address). */
FER_MUST_USE FER_API fer_error fer_sim_set_address(fer_ip_addr ip);

/** Makes the routers that translate addresses (NAT, a balancer) forget the open connections to
 * the host peer, or to all if it is NULL. From then on what an end sends is lost, or with resets is
 * answered by a reset.
 * Owns: peer is caller-owned.
 * Errors: FER_UNSUPPORTED (no simulation runs on this thread), FER_INVALID_INPUT (a bad family). */
FER_MUST_USE FER_API fer_error fer_sim_forget(const fer_ip_addr *FER_NULLABLE peer, bool resets);

/* ---- Peers: the sockets of the other hosts, controlled by the test. Only the datagram faults and
 * RESET affect them. They never block, and behave the same in every dialect. */

/* A peer's socket: a number. Do not pass it to ferrule's own functions. */
typedef fer_raw_socket fer_sim_peer;
#define FER_SIM_PEER_NONE FER_RAW_SOCKET_NONE

/* The events that a peer's handler gets, once for each change. */
typedef enum fer_sim_event {
    FER_SIM_EVENT_CONNECTED,      /* its connect succeeded */
    FER_SIM_EVENT_CONNECT_FAILED, /* its connect failed */
    FER_SIM_EVENT_ACCEPTABLE,     /* a connection is queued */
    FER_SIM_EVENT_READABLE,       /* data has arrived */
    FER_SIM_EVENT_WRITABLE,       /* there is room again, after there was none */
    FER_SIM_EVENT_ENDED,          /* the program has shut down its write half */
    FER_SIM_EVENT_WAS_RESET
} fer_sim_event;

/* Called at its scheduled time: while a call of the program waits, or in fer_sim_advance. If the
 * clock passes that time in another call, the next call that may wait, that receives, sends,
 * accepts or polls, or that is for peers calls it. It may call every function of ferrule and of the
 * simulation, except fer_sim_stop, which is FER_INVALID_INPUT. Time does not pass during the call,
 * so a call that would have to wait is FER_DEADLOCK. No function is called during the call of
 * another one. It must not start a connector in a poller whose wait runs (connector.h).
 *
 * It may also close the handle of the call that waits, whose memory stays in place. A
 * fer_poller_wait of a poller that it closes is FER_BAD_HANDLE, and fer_poller_new of that poller
 * is FER_MISUSE until that wait has returned. A fer_lookup_wait of a lookup that it closes is
 * FER_MISUSE. Another call on a handle that it closes returns an error or what it has done
 * before. */
typedef void (*fer_sim_function)(void *context);
typedef void (*fer_sim_handler)(fer_sim_peer peer, fer_sim_event event, void *context);

/** Places a listening peer at an address. Its host exists from then on.
 *
 * With port 0 the network chooses an ephemeral port; fer_sim_peer_local_addr returns it. backlog is
 * 1 to 4096. As on Linux, the accept queue holds one connection more than that, and further ones
 * wait outside the queue. As for a restarted server, a port can be used again while connections of
 * an earlier peer are open.
 * Owns: addr is caller-owned. Close *out with fer_sim_peer_close; otherwise it ends with the
 * simulation.
 * Errors: FER_UNSUPPORTED (no simulation runs on this thread), FER_INVALID_INPUT (NULL; a bad
 * family or backlog), FER_ADDR_IN_USE, FER_TOO_MANY_OPEN_FILES (max_sockets is reached). */
FER_MUST_USE FER_API fer_error fer_sim_peer_listen(const fer_socket_addr *addr, int backlog,
                                                   fer_sim_peer *out);

/** Accepts the first connection in a listening peer's accept queue.
 * Owns: *out same as in fer_sim_peer_listen.
 * Errors: FER_WOULD_BLOCK (the queue is empty), FER_INVALID_INPUT (NULL; not a listening peer),
 * FER_TOO_MANY_OPEN_FILES, FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_accept(fer_sim_peer listener, fer_sim_peer *out);

/** Starts to connect a peer at `from` to `to`. from may be NULL; then the peer is on the same
 * machine as `to` and gets an ephemeral port. It also gets an ephemeral port if the port in `from`
 * is 0. FER_SIM_EVENT_CONNECTED or FER_SIM_EVENT_CONNECT_FAILED reports the result, and so do
 * fer_sim_peer_send and fer_sim_peer_recv.
 * Owns: both addresses are caller-owned. *out same as in fer_sim_peer_listen.
 * Errors: FER_INVALID_INPUT (NULL; a bad family; two different families), FER_ADDR_IN_USE (`from`),
 * FER_TOO_MANY_OPEN_FILES, FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_connect(const fer_socket_addr *FER_NULLABLE from,
                                                    const fer_socket_addr *to, fer_sim_peer *out);

/** Sends as many bytes as there is room for. *n is their number; n may be NULL.
 * Owns: buf is caller-owned, len bytes.
 * Errors: FER_WOULD_BLOCK (no room, or a pending connect), FER_CONNECTION_RESET, FER_BROKEN_PIPE
 * (its write half is shut down), FER_NOT_CONNECTED, FER_CONNECTION_REFUSED and similar errors (its
 * connect failed), FER_INVALID_INPUT (NULL; no such peer), FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_send(fer_sim_peer peer, const void *FER_NULLABLE buf,
                                                 size_t len, size_t *FER_NULLABLE n)
    FER_IN_READS(2, 3);

/** Sends bytes as fer_sim_peer_send, and the last one as urgent data, as send does with MSG_OOB. If
 * only some of the bytes are sent, none is urgent.
 *
 * A read of the program ends before the urgent byte, and the next one continues after it, unless
 * fer_sim_set_urgent_inline was called. FER_PRIORITY is ready until then. In the WINSOCK dialect it
 * stays ready, because no call of ferrule takes the byte.
 * Owns: buf is caller-owned, len bytes.
 * Errors: same as fer_sim_peer_send, and FER_WOULD_BLOCK until the program has read beyond the last
 * urgent byte. */
FER_MUST_USE FER_API fer_error fer_sim_peer_send_urgent(fer_sim_peer peer,
                                                        const void *FER_NULLABLE buf, size_t len,
                                                        size_t *FER_NULLABLE n) FER_IN_READS(2, 3);

/** Sets whether a TCP stream of the program receives urgent bytes as the others, as setsockopt with
 * SO_OOBINLINE does. raw is the result of fer_tcp_stream_as_raw or of a similar function.
 * Errors: FER_INVALID_INPUT (not a TCP stream of the program), FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_set_urgent_inline(fer_raw_socket raw, bool is_inline);

/** Sets the length at which a datagram socket of the program cuts what it sends without a segment
 * size, as setsockopt does with UDP_SEGMENT or UDP_SEND_MSG_SIZE. 0: it cuts nothing. raw is the
 * result of fer_udp_socket_as_raw or of a similar function.
 * Errors: FER_INVALID_INPUT (not an IP datagram socket of the program; above 65535),
 * FER_UNSUPPORTED (also in a dialect or with lacks_udp_features without FER_UDP_SEGMENTING). */
FER_MUST_USE FER_API fer_error fer_sim_set_segment_size(fer_raw_socket raw, size_t size);

/** Receives available bytes, at most len. FER_OK with *n == 0 and len > 0 is end of file.
 * Owns: buf is caller-owned, len bytes.
 * Errors: same as fer_sim_peer_send, but never FER_BROKEN_PIPE. Bytes that arrived before a reset
 * are still returned. */
FER_MUST_USE FER_API fer_error fer_sim_peer_recv(fer_sim_peer peer, void *FER_NULLABLE buf,
                                                 size_t len, size_t *FER_NULLABLE n)
    FER_OUT_WRITES(2, 3);

/** Shuts down a peer's write half. The program reads all data sent before, then end of file.
 * Errors: FER_NOT_CONNECTED, FER_INVALID_INPUT (no such peer), FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_shutdown(fer_sim_peer peer);

/** Closes a peer's socket: in an orderly way, or with a reset if input is unread (RFC 1122,
 * 4.2.2.13). Connections queued at a listener are reset. Does nothing on FER_SIM_PEER_NONE and on a
 * closed peer.
 * Owns: the number can be reused afterwards.
 * Errors: none. */
FER_API void fer_sim_peer_close(fer_sim_peer peer);

/** Closes a peer's socket with a reset. Does nothing on FER_SIM_PEER_NONE and on a closed peer.
 * Owns: the number can be reused afterwards.
 * Errors: none. */
FER_API void fer_sim_peer_reset(fer_sim_peer peer);

/** Stores a peer's own address in *out.
 * Owns: out is caller-owned.
 * Errors: FER_INVALID_INPUT (NULL; no such peer), FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_local_addr(fer_sim_peer peer, fer_socket_addr *out);

/** Stores in *out the address that a peer is connected or connecting to.
 * Owns: out is caller-owned.
 * Errors: FER_NOT_CONNECTED (neither connected nor connecting), FER_INVALID_INPUT (NULL; no such
 * peer), FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_remote_addr(fer_sim_peer peer, fer_socket_addr *out);

/** Places a datagram peer at an address. Its host exists from then on. With port 0 the network
 * chooses an ephemeral port; fer_sim_peer_local_addr returns it. The handler gets
 * FER_SIM_EVENT_READABLE when a datagram arrives. Use the peer with fer_sim_peer_send_to,
 * fer_sim_peer_recv_from and fer_sim_peer_close. The functions for connections refuse it.
 * Owns: addr is caller-owned. *out same as in fer_sim_peer_listen.
 * Errors: FER_INVALID_INPUT (NULL; a bad family), FER_ADDR_IN_USE, FER_TOO_MANY_OPEN_FILES,
 * FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_bind(const fer_socket_addr *addr, fer_sim_peer *out);

/** Sends one datagram. The datagram faults can occur here too.
 * Owns: buf is caller-owned, len bytes. to is caller-owned.
 * Errors: FER_INVALID_INPUT (NULL; a bad family; two different families; port 0; no such peer),
 * FER_MESSAGE_TOO_LONG (above 65507 bytes), FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_send_to(fer_sim_peer peer, const void *FER_NULLABLE buf,
                                                    size_t len, const fer_socket_addr *to)
    FER_IN_READS(2, 3);

/** Receives one datagram. If it is longer than len, the rest is lost.
 * Owns: buf is caller-owned, len bytes.
 * Errors: FER_WOULD_BLOCK (no datagram), FER_INVALID_INPUT (NULL; no such peer),
 * FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_recv_from(fer_sim_peer peer, void *FER_NULLABLE buf,
                                                      size_t len, fer_udp_received *out)
    FER_OUT_WRITES(2, 3);

/** Makes a datagram peer appear at another address from now on, as behind a translation (NAT):
 * what it sends comes from there, and what is sent there reaches it. NULL: at its own
 * address alone.
 * Owns: from is caller-owned.
 * Errors: FER_INVALID_INPUT (no such peer; a bad family; port 0), FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_set_source(fer_sim_peer peer,
                                                       const fer_socket_addr *FER_NULLABLE from);

/** Stores in *out the TOS (IPv4) or traffic class (IPv6) of the datagram that a peer receives next:
 * its DSCP in the upper six bits, and its ECN codepoint.
 * Owns: out is caller-owned.
 * Errors: FER_WOULD_BLOCK (no datagram), FER_INVALID_INPUT (NULL; no such peer),
 * FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_tos(fer_sim_peer peer, uint32_t *out);

/** Sets the function that is called for each event of a peer; handler may be NULL for none. Peers
 * that a listener accepts while it runs a script (fer_sim_peer_play) inherit its handler. Events
 * that have already occurred are reported too, before time passes.
 * Owns: context is caller-owned and passed to the handler.
 * Errors: FER_INVALID_INPUT (no such peer), FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_set_handler(fer_sim_peer peer,
                                                        fer_sim_handler FER_NULLABLE handler,
                                                        void *FER_NULLABLE context);

/** Removes the path of a Unix socket, as unlink does. The path can be bound again, and connects no
 * longer reach the socket there.
 * Owns: path is caller-owned.
 * Errors: FER_NOT_FOUND, FER_INVALID_INPUT (NULL, empty, too long), FER_UNSUPPORTED.
 * Rust: none; std::fs::remove_file on a real system. */
FER_MUST_USE FER_API fer_error fer_sim_remove_path(const char *path);

/* The actions of a scripted peer, performed one after the other. */
typedef enum fer_sim_action {
    FER_SIM_ACTION_PAUSE,          /* does nothing, for the step's delay */
    FER_SIM_ACTION_SEND,           /* sends all bytes */
    FER_SIM_ACTION_RECEIVE,        /* receives len bytes and discards them */
    FER_SIM_ACTION_RECEIVE_TO_END, /* receives until end of file and discards all bytes */
    FER_SIM_ACTION_ECHO,           /* sends back all received bytes, until end of file */
    FER_SIM_ACTION_SHUT_DOWN,      /* shuts down the peer's write half */
    FER_SIM_ACTION_CLOSE,
    FER_SIM_ACTION_RESET,
    FER_SIM_ACTION_SEND_URGENT /* sends all bytes, of which the last one is urgent */
} fer_sim_action;

typedef struct fer_sim_step {
    fer_sim_action action;
    fer_duration delay;             /* before the action */
    const void *FER_NULLABLE bytes; /* for FER_SIM_ACTION_SEND and _SEND_URGENT, len bytes */
    size_t len;
} fer_sim_step;

/** Makes a peer run a script of count steps. A reset or another failure ends it early. A listener
 * accepts every connection, and each accepted peer runs the script from its beginning. A peer that
 * runs a script leaves it: the step whose delay has not expired is not performed.
 * Owns: steps and their bytes are caller-owned and must stay in place until fer_sim_stop. The
 * simulation owns a peer that a listener accepted for its script. FER_SIM_ACTION_CLOSE and
 * FER_SIM_ACTION_RESET close a peer as fer_sim_peer_close and fer_sim_peer_reset do.
 * Errors: FER_INVALID_INPUT (NULL with a count; an unknown action; FER_SIM_ACTION_SEND or
 * FER_SIM_ACTION_SEND_URGENT of NULL; a delay of FER_DURATION_NONE; no such peer),
 * FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_peer_play(fer_sim_peer peer,
                                                 const fer_sim_step *FER_NULLABLE steps,
                                                 size_t count) FER_IN_READS(2, 3);

/** Calls a function once, after a delay. A function that is called may schedule itself again: its
 * shortest delay is 1 microsecond, so that time passes.
 * Owns: context is caller-owned and passed to the function.
 * Errors: FER_INVALID_INPUT (NULL; FER_DURATION_NONE), FER_OUT_OF_MEMORY (1024 calls are already
 * scheduled), FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_after(fer_duration delay, fer_sim_function function,
                                             void *FER_NULLABLE context);

/* ---- Files, for fer_stream_send_file. At most 8 are open. */

/** Makes a file of these bytes.
 * Owns: the bytes are caller-owned and must outlive the file. fer_sim_stop closes the files.
 * Errors: FER_INVALID_INPUT (file is NULL; buf is NULL and len is not 0), FER_OUT_OF_MEMORY (too
 * many files), FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_file_new(const void *FER_NULLABLE buf, size_t len,
                                                fer_raw_file *file) FER_IN_READS(1, 2);

/** Sets the length of a file, to at most that of its bytes, so that it shrinks, or grows again.
 * Errors: FER_INVALID_INPUT (no such file; it has fewer bytes), FER_UNSUPPORTED. */
FER_MUST_USE FER_API fer_error fer_sim_file_set_len(fer_raw_file file, size_t len);

/** Closes a file. Nothing happens if there is none.
 * Errors: none. */
FER_API void fer_sim_file_close(fer_raw_file file);

FER_END_DECLS

#endif
