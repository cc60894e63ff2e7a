/* network.h: the functions that the files of the simulated network share. The seam's functions are
 * in the file of their concern (address.c to wait.c). The functions of ferrule/sim.h are in
 * start.c, faults.c, peer.c, datagram_peer.c, script.c and unix.c. */
#ifndef FERP_SIM_NETWORK_H
#define FERP_SIM_NETWORK_H

#include "platform/sim/types.h"

/* ---- start.c: this thread's network, or NULL if no simulation runs on it */
ferp_sim_network *ferp_sim_current(void);

/* Defines the network of a call, or returns UNSUPPORTED from it. */
#define FERP_SIM_REQUIRE(network)                   \
    ferp_sim_network *network = ferp_sim_current(); \
    if (network == NULL) {                          \
        return (fer_error){FER_UNSUPPORTED, 0};     \
    }

static inline bool ferp_sim_is_winsock(const ferp_sim_network *network)
{
    return network->config.dialect == FER_SIM_DIALECT_WINSOCK;
}

/* The switches that apply to a socket. A peer has no dialect. */
const ferp_sim_switches *ferp_sim_switches_for(const ferp_sim_network *network,
                                               const ferp_sim_socket *socket);

/* Whether a socket behaves as on Windows. */
static inline bool ferp_sim_acts_as_windows(const ferp_sim_network *network,
                                            const ferp_sim_socket *socket)
{
    return ferp_sim_is_winsock(network) && !socket->is_peer;
}

/* ---- groups.c */

/* Whether the system has no IPv4 groups for this socket, which is one of IPv6. */
bool ferp_sim_lacks_ipv4_groups(const ferp_sim_network *network, const ferp_sim_socket *socket);

/* ---- error.c */
fer_error ferp_sim_error(const ferp_sim_network *network, ferp_sim_code code);

/* ---- choice.c: the source of every choice */
/* Returns 0 to bound - 1. A used up tape returns 0, which everywhere means that nothing unusual
 * happens. */
uint32_t ferp_sim_choose(ferp_sim_network *network, uint32_t bound);
/* A choice that only one dialect has: true in one of four cases. It depends on the seed alone, in a
 * sequence of its own, so that all other choices of a program are equal in both dialects. */
bool ferp_sim_choose_for_dialect(ferp_sim_network *network);
/* Uses one byte of a tape, so that a tape's chance is 0 or at least 1 in 256. */
bool ferp_sim_chance(ferp_sim_network *network, uint32_t of_million);

/* ---- faults.c */
/* Counts one chance of the fault, and returns whether the fault is injected. */
bool ferp_sim_injects(ferp_sim_network *network, const ferp_sim_socket *socket,
                      fer_sim_fault fault);
/* The fault WOULD_BLOCK. An edge follows it, as when a system's shortage has passed. Without one a
 * program that waits for edges would wait for good. */
bool ferp_sim_injects_would_block(ferp_sim_network *network, ferp_sim_socket *socket);

/* ---- socket.c */
/* Makes a handle for the program. Errors: EMFILE. */
fer_error ferp_sim_open_handle(ferp_sim_network *network, ferp_sim_socket *socket,
                               fer_raw_socket *out);
/* Makes a socket with a handle for the program. */
fer_error ferp_sim_create_socket(ferp_sim_network *network, fer_domain domain, fer_type type,
                                 int protocol, fer_raw_socket *out);

/* ---- trace.c: the lines of the trace, and the digest */
typedef struct ferp_sim_record {
    const char *verb;
    const ferp_sim_socket *socket; /* or NULL */
    fer_error error;
    bool has_bytes;
    size_t requested;
    size_t moved;
    const fer_socket_addr *addr; /* or NULL */
} ferp_sim_record;
void ferp_sim_trace(ferp_sim_network *network, const ferp_sim_record *record);
void ferp_sim_trace_bytes(ferp_sim_network *network, const unsigned char *bytes, size_t len);
/* Traces a call without bytes, and returns its error. */
fer_error ferp_sim_trace_call(ferp_sim_network *network, const char *verb,
                              const ferp_sim_socket *socket, fer_error error);
