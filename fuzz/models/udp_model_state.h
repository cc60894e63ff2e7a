/* udp_model_state.h: the sockets and datagrams of the model of datagram sockets, for its files
 * alone. */
#ifndef FUZZ_UDP_MODEL_STATE_H
#define FUZZ_UDP_MODEL_STATE_H

#include "fuzz/models/udp_addresses.h"
#include "fuzz/models/udp_model.h"

struct udp_datagram {
    bool used;
    int sender;
    fer_socket_addr from, to;
    size_t len;
    int copies;   /* 0: lost; 2: doubled */
    int received; /* by any socket */
    int received_by[UDP_ENDS];
    bool is_expected[UDP_ENDS]; /* it must be in that queue */
    unsigned epochs[UDP_ENDS];  /* of each end when it was sent; 0: not open */
    bool is_settled;
    bool in_order;      /* no later datagram may overtake it */
    bool was_connected; /* its sender was connected to its destination */
    bool is_forgotten;  /* its sender was connected to another afterwards: no refusal of it */
};

/* A socket of the program, or a peer. */
struct udp_end {
    bool is_v6;
    fer_socket_addr local;
    int handles; /* open ones */
    bool is_connected;
    fer_socket_addr remote;
    fer_ip_addr source; /* of sent datagrams, once it was connected */
    bool has_source;    /* connect has bound it to source */
    bool was_shared;    /* it had clones */
    bool is_adopted;    /* it counts as bound to the address that it has */
    unsigned epoch;     /* changes with its address, peer and groups */
    bool broadcast;
    bool loops[2]; /* of IPv4, of IPv6 */
    bool joined[2][3];
    bool has_ever_joined[2], nonblocking;
    bool is_shut[2]; /* reading, writing */
    uint64_t timeout;
    int refusals; /* reported */
    bool refusal_is_expected;
    int peeked;
    int newest[UDP_ENDS]; /* serial received from each sender */
};

struct udp_model {
    fer_sim_dialect dialect;
    struct udp_datagram datagrams[UDP_SERIALS];
    struct udp_end ends[UDP_ENDS];
    int sockets;
    unsigned epochs;
    bool lacks_dual_stack; /* a bind to [::] was refused */
};

extern struct udp_model udp_model;

/* Ends the program with the record if the rule is broken. */
void udp_must(bool holds, const char *rule, const struct udp_record *record);

/* The source address of a datagram that the socket sends to this address. */
fer_ip_addr udp_source_of(const struct udp_end *end, const fer_ip_addr *to);
/* A pause has passed: every datagram in flight has arrived. */
void udp_settle(void);
/* True if a datagram that must be in the queue of this socket was not received yet. */
bool udp_has_expected_datagram(int number);
void udp_check_received(int number, const struct udp_record *record);
void udp_check_refusal(int number, const struct udp_record *record);

/* Peers are always open. */
static inline bool udp_is_open(int number)
{
    return number >= UDP_SOCKETS || udp_model.ends[number].handles > 0;
}

static inline bool udp_is_refusal(fer_error_kind kind)
{
    return kind == FER_CONNECTION_REFUSED || kind == FER_HOST_UNREACHABLE;
}

#endif
