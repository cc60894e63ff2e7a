/* poller_program.h: decodes bytes into a program of calls on pollers, on sockets of every type and
 * on their peers, and runs it on the simulated network. The model checks the result of each
 * call. */
#ifndef FUZZ_POLLER_PROGRAM_H
#define FUZZ_POLLER_PROGRAM_H

#include "ferrule.h"
#include "ferrule/sim.h"
#include "fuzz/models/poller_model.h"

/* To a far peer, one way, in nanoseconds. */
#define POLLER_LATENCY UINT64_C(1000000)

enum { POLLER_BUFFER = 64, POLLER_HANDLES = 8, POLLER_CLIENTS = 8, POLLER_DEFERRED_MAX = 12 };
enum { POLLER_STEPS = 80 };

typedef struct poller_step {
    uint8_t op;
    uint8_t one; /* the handle, in most steps */
    uint8_t other;
    uint8_t third;
} poller_step;

typedef enum poller_type {
    POLLER_EMPTY,
    POLLER_SOCKET,
    POLLER_TCP,
    POLLER_TCP_LISTENER,
    POLLER_UDP,
    POLLER_UNIX,
    POLLER_UNIX_LISTENER
} poller_type;

typedef struct poller_handle {
    poller_type type;
    union {
        fer_socket built;
        fer_tcp_stream stream;
        fer_tcp_listener listener;
        fer_udp_socket udp;
        fer_unix_stream unix_stream;
        fer_unix_listener unix_listener;
    } as;
    fer_raw_socket raw;
    int socket;
} poller_handle;

/* The state of the other end of a socket, and what is in flight. */
typedef struct poller_link {
    fer_sim_peer peer;
    bool is_far, peer_has_shut_down, peer_is_closed;
    bool is_refused;     /* a datagram socket that is connected to a closed port */
    bool awaits_refusal; /* it has sent a datagram, and its refusal was not reported */
    uint64_t connected;  /* the time at which the peer is connected at the latest */
    size_t outstanding;  /* bytes that the peer has not received */
    size_t queued;       /* sent to the program and not received */
    int other_end;       /* the other end of a Unix stream, while it is open */
    int listener;        /* the listener in whose queue it is */
    fer_raw_socket kept; /* it stays open until the last handle is closed */
    fer_socket_addr local;
    fer_socket_addr to; /* of a background connect */
} poller_link;

/* A peer that has connected to a listener of the program and was not accepted yet. */
typedef struct poller_client {
    fer_sim_peer peer;
    bool is_far;
} poller_client;

struct poller_program;

typedef struct poller_deferred {
    struct poller_program *program;
    poller_step step;
} poller_deferred;

struct poller_program {
    fer_sim_dialect dialect;
    /* windows.hangup_ends_write_waits, windows.no_buffers_until */
    bool hangup_is_writable;
    fer_duration no_buffers_until;
    bool is_traced;
    bool is_waiting; /* deferred steps may run */
    fer_poller pollers[POLLER_POLLERS];
    poller_handle handles[POLLER_HANDLES];
    poller_link links[POLLER_SOCKETS_MAX];
    int socket_count;
    poller_client clients[POLLER_CLIENTS];
    fer_sim_peer listeners[2]; /* near and far */
    fer_sim_peer senders[2];   /* of datagrams */
    int fault;                 /* injected into the next wait, or -1 */
    fer_raw_socket closed;     /* the raw socket that was closed last */
    uint64_t next_key;
    uint64_t delay; /* of the next step, in nanoseconds; or 0 */
    poller_deferred deferred[POLLER_DEFERRED_MAX];
    size_t deferred_count;
};

/* poller_network.c: the steps of sockets. */
bool poller_is_full(const struct poller_program *program, int sockets);
/* Creates a socket that no handle has yet. */
int poller_create_socket(struct poller_program *program, poller_kind kind);
/* The handle was opened and has this socket. */
void poller_assign(poller_handle *handle, poller_type type, int socket);
fer_socket_addr poller_address(const char *text);
poller_handle *poller_handle_of(struct poller_program *program, const poller_step *step);
poller_link *poller_link_of(struct poller_program *program, const poller_handle *handle);
uint64_t poller_latency(bool is_far);
void poller_make(struct poller_program *program, const poller_step *step);
void poller_connect_start(struct poller_program *program, const poller_step *step);
void poller_receive(struct poller_program *program, const poller_step *step);
void poller_send(struct poller_program *program, const poller_step *step);
void poller_clone(struct poller_program *program, const poller_step *step);
void poller_close(struct poller_program *program, const poller_step *step);
void poller_through_raw(struct poller_program *program, const poller_step *step);
void poller_network_end(struct poller_program *program);

/* poller_unix.c: Unix streams. The program has both of their ends. */
void poller_unix_listen(struct poller_program *program, poller_handle *handle);
void poller_unix_connect(struct poller_program *program, const poller_handle *listener,
                         poller_handle *out);
void poller_unix_accept(struct poller_program *program, poller_handle *listener,
                        poller_handle *out);
void poller_unix_sent(const struct poller_program *program, int socket, size_t count);
void poller_unix_received(struct poller_program *program, int socket, size_t count);
void poller_unix_shut(const struct poller_program *program, int socket, fer_shutdown how);
void poller_unix_closed(struct poller_program *program, int socket);

/* poller_peers.c: the steps of peers. */
void poller_peer_sends(struct poller_program *program, const poller_step *step);
void poller_peer_receives(struct poller_program *program, const poller_step *step);
void poller_peer_shuts_down(struct poller_program *program, const poller_step *step);
void poller_peer_closes(struct poller_program *program, const poller_step *step);
void poller_peer_resets(struct poller_program *program, const poller_step *step);
void poller_peers_begin(struct poller_program *program);
/* Accepts every connection to a peer's listener. */
void poller_peers_attach(struct poller_program *program);

/* Runs the bytes as a program, and closes all handles. */
void poller_program_run(struct poller_program *program, fer_sim_dialect dialect,
                        const uint8_t *data, size_t size);

#endif