/* Traces an event that is no call, or that cannot fail. */
void ferp_sim_trace_event(ferp_sim_network *network, const char *verb,
                          const ferp_sim_socket *socket);

/* ---- clock.c: events and time */
/* The time that is so many nanoseconds from now, or the last time of the clock. */
uint64_t ferp_sim_time_after(const ferp_sim_network *network, uint64_t nanos);
void ferp_sim_schedule(ferp_sim_network *network, ferp_sim_event event, uint64_t delay);
/* The time of the first event, or FERP_NO_DEADLINE. */
uint64_t ferp_sim_next_event_time(const ferp_sim_network *network);
/* Runs all events that are scheduled up to now. */
void ferp_sim_run_due_events(ferp_sim_network *network);
/* The same up to the first event that calls a function of the user, for a call that neither waits
 * nor moves anything. core makes such calls while its own structures change, for example while it
 * advances a connector, which the function could close. */
void ferp_sim_run_quiet_events(ferp_sim_network *network);
/* One step of a wait. OK: an event ran, check again. TIMED_OUT: the deadline has expired. DEADLOCK:
 * no event can ever end the wait. */
fer_error ferp_sim_pass_time(ferp_sim_network *network, uint64_t deadline);
/* Runs all events up to a time, and sets the clock to it. */
void ferp_sim_advance_to(ferp_sim_network *network, uint64_t time);
/* Advances the clock a little after a nonblocking call that would block, so that a program that
 * polls makes progress. */
void ferp_sim_tick(ferp_sim_network *network);
/* The same after "would block". In the Windows dialect every call is nonblocking, and core waits
 * unless the user's mode is nonblocking. The clock therefore advances with the next call, unless
 * that is ferp_wait_arm. */
void ferp_sim_tick_unless_waiting(ferp_sim_network *network, const ferp_sim_socket *socket);
/* The same after a lack of buffers. A call after which time has passed takes none: it may have
 * waited, and ends at its deadline. */
void ferp_sim_tick_for_shortage(ferp_sim_network *network, const ferp_sim_socket *socket);
void ferp_sim_pay_tick(ferp_sim_network *network);
/* Advances the clock if a time jump is injected. */
void ferp_sim_inject_time_jump(ferp_sim_network *network, const ferp_sim_socket *socket);
/* The same with the events of ferp_sim_run_quiet_events. The others follow with the next call. */
void ferp_sim_inject_quiet_time_jump(ferp_sim_network *network, const ferp_sim_socket *socket);
/* Removes all events of one socket or link. */
void ferp_sim_cancel(ferp_sim_network *network, uint64_t owner);
/* Removes the event of a script's delayed step. */
void ferp_sim_cancel_step(ferp_sim_network *network, uint64_t owner);
/* Removes the DATA and FIN events of one direction of a link. */
void ferp_sim_cancel_direction(ferp_sim_network *network, uint64_t owner, int side);
/* Whether a reset of that direction has not arrived yet. */
bool ferp_sim_has_reset_in_flight(const ferp_sim_network *network, uint64_t owner, int side);
/* Returns the last scheduled DATA event of that direction, or NULL. */
ferp_sim_event *ferp_sim_last_arrival(ferp_sim_network *network, uint64_t owner, int side);

/* ---- table.c: handles, sockets, links */
/* Returns NULL for a number without an open handle. FERP_SIM_OTHER is returned too. */
ferp_sim_socket *ferp_sim_socket_of(ferp_sim_network *network, fer_raw_socket raw);
int ferp_sim_index_of(const ferp_sim_network *network, const ferp_sim_socket *socket);
/* Returns NULL if the table is full. */
ferp_sim_socket *ferp_sim_socket_new(ferp_sim_network *network, ferp_sim_kind kind,
                                     fer_ip_family family);
