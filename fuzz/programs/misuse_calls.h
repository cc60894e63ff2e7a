/* misuse_calls.h: every function on a stream, a listener or a datagram socket, IP's and Unix', on a
 * poller, copies between streams, and names in the background, with arguments that bits choose:
 * NULL or not, right or absurd. */
#ifndef FUZZ_MISUSE_CALLS_H
#define FUZZ_MISUSE_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"
#include "ferrule/sim.h"

enum {
    MISUSE_STREAMS = 4,
    MISUSE_LISTENERS = 3,
    MISUSE_SOCKETS = 4,
    MISUSE_POLLERS = 3,
    MISUSE_UNIX_KEPT = 64,
    MISUSE_LOOKUPS = 4,
    MISUSE_SOCKET_FROM = 80,    /* calls from this number on are misuse_socket_calls.c's */
    MISUSE_COPY_FROM = 112,     /* from this misuse_copy_calls.c's */
    MISUSE_RESOLVER_FROM = 116, /* from this misuse_resolver_calls.c's */
    MISUSE_UNIX_FROM = 120,     /* from this misuse_unix_calls.c's */
    MISUSE_UDP_FROM = 180,      /* from this misuse_udp_calls.c's */
    MISUSE_READY_FROM = 220,    /* from this misuse_ready_calls.c's */
    MISUSE_POLLER_FROM = 249    /* and from this misuse_poller_calls.c's */
};

/* What socket.h builds, apart from the others. */
struct misuse_built {
    fer_socket sockets[MISUSE_SOCKETS]; /* a fresh stream, new, closed, a datagram socket */
    fer_tcp_stream tcp_stream;          /* what they are turned into: all new */
    fer_tcp_listener tcp_listener;
    fer_udp_socket udp;
    fer_unix_stream unix_stream;
    fer_unix_listener unix_listener;
    fer_unix_datagram unix_datagram;
};

/* Names in the background. */
struct misuse_background {
    fer_resolver resolvers[3];          /* open, new, closed */
    fer_lookup lookups[MISUSE_LOOKUPS]; /* done, new, closed, of a name that nobody knows */
    fer_poller pollers[3];              /* open, new, closed */
};

struct misuse_world {
    struct misuse_built built;
    struct misuse_background background;
    fer_tcp_stream
        streams[MISUSE_STREAMS]; /* at first: open, new, closed, open with a clone that is shut */
    fer_tcp_listener listeners[MISUSE_LISTENERS];       /* listening, new, closed */
    fer_udp_socket sockets[MISUSE_SOCKETS];             /* bound, new, closed, connected */
    fer_unix_stream unix_streams[MISUSE_STREAMS];       /* open, new, closed, open */
    fer_unix_listener unix_listeners[MISUSE_LISTENERS]; /* listening, new, closed */
    fer_unix_datagram unix_datagrams[MISUSE_LISTENERS]; /* bound, new, closed; Windows has none */
    fer_unix_stream unix_kept[MISUSE_UNIX_KEPT];        /* what was accepted */
    size_t unix_kept_count;
    fer_poller pollers[MISUSE_POLLERS]; /* open, new, closed */
    fer_sim_peer peer;
    fer_socket_addr server;
    uint8_t buf[64];
};

void misuse_begin(struct misuse_world *world, fer_sim_dialect dialect);
fer_error misuse_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                      uint8_t arg);
void misuse_end(struct misuse_world *world);
const char *misuse_call_name(uint8_t call);

void misuse_resolver_begin(struct misuse_world *world);
fer_error misuse_resolver_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                               uint8_t arg);
void misuse_resolver_end(struct misuse_world *world);
const char *misuse_resolver_call_name(uint8_t call);

fer_error misuse_copy_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                           uint8_t arg);
const char *misuse_copy_call_name(uint8_t call);

void misuse_udp_begin(struct misuse_world *world);
fer_error misuse_udp_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                          uint8_t arg);
void misuse_udp_end(struct misuse_world *world);
const char *misuse_udp_call_name(uint8_t call);

void misuse_socket_begin(struct misuse_world *world);
fer_error misuse_socket_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                             uint8_t arg);
void misuse_socket_end(struct misuse_world *world);
const char *misuse_socket_call_name(uint8_t call);

void misuse_poller_begin(struct misuse_world *world);
fer_error misuse_poller_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                             uint8_t arg);
void misuse_poller_end(struct misuse_world *world);
const char *misuse_poller_call_name(uint8_t call);

void misuse_unix_begin(struct misuse_world *world);
fer_error misuse_unix_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                           uint8_t arg);
void misuse_unix_end(struct misuse_world *world);
const char *misuse_unix_call_name(uint8_t call);

fer_error misuse_ready_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls,
                            uint8_t arg);
const char *misuse_ready_call_name(uint8_t call);

#endif
