/* udp_program.h: decodes bytes into a program of calls on datagram sockets with peers, loss,
 * doubling and delays, and runs it on the simulated network. Each call's result is a record, which
 * udp_model.c and the harness check. */
#ifndef FUZZ_UDP_PROGRAM_H
#define FUZZ_UDP_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"
#include "ferrule/sim.h"
#include "fuzz/programs/limits.h"

enum {
    UDP_HANDLES = 6,
    UDP_SOCKETS = 24, /* of one program in total */
    UDP_PEERS = 4,
    UDP_ENDS = UDP_SOCKETS + UDP_PEERS,
    UDP_STEPS = 60,
    UDP_STEP_BYTES = 4,
    UDP_DATAGRAMS = 60, /* the simulation has room for 64 */
    UDP_SERIALS = 32,
    UDP_LONGEST = 300,
    UDP_FIRST_PATH_FAULT = 120, /* with its bit of the switches */
    UDP_NONE = -1
};

/* X(name): what a step does. A shutdown has no number of its own in an input (run_step). */
/* clang-format off */
#define UDP_OPS(X)                                                                       \
    X(BIND) X(CONNECT) X(SEND) X(SEND_TO) X(RECV) X(RECV_FROM) X(PEEK) X(CLONE) X(CLOSE) \
    X(READ_TIMEOUT) X(NONBLOCKING) X(BROADCAST) X(JOIN) X(LEAVE) X(LOOP) X(TAKE_ERROR)   \
    X(PEER_ADDR) X(LOCAL_ADDR) X(THROUGH_RAW) X(PEER_SEND) X(PEER_RECEIVE) X(SHUTDOWN)
/* clang-format on */

enum udp_op {
#define UDP_OP(name) UDP_##name,
    UDP_OPS(UDP_OP)
#undef UDP_OP
        UDP_OP_COUNT
};

struct udp_record {
    enum udp_op op;
    int handle;
    /* The socket of the handle before the step, or UDP_NONE. Peers have UDP_SOCKETS and more. */
    int socket;
    int fault; /* injected, or UDP_NONE */
    bool fault_hit;
    struct call_limits limits;
    bool after_pause; /* a second passed before it: every datagram in flight has arrived */
    fer_error error;
    size_t requested;
    size_t n; /* sent, or received */
    bool truncated;
    fer_socket_addr addr; /* destination, source, or the result of an address getter */
    bool has_addr;
    int serial; /* of the datagram, from its bytes; UDP_NONE if it is too short */
    bool bytes_are_right;
    bool has_peer;   /* after a connect that failed */
    bool is_adopted; /* went through a raw socket */
    uint64_t value, elapsed;
};

struct udp_program {
    fer_udp_socket handles[UDP_HANDLES];
    int socket_of[UDP_HANDLES];
    bool is_shut[UDP_HANDLES]; /* a half of its socket is */
    bool had_clones[UDP_SOCKETS];
    bool has_paths; /* faults of paths may occur */
    struct program_limits limits;
    struct handle_limits limits_of[UDP_HANDLES];
    int socket_count;
    fer_sim_peer peers[UDP_PEERS];
    fer_socket_addr peer_addrs[UDP_PEERS];
    int datagram_count; /* sent, with one copy for each receiver */
    int next_serial;
    struct udp_record record;
    void *context;
    void (*observe)(void *context, const struct udp_record *record);
    fer_sim_report report;
};

const char *udp_op_name(enum udp_op op);

/* Byte i of the datagram with that serial number. The first two bytes identify it. */
uint8_t udp_byte(int serial, size_t i);

/* Runs the bytes as a program. Each step's record goes to observe. At the end all handles are
 * closed, and the report is stored. */
void udp_program_run(struct udp_program *program, fer_sim_dialect dialect, const uint8_t *data,
                     size_t size);

#endif