void ferp_sim_socket_free(ferp_sim_network *network, ferp_sim_socket *socket);
/* Returns FER_RAW_SOCKET_NONE if the table is full. */
fer_raw_socket ferp_sim_handle_new(ferp_sim_network *network, ferp_sim_socket *socket);
ferp_sim_handle *ferp_sim_handle_of(ferp_sim_network *network, fer_raw_socket raw);
/* Stores the socket's settings as those of its SOCKET, after a change of ferp_sim_own's. */
void ferp_sim_keep_settings(ferp_sim_network *network, fer_raw_socket raw);
/* What an open SOCKET knows, and in every other dialect what its socket has. */
ferp_sim_known ferp_sim_known_addresses(ferp_sim_network *network, fer_raw_socket raw);
/* Stores what the socket has as known to its SOCKET, after a call of it that binds or connects. */
void ferp_sim_keep_addresses(ferp_sim_network *network, fer_raw_socket raw);
/* Stores which SOCKETs have the error of a connect that has just failed. */
void ferp_sim_keep_error(ferp_sim_network *network, const ferp_sim_socket *socket);
/* The error of a call of a SOCKET that does not know that its socket is bound, or connected. */
fer_error ferp_sim_check_known(ferp_sim_network *network, fer_raw_socket raw, bool needs_peer);
size_t ferp_sim_handles_open(const ferp_sim_network *network);
/* Returns NULL if the table is full. */
ferp_sim_link *ferp_sim_link_new(ferp_sim_network *network, int *index);
/* Returns the socket's first handle. */
fer_raw_socket ferp_sim_raw_of(const ferp_sim_network *network, const ferp_sim_socket *socket);
fer_raw_socket ferp_sim_raw_of_slot(const ferp_sim_network *network, size_t slot);
/* Makes a peer's socket with a handle, or returns FER_RAW_SOCKET_NONE. Tests and harnesses use it
 * for a kind that the seam does not make. */
fer_raw_socket ferp_sim_make_peer(ferp_sim_kind kind, fer_ip_family family);

/* Defines the network and the socket of a call, or returns an error from it. */
/* Returns the result of a call that moves bytes. With FERP_DONTWAIT the socket is in nonblocking
 * mode meanwhile. */
#define FERP_SIM_RETURN_CALL(raw, flags, call)                \
    bool previous = ferp_sim_exchange_mode(raw, flags, true); \
    fer_error called = (call);                                \
    (void)ferp_sim_exchange_mode(raw, flags, previous);       \
    return called

#define FERP_SIM_REQUIRE_SOCKET(network, socket, raw)           \
    FERP_SIM_REQUIRE(network)                                   \
    ferp_sim_socket *socket = ferp_sim_socket_of(network, raw); \
    if (socket == NULL) {                                       \
        return ferp_sim_error(network, FERP_SIM_EBADF);         \
    }                                                           \
    if (socket->kind == FERP_SIM_OTHER) {                       \
        return ferp_sim_error(network, FERP_SIM_ENOTSOCK);      \
    }

/* ---- address_space.c: addresses and ports */
bool ferp_sim_is_wildcard(const fer_ip_addr *ip);
/* Converts an IPv4-mapped address to IPv4. */
fer_socket_addr ferp_sim_canonical(const fer_socket_addr *addr);
/* The reverse: converts an IPv4 address to an IPv4-mapped one if the socket is an IPv6 socket. */
fer_socket_addr ferp_sim_in_family_of(const ferp_sim_socket *socket, const fer_socket_addr *addr);
/* The sender of a datagram as a receive returns it. */
fer_socket_addr ferp_sim_sender_for(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                    const fer_socket_addr *from);
/* Whether the address is one of the program's machine. */
bool ferp_sim_is_local(const fer_ip_addr *ip);
/* The broadcast address of the network of the program's machine. */
bool ferp_sim_is_network_broadcast(const fer_ip_addr *ip);
/* Sets the machine's first addresses. */
void ferp_sim_set_own_addresses(ferp_sim_network *network);
fer_ip_addr ferp_sim_source_for(const ferp_sim_socket *socket, const fer_ip_addr *to);
fer_error ferp_sim_claim_port(ferp_sim_network *network, ferp_sim_socket *socket,
                              const fer_socket_addr *addr);
