/* misuse_calls.h: every function on a stream, a listener or a datagram socket, IP's and Unix', and copies between
 * streams, with arguments that bits choose: NULL or not, right or absurd. */
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
    MISUSE_UNIX_KEPT = 64,
    MISUSE_SOCKET_FROM = 80, /* calls from this number on are misuse_socket_calls.c's */
    MISUSE_COPY_FROM = 112,  /* from this misuse_copy_calls.c's */
    MISUSE_UNIX_FROM = 120, /* from this misuse_unix_calls.c's */
    MISUSE_UDP_FROM = 180   /* and from this misuse_udp_calls.c's */
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

struct misuse_world {
    struct misuse_built built;
    fer_tcp_stream streams[MISUSE_STREAMS];     /* at first: open, new, closed, open with a clone that is shut */
    fer_tcp_listener listeners[MISUSE_LISTENERS]; /* listening, new, closed */
    fer_udp_socket sockets[MISUSE_SOCKETS];       /* bound, new, closed, connected */
    fer_unix_stream unix_streams[MISUSE_STREAMS];       /* open, new, closed, open */
    fer_unix_listener unix_listeners[MISUSE_LISTENERS]; /* listening, new, closed */
    fer_unix_datagram unix_datagrams[MISUSE_LISTENERS]; /* bound, new, closed; Windows has none */
    fer_unix_stream unix_kept[MISUSE_UNIX_KEPT];        /* what was accepted */
    size_t unix_kept_count;
    fer_sim_peer peer;
    fer_socket_addr server;
    uint8_t buf[64];
};

void misuse_begin(struct misuse_world *world, fer_sim_dialect dialect);
fer_error misuse_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls, uint8_t arg);
void misuse_end(struct misuse_world *world);
const char *misuse_call_name(uint8_t call);

fer_error misuse_copy_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls, uint8_t arg);
const char *misuse_copy_call_name(uint8_t call);

void misuse_udp_begin(struct misuse_world *world);
fer_error misuse_udp_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls, uint8_t arg);
void misuse_udp_end(struct misuse_world *world);
const char *misuse_udp_call_name(uint8_t call);

void misuse_socket_begin(struct misuse_world *world);
fer_error misuse_socket_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls, uint8_t arg);
void misuse_socket_end(struct misuse_world *world);
const char *misuse_socket_call_name(uint8_t call);

void misuse_unix_begin(struct misuse_world *world);
fer_error misuse_unix_call(struct misuse_world *world, uint8_t call, uint8_t who, uint8_t nulls, uint8_t arg);
void misuse_unix_end(struct misuse_world *world);
const char *misuse_unix_call_name(uint8_t call);

#endif
