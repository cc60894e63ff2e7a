/* world.h: what a run of the sweep uses: the handles, their peers and the arguments, and the parts
 * of its programs: world.c, sweep.c, and runs.c with posix.c or winsock.c, or sim.c with
 * sim_peers.c. */
#ifndef SWEEP_WORLD_H
#define SWEEP_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/connector.h"
#include "ferrule/io.h"
#include "ferrule/poller.h"
#include "ferrule/resolve.h"
#include "ferrule/socket.h"
#include "ferrule/time.h"
#include "ferrule/udp_batch.h"
#include "support/functions.h"

#define BYTES 16
#define OK ((fer_error){FER_OK, 0})

/* First those of a handle of each type (support/functions.h). From OF_TCP on the same socket as a
 * fer_socket, from RAW_TCP on as a raw socket. */
enum setup {
    TCP,
    UNIX,
    TCP_LISTENER,
    UNIX_LISTENER,
    UDP,
    UNIX_GRAM,
    BUILT_UDP,
    RESOLVER,
    LOOKUP,
    CONNECTOR,
    POLLER,
    TOKEN,
    WAKER,
    OF_TCP,
    RAW_TCP = OF_TCP + BUILT_UDP,
    RAW_UNIX = RAW_TCP + UNIX,
    RAW_UDP = RAW_TCP + UDP,
    NONE = RAW_TCP + BUILT_UDP,
    TCP_STARTED,
    TCP_AND_UNIX,
    UDP_UNCONNECTED,
    UDP6,
    UDP_MEMBER,
    UDP6_MEMBER,
    UDP_OF_SOURCE,
    UDP6_OF_SOURCE,
    BUILT_TCP,
    BUILT_TCP6,
    BUILT_NEW_UDP,
    BUILT_UNCONNECTED,
    BUILT_BOUND,
    BUILT_UNIX,
    POLLER_ADDED,
    CANCELLED,
    WOKEN,
    CONNECTOR_DONE
};

/* Two macros of windows.h. */
#undef IN
#undef OUT

enum {
    IN = 1,           /* reads a stream's bytes, of which the peer has sent BYTES */
    PEEK = 1 << 1,    /* the same, and takes none */
    OUT = 1 << 2,     /* writes them */
    ALL = 1 << 3,     /* moves all of them, or fails */
    ENDS = 1 << 4,    /* the peer has shut down writing */
    GRAM_IN = 1 << 5, /* receives one of two datagrams */
    GRAM_PEEK = 1 << 6,
    GRAM_OUT = 1 << 7,
    COPY = 1 << 8,
    WAITS = 1 << 9,    /* depends on the handle's modes, as all of the above */
    CLOSES = 1 << 10,  /* the handle, or gives its socket away, even if it fails */
    ONCE = 1 << 11,    /* cannot be repeated after a failure */
    STARTS = 1 << 12,  /* a connect, which may be pending then */
    STARTED = 1 << 13, /* meets the result of one */
    LIMITED = 1 << 14, /* has limits as an argument */
    HELD = 1 << 15,    /* the peers do nothing before the call */
    BINDS = 1 << 16,
    CONNECTS = 1 << 17,
    TRANSFERS = IN | PEEK | OUT | COPY,
    GRAMS = GRAM_IN | GRAM_PEEK | GRAM_OUT
};

enum mode { PLAIN, TIMEOUTS, LIMITS, NONBLOCKING, CLONED, MODES };

/* Everything that a run uses. */
struct world {
    fer_tcp_stream tcp, tcp2;
    fer_tcp_listener tcp_listener, tcp_listener2;
    fer_udp_socket udp, udp2;
    fer_unix_stream unix_, unix2;
    fer_unix_listener unix_listener, unix_listener2;
    fer_unix_datagram gram_, gram2;
    fer_socket socket, socket2;
    fer_poller poller;
    fer_resolver resolver;
    fer_lookup lookup;
    fer_connector connector;
    fer_cancel_token token, stop;
    fer_waker waker;
    fer_raw_socket raw; /* not owned by a handle, unless a handle has it too */
    bool is_borrowed;   /* never owned by a handle */
    fer_raw_socket peer, unix_end, clients[3];
    char buf[64];
    size_t n;
    uint64_t copied;
    fer_stream stream, other_stream;
    fer_io_slice_mut to_read[2];
    fer_io_slice to_write[2];
    fer_copy_buffer copy, back;
    fer_datagram_send message_out;
    fer_datagram_recv message_in;
    fer_socket_addr local, bound, tcp_peer, tcp_peers[2], udp_peer;
    fer_unix_addr unix_peer, gram_peer, free_addr;
    char name_of_tcp[32], name_of_udp[32], name_of_interface[FER_INTERFACE_NAME_CAP];
    fer_ipv4_addr group_v4;
    fer_ipv6_addr group_v6;
    fer_limits limits;
    fer_connect_options options;
    fer_lookup_options lookup_options;
    fer_duration brief, fine, none;
    fer_tcp_keepalive keepalive;
    fer_event event;
    fer_poll_entry entry;
    bool flag;
    /* What a call only writes, by the number of the parameter. All bytes are DIRT before it. */
    _Alignas(16) unsigned char outputs[FUNCTION_PARAMETERS_MAX][512];
};
extern struct world world;