fer_error ferp_sim_claim_any_port(ferp_sim_network *network, ferp_sim_socket *socket,
                                  const fer_ip_addr *ip);
fer_error ferp_sim_may_listen(ferp_sim_network *network, const ferp_sim_socket *socket);
/* Of the sockets whose local addresses include `to`, the one with the largest value receives. */
int ferp_sim_precedence(const ferp_sim_socket *socket, const fer_ip_addr *to);
ferp_sim_socket *ferp_sim_listener_at(ferp_sim_network *network, const fer_socket_addr *addr);
/* Whether a stream that neither listens nor is connected is bound to the address. */
bool ferp_sim_is_bound_only(ferp_sim_network *network, const fer_socket_addr *addr);
/* Whether a host exists at the address. */
bool ferp_sim_is_host(const ferp_sim_network *network, const fer_ip_addr *ip);
void ferp_sim_add_time_wait(ferp_sim_network *network, const fer_socket_addr *addr);
/* Whether the socket's local address includes ip. */
bool ferp_sim_covers(const ferp_sim_socket *socket, const fer_ip_addr *ip);
bool ferp_sim_is_same_end(const fer_socket_addr *one, const fer_socket_addr *other);

/* ---- address.c */
/* Returns the destination of a call to this address. A wildcard is the loopback. */
fer_socket_addr ferp_sim_destination(const fer_socket_addr *addr);
/* Whether getpeername succeeds. */
bool ferp_sim_has_peer(ferp_sim_network *network, const ferp_sim_socket *socket);
/* Whether TCP has discarded its protocol control block. */
bool ferp_sim_is_dead(ferp_sim_network *network, const ferp_sim_socket *socket);

/* ---- options.c */
/* Whether both halves of a stream have ended, so that XNU refuses options and getpeername. */
bool ferp_sim_refuses_options(ferp_sim_network *network, const ferp_sim_socket *socket);
/* The result of setting an option of that level, before its value is checked. */
typedef enum ferp_sim_level {
    FERP_SIM_SOCKET_LEVEL,
    FERP_SIM_IPV4_LEVEL,
    FERP_SIM_IPV6_LEVEL,
    FERP_SIM_TCP_LEVEL
} ferp_sim_level;
ferp_sim_code ferp_sim_option_status(ferp_sim_network *network, const ferp_sim_socket *socket,
                                     ferp_sim_level level);

/* ---- connecting.c: connections */
/* Returns NULL if no answer is set for the address. */
const ferp_sim_answer *ferp_sim_answer_of(const ferp_sim_network *network,
                                          const fer_socket_addr *to);
/* The status of a call that sends to the address, which is in canonical form: no error if the
 * program's machine has a route. */
ferp_sim_code ferp_sim_route_to(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                const fer_socket_addr *to);
/* The same of a stream's connect. */
ferp_sim_code ferp_sim_route_status(const ferp_sim_network *network, const ferp_sim_socket *socket,
                                    const fer_socket_addr *to);
void ferp_sim_begin_connect(ferp_sim_network *network, ferp_sim_socket *socket,
                            const fer_socket_addr *to);
void ferp_sim_on_syn(ferp_sim_network *network, const ferp_sim_event *event);
/* Whether the listener's accept queue has no room. */
bool ferp_sim_queue_is_full(const ferp_sim_network *network, const ferp_sim_socket *listener);
void ferp_sim_on_answer(ferp_sim_network *network, const ferp_sim_event *event);
void ferp_sim_on_retry(ferp_sim_network *network, const ferp_sim_event *event);
/* Connects client to a new socket in the listener's queue. Returns false if a table is full. */
bool ferp_sim_join(ferp_sim_network *network, ferp_sim_socket *listener, ferp_sim_socket *client);
/* Links two sockets. Returns false if the table is full. */
bool ferp_sim_join_ends(ferp_sim_network *network, ferp_sim_socket *one, ferp_sim_socket *other);
ferp_sim_socket *ferp_sim_take_queued(ferp_sim_network *network, ferp_sim_socket *listener);
void ferp_sim_fail_connect(ferp_sim_network *network, ferp_sim_socket *socket, ferp_sim_code code);

