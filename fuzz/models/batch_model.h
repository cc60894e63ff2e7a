/* batch_model.h: the account of the datagrams of batches, written from the rules B1 to B7: each is
 * received as often as the results of the sends say, whole, from the address and with the octet
 * that the message asked for. */
#ifndef FUZZ_BATCH_MODEL_H
#define FUZZ_BATCH_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"
#include "ferrule/sim.h"

/* The client has a bound address and perhaps a peer, the server has every address of its machine.
 * The near peer is on their machine. */
enum { BATCH_CLIENT, BATCH_SERVER, BATCH_NEAR, BATCH_FAR, BATCH_ENDS, BATCH_NOBODY = -1 };
enum {
    BATCH_DATAGRAMS = 200, /* the simulation has space for 256 */
    BATCH_SEEN = 2 * BATCH_DATAGRAMS,
    BATCH_LONGEST = 300,
    BATCH_ADDRESSES = 3 /* of the server's machine */
};

struct batch_datagram {
    int sender;
    int receiver; /* or BATCH_NOBODY */
    fer_socket_addr source;
    fer_socket_addr to;
    size_t len;
    unsigned tos;
    unsigned hop_limit;     /* 0: the sender's own */
    bool has_traffic_class; /* its codepoint is never left out */
    bool was_sent;
    int received;
};

/* What an end receives. */
struct batch_seen {
    int serial;
    size_t len;
    fer_socket_addr from;
};

struct batch_model {
    fer_sim_dialect dialect;
    fer_sim_bsd bsd;
    bool is_v6;   /* every address */
    bool is_dual; /* the server's socket is IPv6's, the addresses are IPv4's */
    fer_udp_features lacks;
    fer_udp_features enabled[2];
    bool is_connected; /* the client */
    fer_socket_addr remote;
    fer_socket_addr local[BATCH_ENDS]; /* the server's has no IP address */
    fer_ip_addr addresses[BATCH_ADDRESSES];
    unsigned tos[2];
    /* Faults that have occurred. */
    int lost, doubled;
    bool has_unordered; /* some may be lost, doubled or late: one without bytes is any of several */
    bool has_translated; /* one may come from another port */
    bool ecn_was_refused;
    bool loses_control; /* in this step */
    int count;
    struct batch_datagram datagrams[BATCH_DATAGRAMS];
    int seen_counts[BATCH_ENDS];
    struct batch_seen seen[BATCH_ENDS][BATCH_SEEN];
};

/* Ends the program unless the rule holds. */
void batch_must(const struct batch_model *model, bool holds, const char *rule);

/* Byte i of the datagram with that serial number. The first one identifies it. */
uint8_t batch_byte(int serial, size_t i);

/* Enters a datagram that will be sent. from may have family 0. */
void batch_model_add(struct batch_model *model, int sender, const fer_datagram_send *message,
                     size_t len);

/* The result of sending the message by its arguments. */
fer_error_kind batch_expected(const struct batch_model *model, int sender,
                              const fer_datagram_send *message);

/* A call has moved `message->sent` from `before` on. first is the serial number of its first
 * datagram. is_done: it is before messages[*n]. */
void batch_model_sent(struct batch_model *model, const fer_datagram_send *message, int first,
                      size_t before, bool is_done);

/* A socket has received a message, or a peer a datagram with that octet in its header. */
void batch_model_received(struct batch_model *model, int end, const fer_datagram_recv *message);
void batch_model_peer_received(struct batch_model *model, int end, const uint8_t *buf,
                               const fer_udp_received *got, unsigned tos);

/* All is received: nothing was lost, doubled or changed. */
void batch_model_end(const struct batch_model *model);

#endif