#define HANDLES (2 * (BUILT_UDP + 1))

#define DIRT 0xaa

extern const char pattern[BYTES + 1];
extern const fer_ipv4_addr loopback_v4;
extern const fer_ipv6_addr loopback_v6;

/* ---- The world. world.c */

/* The arguments of a run; calls with a time limit end after millis. */
void world_begin(struct world *w, uint64_t millis);

/* The handles of a setup. False: this system lacks something. */
bool world_open(struct world *w, enum setup setup, int flags);

/* The mode of the handle under test. MODES: no limits. */
void world_set_mode(struct world *w, enum setup setup, enum mode mode);

/* The same, before the call under test, and the outputs. Stores the raw sockets of all handles;
 * returns count_open. */
int world_begin_call(struct world *w, enum setup setup, enum mode mode,
                     fer_raw_socket before[HANDLES]);

/* Closes everything. */
void world_end(struct world *w);

/* The handles of each type, and the second ones. All types of sockets consist of one fer_handle. */
extern void *const first_handles[HANDLE_TYPE_COUNT];
extern void *const other_handles[HANDLE_TYPE_COUNT];

/* Of the handle with a number below HANDLES. */
fer_raw_socket raw_of(int number);

/* The socket under test, or -1. */
fer_raw_socket world_socket(void);

/* ---- The peers: plain sockets of the system, below ferrule. peers.c with posix.c or
 * winsock.c, sim_peers.c */

struct stage {
    fer_raw_socket tcp_listener, unix_listener, udp, gram; /* -1: the system lacks it */
    fer_socket_addr tcp_addr, udp_addr;
    char path[96], gram_path[96], free_path[96];
    fer_raw_file file; /* has the pattern */
};
extern struct stage stage;

/* A connection from a listener's queue, or -1. */
fer_raw_socket accept_client(fer_raw_socket listener);
/* A connection to an address, or if that is NULL to a path. */
fer_raw_socket connect_client(const fer_socket_addr *addr, const char *path);
/* Sends the pattern. */
void send_pattern(fer_raw_socket peer);
/* Shuts down writing. */
void end_sending(fer_raw_socket peer);
/* Closes a socket with a reset, so that no port stays in TIME_WAIT. Does nothing on -1. */
void reset_peer(fer_raw_socket peer);
/* Two datagrams from the peer to a socket. */
void send_two(fer_raw_socket peer, fer_raw_socket to);

/* The number of bytes, or of datagrams, that wait at a socket. The bytes are appended in buf, a
 * datagram replaces the one before. */
size_t drain(fer_raw_socket raw, bool counts_bytes, char *buf, size_t cap);
size_t queued_bytes(fer_raw_socket raw);

void free_the_path(void);
int count_open(void);

/* The program ends with end_hanging_run if the next call does not come within that time. 0: there
 * is no next one. sweep.c, on Windows winsock.c */
void watch(unsigned seconds);
void end_hanging_run(void);

/* Of the simulated network (sim_peers.c), of which each run has its own. */
void stage_open(void);
void stage_close(void);
/* Everything that was sent arrives. */
void settle(void);

/* ---- Runs. sweep.c */

struct scenario {
    const char *name;
    enum setup setup;
    int flags;
    const struct function *function;
    const struct other_call *other;
};
enum { SCENARIOS_MAX = 512 };
extern struct scenario scenarios[SCENARIOS_MAX];
extern size_t scenario_count;

/* Fills the table of the scenarios. calls.c */
void list_calls(void);
fer_error call_row(size_t row, struct world *w);
/* Whether a parameter is one of the outputs. */
bool call_writes(const struct function *function, size_t at);

/* What fails in the run in progress, for reports. runs.c, sim.c */
void describe_faults(char *text, size_t cap);

/* Every run of a row in a mode. runs.c, sim.c */
void sweep_row(size_t row, enum mode mode);
/* Before the first run and after the last one. */
void stage_set(void);
void stage_clear(void);
/* Before the first socket. posix.c, winsock.c */
void prepare_system(void);

/* True for one run in N (--every). */
bool is_in_my_share(void);

/* The run in progress. */
void run_begin(size_t row, enum mode mode);
void count_kind(fer_error error);
__attribute__((format(printf, 1, 2))) void report(const char *format, ...);

/* A failed call opens and closes nothing. before, open: of world_begin_call. */
void check_handles(const fer_raw_socket before[HANDLES], int open, fer_error error);

/* A failed call leaves its outputs as they were. */
void check_outputs(const struct world *w, fer_error error);

/* The counts are those of the peer. */
void check_counts(struct world *w, fer_error error);

/* The same call again succeeds while the system works. may_end: a connection may have ended, by an
 * error that says so, or whatever the error is (has_shown_end). */
void check_repetition(struct world *w, fer_error first, bool may_end, bool has_shown_end);

/* Ends the program if the test itself fails. */
void require(bool is_so, const char *text);
#define REQUIRE(expression) require((expression), #expression)
#define REQUIRE_OK(call) require((call).kind == FER_OK, #call)

/* The blocks of memory that are allocated. */
long allocated_blocks(void);
void count_blocks(long change);

/* The library's malloc and free. faults.c, sim.c */
void *allocate(size_t size);
void release(void *block);
void *__real_malloc(size_t size);
void __real_free(void *block);

#endif