/* ---- stream.c: bytes, ends and resets of a link */
/* Both return NULL if the socket has no link. */
ferp_sim_pipe *ferp_sim_pipe_in(ferp_sim_network *network, const ferp_sim_socket *socket);
ferp_sim_pipe *ferp_sim_pipe_out(ferp_sim_network *network, const ferp_sim_socket *socket);
size_t ferp_sim_readable(ferp_sim_network *network, const ferp_sim_socket *socket);
size_t ferp_sim_space(ferp_sim_network *network, const ferp_sim_socket *socket);
/* The number of bytes that one send can accept: those for which there is room, or, if Windows is
 * simulated as reported, any number if there is any room. */
size_t ferp_sim_acceptable(ferp_sim_network *network, const ferp_sim_socket *socket);
/* Copies at most that many bytes to the send buffer, without sending. */
void ferp_sim_put(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf, size_t len);
/* Sends the bytes of the send buffer. */
void ferp_sim_push(ferp_sim_network *network, ferp_sim_socket *socket);
/* Copies received bytes from offset `from` on, without consuming them. */
size_t ferp_sim_copy(ferp_sim_network *network, const ferp_sim_socket *socket, size_t from,
                     void *buf, size_t len);
void ferp_sim_consume(ferp_sim_network *network, ferp_sim_socket *socket, size_t len);
void ferp_sim_end_writing(ferp_sim_network *network, ferp_sim_socket *socket);
/* Sends a reset to the other end. This end is reset immediately. */
void ferp_sim_send_reset(ferp_sim_network *network, ferp_sim_socket *socket);
/* Resets this end, as an arriving reset does. */
void ferp_sim_receive_reset(ferp_sim_network *network, ferp_sim_socket *socket);
void ferp_sim_on_data(ferp_sim_network *network, const ferp_sim_event *event);
void ferp_sim_on_fin(ferp_sim_network *network, const ferp_sim_event *event);
void ferp_sim_on_reset(ferp_sim_network *network, const ferp_sim_event *event);
/* Closes a socket whose last handle is closed. */
void ferp_sim_close_socket(ferp_sim_network *network, ferp_sim_socket *socket);
/* Whether the FINs of both directions have arrived. */
bool ferp_sim_both_ended(ferp_sim_network *network, const ferp_sim_socket *socket);
/* Whether the other end exists and its read half is not shut down. A Unix socket detects this
 * immediately. */
bool ferp_sim_has_reader(ferp_sim_network *network, const ferp_sim_socket *socket);
uint64_t ferp_sim_latency(ferp_sim_network *network, bool is_loopback);

/* ---- urgent.c: urgent data. Linux, tcp_recvmsg_locked; XNU and FreeBSD, soreceive: so_oobmark */
/* The bytes that a read finds, of those that have arrived: up to the mark, or behind it. */
size_t ferp_sim_limit_to_mark(ferp_sim_network *network, const ferp_sim_socket *socket, size_t len);
/* The next byte is the urgent one, or would be. Linux splices none there. */
bool ferp_sim_is_at_mark(ferp_sim_network *network, const ferp_sim_socket *socket);
/* 1 if a read passes over the next byte, because it is urgent, else 0. */
size_t ferp_sim_skipped(ferp_sim_network *network, const ferp_sim_socket *socket);
/* Linux: a read passes over it also if no byte follows. */
void ferp_sim_pass_mark(ferp_sim_network *network, ferp_sim_socket *socket);
/* len bytes leave the ring. */
void ferp_sim_move_mark(ferp_sim_pipe *pipe, size_t len);
/* The last `arrived` bytes have come. */
void ferp_sim_notice_urgent(ferp_sim_network *network, ferp_sim_socket *socket, size_t arrived);
bool ferp_sim_has_urgent(ferp_sim_network *network, const ferp_sim_socket *socket);
/* The fault: a mark, not before the byte `first`, if so many bytes and one more have arrived. */
void ferp_sim_inject_mark(ferp_sim_network *network, ferp_sim_socket *socket, size_t first);
/* The last byte of the send buffer becomes the urgent one. There is no other. */
void ferp_sim_mark_last(ferp_sim_network *network, ferp_sim_socket *socket);

