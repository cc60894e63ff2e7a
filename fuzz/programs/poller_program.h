/* poller_program.h: bytes as a program of calls on pollers, on sockets of every kind and on their
 * peers, run on the simulated network. Each call is made of the library and told the model, which
 * must find it right. */
#ifndef FUZZ_POLLER_PROGRAM_H
#define FUZZ_POLLER_PROGRAM_H

#include "ferrule.h"
#include "ferrule/sim.h"
#include "fuzz/models/poller_model.h"

#define POLLER_LATENCY UINT64_C(1000000) /* to a far peer, one way */

enum {
    POLLER_BUFFER = 64,
    POLLER_HANDLES = 8,
    POLLER_GUESTS = 8,
    POLLER_LATER_MAX = 12,
    POLLER_STEPS = 80,
    POLLER_STEP_BYTES = 4
};

typedef struct poller_step {
    uint8_t op;
    uint8_t one; /* which handle, mostly */
    uint8_t other;
    uint8_t third;
} poller_step;

typedef enum poller_holds {
    POLLER_NOTHING,
    POLLER_BUILT,
    POLLER_TCP,
    POLLER_LISTENS,
    POLLER_UDP,
    POLLER_UNIX,
    POLLER_UNIX_LISTENS
} poller_holds;

typedef struct poller_handle {
    poller_holds holds;
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

/* What the program knows of a socket of its own: who plays the other end, and what is under way. */
typedef struct poller_end {
    fer_sim_peer peer;
    bool is_far;
    bool peer_ended;
    bool peer_gone;
    bool is_deaf;       /* a datagram socket that is connected to where nobody is */
    bool asks;          /* it has sent there, and was not answered yet */
    uint64_t connected; /* when the peer knows of it at the latest */
    size_t outstanding; /* bytes that the peer has not taken */
    size_t given;       /* to the program, that it has not taken */
    int twin;           /* a Unix stream's other end, while there is one */
    int listener;       /* in whose queue it is */
    fer_socket_addr local;
    fer_socket_addr to; /* of a connect in the background */
} poller_end;

/* Who has connected to a listener of the program's, and was not accepted yet. */
typedef struct poller_guest {
    fer_sim_peer peer;
    bool is_far;
} poller_guest;

struct poller_program;

typedef struct poller_later {
    struct poller_program *program;
    poller_step step;
} poller_later;

struct poller_program {
    fer_sim_dialect dialect;
    bool is_traced;
    bool is_waiting; /* what was put off may happen */
    fer_poller pollers[POLLER_POLLERS];
    poller_handle handles[POLLER_HANDLES];
    poller_end ends[POLLER_SOCKETS_MAX];
    int born;
    poller_guest guests[POLLER_GUESTS];
    fer_sim_peer listeners[2]; /* near and far */
    fer_sim_peer senders[2];   /* of datagrams */
    int fault;                 /* that waits for the wait, or -1 */
    fer_raw_socket closed;     /* the number that was closed last */
    uint64_t next_key;
    uint64_t delay; /* of the next step, or 0 */
    poller_later later[POLLER_LATER_MAX];
    size_t later_count;
};

/* poller_network.c: the steps of sockets. */
bool poller_is_out_of_room(const struct poller_program *program, int sockets);
/* A socket that no handle has yet. */
int poller_bear(struct poller_program *program, poller_kind kind);
/* The handle has just been filled with that socket. */
void poller_hold(poller_handle *handle, poller_holds holds, int socket);
fer_socket_addr poller_address(const char *text);
poller_handle *poller_handle_of(struct poller_program *program, const poller_step *step);
poller_end *poller_end_of(struct poller_program *program, const poller_handle *handle);
uint64_t poller_latency(bool is_far);
void poller_make(struct poller_program *program, const poller_step *step);
void poller_connect_later(struct poller_program *program, const poller_step *step);
void poller_take(struct poller_program *program, const poller_step *step);
void poller_give(struct poller_program *program, const poller_step *step);
void poller_shut(struct poller_program *program, const poller_step *step);
void poller_clone(struct poller_program *program, const poller_step *step);
void poller_close(struct poller_program *program, const poller_step *step);
void poller_through_raw(struct poller_program *program, const poller_step *step);
void poller_network_end(struct poller_program *program);

/* poller_unix.c: Unix streams, both ends of which are the program's. */
void poller_unix_listen(struct poller_program *program, poller_handle *handle);
void poller_unix_connect(struct poller_program *program, const poller_handle *listener,
                         poller_handle *out);
void poller_unix_accept(struct poller_program *program, poller_handle *listener,
                        poller_handle *out);
void poller_unix_gave(const struct poller_program *program, int socket, size_t count);
void poller_unix_took(struct poller_program *program, int socket, size_t count);
void poller_unix_shut(const struct poller_program *program, int socket, fer_shutdown how);
void poller_unix_gone(struct poller_program *program, int socket);

/* poller_peers.c: those of their peers. */
void poller_peer_gives(struct poller_program *program, const poller_step *step);
void poller_peer_takes(struct poller_program *program, const poller_step *step);
void poller_peer_ends(struct poller_program *program, const poller_step *step);
void poller_peer_closes(struct poller_program *program, const poller_step *step);
void poller_peer_resets(struct poller_program *program, const poller_step *step);
void poller_peers_begin(struct poller_program *program);
/* Whoever has connected to a peer's listener is taken off its queue. */
void poller_peers_attach(struct poller_program *program);

/* Runs the bytes, and closes all. */
void poller_program_run(struct poller_program *program, fer_sim_dialect dialect,
                        const uint8_t *data, size_t size);

#endif