/* ---- bytes.c: the common part of receiving and sending */
/* With FERP_DONTWAIT sets the mode of a socket and returns the previous one. Windows has no such
 * flag. A callback of the user may close the socket during the call. */
bool ferp_sim_exchange_mode(fer_raw_socket raw, unsigned flags, bool nonblocking);
/* Returns the result that a call has now. WOULD_BLOCK means that a blocking call waits. */
typedef fer_error (*ferp_sim_check)(ferp_sim_network *network, ferp_sim_socket *socket,
                                    size_t *count);
/* Runs the events, time jumps and faults that precede a call's own work. */
fer_error ferp_sim_enter(ferp_sim_network *network, ferp_sim_socket *socket,
                         ferp_direction direction);
/* Takes the pending error, once. */
fer_error ferp_sim_take_pending(ferp_sim_network *network, ferp_sim_socket *socket);
/* Returns the deadline of a call that waits in the kernel. */
uint64_t ferp_sim_deadline(const ferp_sim_network *network, const ferp_sim_socket *socket,
                           ferp_direction direction);
/* Checks, and lets time pass until the check succeeds if the kernel would wait. */
fer_error ferp_sim_check_with_wait(ferp_sim_network *network, ferp_sim_socket *socket,
                                   uint64_t deadline, ferp_sim_check check, size_t *count);

/* ---- unix.c */
fer_error ferp_sim_unix_send_one(ferp_sim_network *network, ferp_sim_socket *socket,
                                 const void *buf, size_t len, const fer_unix_addr *addr, size_t *n);
/* Disconnects the datagram sockets that are connected to a closed one, on some systems. */
void ferp_sim_drop_unix_peers(ferp_sim_network *network, const ferp_sim_socket *closed);
/* Removes a closed socket's abstract name. A path stays. */
void ferp_sim_release_name(ferp_sim_network *network, const ferp_sim_socket *socket);

/* ---- handles.c: handles that Unix sockets pass */
/* The number of bytes, at most limit, that one receive of a stream returns: those of one message
 * with handles, or those before it. */
size_t ferp_sim_passed_limit(ferp_sim_network *network, const ferp_sim_socket *socket,
                             size_t limit);
/* A send queues the first bytes of its message: attaches the handles that it passes, if any. */
void ferp_sim_attach_passed_bytes(ferp_sim_network *network, const ferp_sim_socket *sender);
/* The receive of a socket removes this many bytes from the queue of its stream, or a datagram. The
 * handles that came with them are the receive's, or are closed. */
void ferp_sim_take_passed_bytes(ferp_sim_network *network, const ferp_sim_socket *socket,
                                size_t len);
void ferp_sim_take_passed(ferp_sim_network *network, const ferp_sim_socket *socket, int passed);
/* Attaches the handles that this sender sends with a datagram. */
void ferp_sim_attach_passed(ferp_sim_network *network, const ferp_sim_socket *sender,
                            ferp_sim_datagram *datagram);
/* Closes the handles of a message. passed may be none. */
void ferp_sim_drop_passed(ferp_sim_network *network, int passed);
/* Closes those whose bytes are in no queue any more. */
void ferp_sim_sweep_passed(ferp_sim_network *network);

/* ---- datagram.c: datagrams in flight and in queues */
/* Queues a datagram at a Unix socket. Returns false if there is no room. */
bool ferp_sim_queue_datagram(ferp_sim_network *network, const ferp_sim_socket *sender,
                             ferp_sim_socket *receiver, const void *buf, size_t len);
/* How datagrams are sent: NULL, FERP_SIM_NONE, a hop limit of 0 and a segment size of 0 mean as the
 * socket's address and options say. */
typedef struct ferp_sim_sending {
    const fer_socket_addr *to;
    const fer_ip_addr *from; /* or NULL */
    int traffic_class;       /* or FERP_SIM_NONE */
    uint8_t hop_limit;
    size_t segment_size;
} ferp_sim_sending;
/* Sends without checks, from a socket that has a local address: one datagram, or one of each
 * segment. */
void ferp_sim_send_datagrams(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                             size_t len, const ferp_sim_sending *sending);
/* Returns the first datagram of the queue, or NULL. */
ferp_sim_datagram *ferp_sim_first_datagram(ferp_sim_network *network,
                                           const ferp_sim_socket *socket);
void ferp_sim_drop_first_datagram(ferp_sim_network *network, ferp_sim_socket *socket);
void ferp_sim_drop_datagrams(ferp_sim_network *network, ferp_sim_socket *socket);
/* Whether no datagram can be received once the read half is shut down. */
bool ferp_sim_shut_read_discards(const ferp_sim_network *network, const ferp_sim_socket *socket);
void ferp_sim_on_datagram(ferp_sim_network *network, const ferp_sim_event *event);
void ferp_sim_on_refusal(ferp_sim_network *network, const ferp_sim_event *event);
/* 255.255.255.255, or that of the network of the program's machine. */
bool ferp_sim_is_broadcast(const fer_ip_addr *ip);
/* A broadcast or a multicast address. */
bool ferp_sim_has_many_receivers(const fer_ip_addr *ip);

/* ---- datagram_calls.c: connecting, sending and receiving */
fer_error ferp_sim_connect_datagram(ferp_sim_network *network, ferp_sim_socket *socket,
                                    fer_raw_socket raw, const fer_socket_addr *addr);
/* addr may be NULL: the datagram goes to the peer. */
fer_error ferp_sim_send_one(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                            size_t len, const fer_socket_addr *addr, size_t *n);
/* The same through a SOCKET, which may not know that its socket is bound or connected. */
fer_error ferp_sim_send_known(ferp_sim_network *network, ferp_sim_socket *socket,
                              fer_raw_socket raw, const void *buf, size_t len,
                              const fer_socket_addr *addr, size_t *n);
/* Everything that precedes a send, without the send. *to is the destination: addr, or if that is
 * NULL the peer. */
fer_error ferp_sim_check_send(ferp_sim_network *network, ferp_sim_socket *socket, size_t len,
                              const fer_socket_addr *addr, fer_socket_addr *to);
/* Waits until a datagram is queued, or the read half has ended; traces a failure. */
fer_error ferp_sim_wait_for_datagram(ferp_sim_network *network, ferp_sim_socket *socket,
                                     const char *verb);
/* Copies the first datagram of the queue. An empty queue gives an empty datagram. */
void ferp_sim_copy_datagram(ferp_sim_network *network, const ferp_sim_socket *socket, void *buf,
                            size_t len, fer_udp_received *out);
/* Receives the first datagram, with its sender's address (IP) or name (Unix). */
fer_error ferp_sim_receive_datagram(ferp_sim_network *network, ferp_sim_socket *socket, void *buf,
                                    size_t len, fer_udp_received *out, int *from_name);

/* ---- peer.c, script.c: peers */
/* Records events of a socket. A peer's handler and script run after the current event. */
void ferp_sim_post_peer_events(ferp_sim_network *network, ferp_sim_socket *socket,
                               uint32_t peer_events);
/* Returns the peer's socket, or NULL for any other number. */
ferp_sim_socket *ferp_sim_peer_of(ferp_sim_network *network, fer_sim_peer peer);
/* Takes the first socket off a listening peer's queue, and makes a handle for it. Returns NULL if
 * the queue is empty or there is no handle. */
ferp_sim_socket *ferp_sim_peer_take(ferp_sim_network *network, ferp_sim_socket *listener,
                                    fer_sim_peer *out);
void ferp_sim_on_peer_events(ferp_sim_network *network, const ferp_sim_event *event);
void ferp_sim_run_script(ferp_sim_network *network, ferp_sim_socket *socket);
void ferp_sim_on_script(ferp_sim_network *network, const ferp_sim_event *event);

#endif
