/* network.h: what the files of the simulated network share: the one structure that holds all of it,
 * and the functions over it. The seam's functions are in address.c, bytes.c, error.c, memory.c,
 * modes.c, options.c, poller.c, resolve.c, socket.c, traits.c, unix.c and wait.c; sim.h's in
 * start.c, faults.c and peer.c. */
#ifndef FERP_SIM_NETWORK_H
#define FERP_SIM_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/sim.h"
#include "platform/platform.h"
#include "platform/sim/codes.h"

#define FERP_SIM_NONE (-1) /* no index */
#define FERP_SIM_OK ((fer_error){FER_OK, 0})
#define FERP_SIM_YEAR \
    (UINT64_C(366) * 86400 * 1000000000) /* the longest delay of a config, in nanoseconds */

enum {
    FERP_SIM_CALLS_MAX = 1024, /* of the user's, under way */
    FERP_SIM_ARRIVALS_PER_SOCKET =
        8, /* of bytes, for each socket; more of them join one that is under way */
    FERP_SIM_ANSWERS_MAX = 64,
    FERP_SIM_SCRIPTED_FAULTS_MAX = 64,
    FERP_SIM_TIME_WAITS_MAX = 64,
    FERP_SIM_TEXTS_MAX = 8,
    FERP_SIM_DATAGRAMS_MAX = 64, /* of everybody, under way and queued */
    FERP_SIM_DATAGRAM_BYTES = 262144,
    FERP_SIM_GROUPS_MAX = 8, /* for each socket */
    FERP_SIM_UNIX_NAMES_MAX = 32
};

/* ---- Sockets. A socket is one end; a handle names it; a link joins two of them. */

typedef enum ferp_sim_kind {
    FERP_SIM_FREE,
    FERP_SIM_STREAM,
    FERP_SIM_DATAGRAM,
    FERP_SIM_OTHER /* an open handle that is no socket */
} ferp_sim_kind;

typedef enum ferp_sim_state {
    FERP_SIM_UNCONNECTED,
    FERP_SIM_LISTENING,
    FERP_SIM_CONNECTING,
    FERP_SIM_FAILED, /* a connect that ended badly */
    FERP_SIM_CONNECTED,
    FERP_SIM_CONNECTION_RESET /* was connected, and was reset */
} ferp_sim_state;

/* What has happened to a peer since its handler and its script were last called. */
enum {
    FERP_SIM_PEER_CONNECTED = 1 << FER_SIM_CONNECTED,
    FERP_SIM_PEER_CONNECT_FAILED = 1 << FER_SIM_CONNECT_FAILED,
    FERP_SIM_PEER_ACCEPTABLE = 1 << FER_SIM_ACCEPTABLE,
    FERP_SIM_PEER_READABLE = 1 << FER_SIM_READABLE,
    FERP_SIM_PEER_WRITABLE = 1 << FER_SIM_WRITABLE,
    FERP_SIM_PEER_ENDED = 1 << FER_SIM_ENDED,
    FERP_SIM_PEER_WAS_RESET = 1 << FER_SIM_WAS_RESET
};

typedef struct ferp_sim_script {
    const fer_sim_step *steps;
    size_t count;
    size_t at;
    size_t done;  /* bytes of the step under way */
    bool waiting; /* its delay is under way */
    bool delayed; /* its delay is over */
} ferp_sim_script;

/* What accept takes over from the listener, and clones share. */
typedef struct ferp_sim_settings {
    fer_duration timeouts[2];
    bool nonblocking; /* as the user set it */
    bool reuse, reuse_port;
    bool exclusive;
    bool only_v6;
    bool nodelay;
    bool keepalive;
    bool broadcast;
    bool multicast_loop_v4;
    bool multicast_loop_v6;
    uint32_t multicast_ttl;
    uint32_t tos, tclass;
    uint32_t recv_buffer, send_buffer; /* as told; they bound nothing */
    uint32_t ttl;
    uint32_t hops;
    uint32_t keepalive_time;
    uint32_t keepalive_interval;
    uint32_t keepalive_retries;
    struct ferp_linger linger;
} ferp_sim_settings;

typedef struct ferp_sim_group {
    fer_ip_addr group;
    fer_ip_addr local;
    uint32_t interface_index;
} ferp_sim_group;

typedef struct ferp_sim_socket {
    ferp_sim_kind kind;
    ferp_sim_state state;
    fer_ip_family family;
    int handles;  /* how many name it */
    bool is_peer; /* the other side's: no faults, no dialect, no leak */
    bool has_local;
    bool real_nonblocking;       /* Windows: what FIONBIO was last told */
    bool read_ended;             /* Windows: the library's mark */
    bool connect_retry_disabled; /* a refusal is told at once */
    bool error_is_late;          /* Windows: the next look at SO_ERROR says nothing yet */
    bool shut_read, shut_write;
    bool got_reset;        /* by the other end, ever */
    fer_socket_addr local; /* as the network knows them: IPv4-mapped ones are IPv4 */
    fer_socket_addr remote;
    ferp_sim_code pending; /* SO_ERROR */
    ferp_sim_settings settings;
    uint32_t wakes;
    uint64_t sequence; /* of its birth */
    uint32_t changes;  /* how often what a poller tells of it may have changed */

    int link; /* its connection, or none */
    int side; /* which end of the link: 0 or 1 */

    /* of a datagram socket's queue; from queue_first to queue_last they are network->datagrams */
    int datagram_count;
    size_t datagram_bytes;
    bool reports_refusals; /* Windows: SIO_UDP_CONNRESET */
    bool is_unix;
    int unix_name; /* of network->unix_names, its own and its peer's, or none */
    int unix_peer_name;
    uint64_t unix_peer; /* of a connected datagram socket: the peer's birth */

    int group_count;
    ferp_sim_group groups[FERP_SIM_GROUPS_MAX];

    int backlog;     /* of a listener */
    int queue_first; /* its sockets that wait for accept */
    int queue_last;
    int queue_next; /* of a socket in such a queue */
    int queue_count;
    int listener; /* that it is queued at */

    uint32_t attempts; /* SYNs sent without an answer */
    uint32_t refusals; /* met by them */

    uint32_t peer_events;         /* of a peer */
    bool is_peer_event_scheduled; /* an event that tells it is under way */
    fer_sim_handler handler;
    void *context;
    ferp_sim_script script;
} ferp_sim_socket;

/* One direction of a connection. Of `count` bytes from `first` on in the ring, `arrived` have
 * reached the reader, `flying` are under way, the others wait in the sender's buffer for room. */
typedef struct ferp_sim_pipe {
    size_t first;
    size_t count;
    size_t arrived;
    size_t in_flight;
    uint64_t last_arrival; /* nothing overtakes */
    bool fin_sent;         /* the sender has ended it */
    bool fin_in_flight;
    bool fin_arrived;
} ferp_sim_pipe;

typedef struct ferp_sim_link {
    bool used;
    uint64_t sequence; /* of its birth */
    int ends[2];       /* sockets, none once closed */
    fer_socket_addr addrs[2];
    bool is_unix;
    bool is_loopback;
    ferp_sim_pipe pipes[2]; /* [i]: from end i to the other */
} ferp_sim_link;

/* A datagram, under way or in a socket's queue. Its bytes are in network->payloads. */
typedef struct ferp_sim_datagram {
    bool used;
    bool is_loopback;
    bool loops; /* multicast: as its sender has it */
    int next;   /* in the queue */
    size_t at;
    size_t len;
    fer_socket_addr from;
    fer_socket_addr to;
    uint64_t sender; /* the birth of the socket that sent it */
    int from_name;   /* Unix: the sender's, of network->unix_names, or none */
} ferp_sim_datagram;

typedef struct ferp_sim_unix_name {
    bool exists; /* as a path, or as a bound abstract name */
    fer_unix_addr addr;
    uint64_t owner; /* the birth of the socket that is bound to it */
} ferp_sim_unix_name;

typedef struct ferp_sim_handle {
    int socket;
    bool inheritable;
    uint64_t sequence;
} ferp_sim_handle;

/* ---- Events */

typedef enum ferp_sim_event_kind {
    FERP_SIM_EVENT_NONE,
    FERP_SIM_EVENT_SYN,    /* a connect's attempt reaches the other host */
    FERP_SIM_EVENT_ANSWER, /* its answer comes back: code */
    FERP_SIM_EVENT_RETRY,  /* none has come: the next attempt, or the last one's end */
    FERP_SIM_EVENT_DATA,   /* bytes arrive: index is the link, side the sender's */
    FERP_SIM_EVENT_FIN,
    FERP_SIM_EVENT_RST,
    FERP_SIM_EVENT_DATAGRAM, /* index is the datagram */
    FERP_SIM_EVENT_REFUSAL,  /* of a datagram comes back: index, code */
    FERP_SIM_EVENT_PEER,     /* a peer hears of it */
    FERP_SIM_EVENT_SCRIPT,   /* a step's delay is over */
    FERP_SIM_EVENT_THREAD,   /* the next step of the resolver's */
    FERP_SIM_EVENT_CALL      /* the user's function */
} ferp_sim_event_kind;

/* There is room for thousands of them, so they are kept small. */
typedef struct ferp_sim_event {
    ferp_sim_event_kind kind;
    ferp_sim_code code;
    uint64_t time;
    uint64_t sequence; /* of events at one time, the order in which they were made */
    union {
        const ferp_thread *thread; /* THREAD */
        struct {                   /* all but these two */
            uint64_t owner;        /* the birth of the socket or link that it is for */
            int index;
            int side;
        };
        struct { /* CALL */
            fer_sim_function function;
            void *context;
        };
    };
    size_t bytes;
} ferp_sim_event;

typedef struct ferp_sim_answer {
    fer_socket_addr addr; /* port 0: all of the host's */
    fer_sim_answer answer;
    uint64_t delay;
} ferp_sim_answer;

typedef struct ferp_sim_scripted_fault {
    fer_sim_fault fault;
    uint64_t left; /* chances until it happens */
} ferp_sim_scripted_fault;

typedef struct ferp_sim_time_wait {
    fer_socket_addr addr;
    uint64_t until;
} ferp_sim_time_wait;

typedef struct ferp_sim_network {
    fer_sim_config config; /* with the defaults filled in */
    uint64_t now;
    uint64_t next_sequence;
    uint64_t random, dialect_random;
    size_t tape_at;
    uint64_t digest;
    uint64_t records;
    bool is_running_events;
    bool is_tracing; /* the user is told a line */
    size_t handle_limit;
    size_t waits_armed, lookups_open, pollers_open;
    uint64_t run; /* of the program's simulations, which this is */
    struct {
        size_t count;
        bool is_inside;
        uint64_t spent;
    } threads; /* thread.c: inside a step, the time that it has taken */
    size_t next_text;
    fer_sim_name texts[FERP_SIM_TEXTS_MAX]; /* addresses in text that were looked up */
    fer_socket_addr text_addrs[FERP_SIM_TEXTS_MAX];
    uint64_t injected[FER_SIM_FAULT_COUNT];
    bool
        no_progress; /* nothing has happened since the last fault after which a call is tried again */
    size_t scripted_count;
    ferp_sim_scripted_fault scripted[FERP_SIM_SCRIPTED_FAULTS_MAX];
    size_t event_count;
    size_t calls;    /* of the events, the user's */
    size_t arrivals; /* of the events, those of bytes */
    size_t answer_count;
    ferp_sim_answer answers[FERP_SIM_ANSWERS_MAX];
    size_t time_wait_count;
    size_t time_wait_next;
    ferp_sim_time_wait time_waits[FERP_SIM_TIME_WAITS_MAX];
    ferp_sim_handle *handles; /* config.max_sockets of each */
    ferp_sim_socket *sockets;
    ferp_sim_link *links; /* half as many */
    size_t link_max;
    ferp_sim_event *events; /* as many as there can be */
    unsigned char *bytes;   /* the links' rings */
    size_t datagram_bytes;  /* of all datagrams */
    ferp_sim_datagram datagrams[FERP_SIM_DATAGRAMS_MAX];
    ferp_sim_unix_name unix_names[FERP_SIM_UNIX_NAMES_MAX];
    unsigned char *payloads; /* FERP_SIM_DATAGRAM_BYTES */
} ferp_sim_network;

/* This thread's world, NULL where none was started. start.c */
ferp_sim_network *ferp_sim_current(void);

/* At the start of each function of the seam. */
#define FERP_SIM_REQUIRE(network)                   \
    ferp_sim_network *network = ferp_sim_current(); \
    if (network == NULL) {                          \
        return (fer_error){FER_UNSUPPORTED, 0};     \
    }

static inline bool ferp_sim_is_winsock(const ferp_sim_network *network)
{
    return network->config.dialect == FER_SIM_WINSOCK;
}

/* Whether the dialect's Windows side holds for this socket; peers are plain. */
static inline bool ferp_sim_acts_as_windows(const ferp_sim_network *network,
                                            const ferp_sim_socket *socket)
{
    return ferp_sim_is_winsock(network) && !socket->is_peer;
}

/* ---- error.c */
fer_error ferp_sim_error(const ferp_sim_network *network, ferp_sim_code code);

/* ---- choice.c: every choice there is. 0 to bound - 1; a tape that is used up gives 0, which is
 * the quiet choice everywhere. */
uint32_t ferp_sim_choose(ferp_sim_network *network, uint32_t bound);
/* One time in four, for what only one dialect chooses: from the seed alone and apart from the rest,
 * so that a program's other choices are the same in both dialects. */
bool ferp_sim_choose_for_dialect(ferp_sim_network *network);
/* Yes or no; of a tape one byte, so that there no chance but 0 is below 1 in 256. */
bool ferp_sim_chance(ferp_sim_network *network, uint32_t of_million);

/* ---- faults.c: whether a fault happens at this chance for it. */
bool ferp_sim_injects(ferp_sim_network *network, const ferp_sim_socket *socket,
                      fer_sim_fault fault);

/* address.c: time jumps, where that fault strikes. */
void ferp_sim_inject_time_jump(ferp_sim_network *network, const ferp_sim_socket *socket);
/* socket.c: a handle of the program's; EMFILE where there is none. And a new socket with one. */
fer_error ferp_sim_open_handle(ferp_sim_network *network, ferp_sim_socket *socket,
                               fer_raw_socket *out);
fer_error ferp_sim_create_socket(ferp_sim_network *network, fer_domain domain, fer_type type,
                                 int protocol, fer_raw_socket *out);

/* ---- trace.c: one line of the trace, and its part of the digest. */
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
/* Traces a call without bytes and returns its error. */
fer_error ferp_sim_trace_call(ferp_sim_network *network, const char *verb,
                              const ferp_sim_socket *socket, fer_error error);
/* Something that happens by itself. */
void ferp_sim_trace_event(ferp_sim_network *network, const char *verb,
                          const ferp_sim_socket *socket);

/* ---- clock.c: events and time */
void ferp_sim_schedule(ferp_sim_network *network, ferp_sim_event event, uint64_t delay);
/* Runs what is due by now. */
void ferp_sim_run_due_events(ferp_sim_network *network);
/* One step of waiting. OK: something happened, look again. TIMED_OUT: the deadline has come.
 * DEADLOCK: nothing can ever happen. */
fer_error ferp_sim_pass_time(ferp_sim_network *network, uint64_t deadline);
/* Lets time pass until then. */
void ferp_sim_advance_to(ferp_sim_network *network, uint64_t time);
/* A nonblocking call found nothing: a little time passes, so that who polls gets somewhere. */
void ferp_sim_tick(ferp_sim_network *network);
/* Takes back all events of one socket or link. */
void ferp_sim_cancel(ferp_sim_network *network, uint64_t owner);
/* Takes back those of bytes and of the end in one direction of a link. */
void ferp_sim_cancel_direction(ferp_sim_network *network, uint64_t owner, int side);
/* The last arrival under way in that direction, or NULL. */
ferp_sim_event *ferp_sim_last_arrival(ferp_sim_network *network, uint64_t owner, int side);

/* ---- table.c: handles, sockets, links */
ferp_sim_socket *ferp_sim_socket_of(ferp_sim_network *network,
                                    fer_raw_socket raw); /* NULL: none; OTHER is told */
int ferp_sim_index_of(const ferp_sim_network *network, const ferp_sim_socket *socket);
ferp_sim_socket *ferp_sim_socket_new(ferp_sim_network *network, ferp_sim_kind kind,
                                     fer_ip_family family); /* NULL: full */
void ferp_sim_socket_free(ferp_sim_network *network, ferp_sim_socket *socket);
fer_raw_socket ferp_sim_handle_new(ferp_sim_network *network,
                                   ferp_sim_socket *socket); /* NONE: full */
ferp_sim_handle *ferp_sim_handle_of(ferp_sim_network *network, fer_raw_socket raw);
size_t ferp_sim_handles_open(const ferp_sim_network *network);
ferp_sim_link *ferp_sim_link_new(ferp_sim_network *network, int *index); /* NULL: full */
fer_raw_socket ferp_sim_raw_of(const ferp_sim_network *network,
                               const ferp_sim_socket *socket); /* its first handle */
fer_raw_socket ferp_sim_raw_of_slot(const ferp_sim_network *network, size_t slot);

/* The socket of a call, or the call's end. */
#define FERP_SIM_REQUIRE_SOCKET(network, socket, raw)           \
    FERP_SIM_REQUIRE(network)                                   \
    ferp_sim_socket *socket = ferp_sim_socket_of(network, raw); \
    if (socket == NULL) {                                       \
        return ferp_sim_error(network, FERP_SIM_EBADF);         \
    }                                                           \
    if (socket->kind == FERP_SIM_OTHER) {                       \
        return ferp_sim_error(network, FERP_SIM_ENOTSOCK);      \
    }

/* ---- names of ends: place.c */
bool ferp_sim_is_wildcard(const fer_ip_addr *ip);
fer_socket_addr ferp_sim_canonical(const fer_socket_addr *addr); /* IPv4-mapped becomes IPv4 */
fer_socket_addr ferp_sim_in_family_of(
    const ferp_sim_socket *socket, const fer_socket_addr *addr); /* and back, for an IPv6 socket */
bool ferp_sim_is_local(const fer_ip_addr *ip);                   /* this machine's */
fer_ip_addr ferp_sim_source_for(const ferp_sim_socket *socket, const fer_ip_addr *to);
fer_error ferp_sim_claim_port(ferp_sim_network *network, ferp_sim_socket *socket,
                              const fer_socket_addr *addr);
fer_error ferp_sim_claim_any_port(ferp_sim_network *network, ferp_sim_socket *socket,
                                  const fer_ip_addr *ip);
fer_error ferp_sim_may_listen(ferp_sim_network *network, const ferp_sim_socket *socket);
ferp_sim_socket *ferp_sim_listener_at(ferp_sim_network *network, const fer_socket_addr *addr);
bool ferp_sim_is_host(const ferp_sim_network *network,
                      const fer_ip_addr *ip); /* somebody is there */
void ferp_sim_add_time_wait(ferp_sim_network *network, const fer_socket_addr *addr);

bool ferp_sim_covers(const ferp_sim_socket *socket,
                     const fer_ip_addr *ip); /* the address that it is bound to does */
bool ferp_sim_is_same_end(const fer_socket_addr *one, const fer_socket_addr *other);

/* ---- network.c: connections */
const ferp_sim_answer *ferp_sim_answer_of(const ferp_sim_network *network,
                                          const fer_socket_addr *to); /* NULL: as is */
void ferp_sim_begin_connect(ferp_sim_network *network, ferp_sim_socket *socket,
                            const fer_socket_addr *to);
void ferp_sim_on_syn(ferp_sim_network *network, const ferp_sim_event *event);
void ferp_sim_on_answer(ferp_sim_network *network, const ferp_sim_event *event);
void ferp_sim_on_retry(ferp_sim_network *network, const ferp_sim_event *event);
/* Makes a connection: its other end waits in the listener's queue, or is `other`. False where a
 * table is full. */
bool ferp_sim_join(ferp_sim_network *network, ferp_sim_socket *listener, ferp_sim_socket *client);
bool ferp_sim_join_ends(ferp_sim_network *network, ferp_sim_socket *one, ferp_sim_socket *other);
ferp_sim_socket *ferp_sim_take_queued(ferp_sim_network *network, ferp_sim_socket *listener);
void ferp_sim_fail_connect(ferp_sim_network *network, ferp_sim_socket *socket, ferp_sim_code code);

/* ---- stream.c: bytes, ends and resets of a link */
ferp_sim_pipe *ferp_sim_pipe_in(ferp_sim_network *network,
                                const ferp_sim_socket *socket); /* NULL: not connected */
ferp_sim_pipe *ferp_sim_pipe_out(ferp_sim_network *network, const ferp_sim_socket *socket);
size_t ferp_sim_readable(ferp_sim_network *network, const ferp_sim_socket *socket);
size_t ferp_sim_room(ferp_sim_network *network, const ferp_sim_socket *socket);
/* Into the sender's buffer; ferp_sim_push sends what is there. */
size_t ferp_sim_put(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                    size_t len);
void ferp_sim_push(ferp_sim_network *network, ferp_sim_socket *socket);
/* Copies without recv_mode, from `from` bytes on. */
size_t ferp_sim_copy(ferp_sim_network *network, const ferp_sim_socket *socket, size_t from,
                     void *buf, size_t len);
void ferp_sim_consume(ferp_sim_network *network, ferp_sim_socket *socket, size_t len);
void ferp_sim_end_writing(ferp_sim_network *network, ferp_sim_socket *socket);
/* The other end is told of a reset; this one is dead at once. */
void ferp_sim_send_reset(ferp_sim_network *network, ferp_sim_socket *socket);
/* This end meets a reset. */
void ferp_sim_receive_reset(ferp_sim_network *network, ferp_sim_socket *socket);
void ferp_sim_on_data(ferp_sim_network *network, const ferp_sim_event *event);
void ferp_sim_on_fin(ferp_sim_network *network, const ferp_sim_event *event);
void ferp_sim_on_reset(ferp_sim_network *network, const ferp_sim_event *event);
/* The last handle is gone. */
void ferp_sim_close_socket(ferp_sim_network *network, ferp_sim_socket *socket);
/* Both ends have ended their halves, as far as this end knows. */
bool ferp_sim_both_ended(ferp_sim_network *network, const ferp_sim_socket *socket);
/* Somebody can still read what this end writes. A Unix socket knows that at once. */
bool ferp_sim_has_reader(ferp_sim_network *network, const ferp_sim_socket *socket);
uint64_t ferp_sim_latency(ferp_sim_network *network, bool is_loopback);

/* ---- bytes.c: what receiving and sending have in common */
/* What a call would do now; WOULD_BLOCK is to wait. */
typedef fer_error (*ferp_sim_check)(ferp_sim_network *network, ferp_sim_socket *socket,
                                    size_t *count);
/* What can come before it has looked at anything: time, and faults. */
fer_error ferp_sim_enter(ferp_sim_network *network, ferp_sim_socket *socket,
                         ferp_direction direction);
/* When a call that the kernel waits in has waited long enough. */
uint64_t ferp_sim_deadline(const ferp_sim_network *network, const ferp_sim_socket *socket,
                           ferp_direction direction);
/* Looks, and where the kernel would wait lets time pass until there is something to see. */
fer_error ferp_sim_check_with_wait(ferp_sim_network *network, ferp_sim_socket *socket,
                                   uint64_t deadline, ferp_sim_check check, size_t *count);

/* ---- unix.c */
fer_error ferp_sim_unix_send_one(ferp_sim_network *network, ferp_sim_socket *socket,
                                 const void *buf, size_t len, const fer_unix_addr *addr, size_t *n);
/* The socket is closed: an abstract name goes with it. */
void ferp_sim_release_name(ferp_sim_network *network, const ferp_sim_socket *socket);

/* ---- datagram.c */
/* Puts one into a Unix socket's queue; false where there is no room. */
bool ferp_sim_queue_datagram(ferp_sim_network *network, const ferp_sim_socket *sender,
                             ferp_sim_socket *receiver, const void *buf, size_t len);
/* Takes the first, with its sender's address, or name. */
fer_error ferp_sim_receive_datagram(ferp_sim_network *network, ferp_sim_socket *socket, void *buf,
                                    size_t len, struct ferp_datagram *out, int *from_name);
fer_error ferp_sim_connect_datagram(ferp_sim_network *network, ferp_sim_socket *socket,
                                    const fer_socket_addr *addr);
/* addr NULL: to the peer. */
fer_error ferp_sim_send_one(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                            size_t len, const fer_socket_addr *addr, size_t *n);
/* Sends without a question, from a socket that has an address. */
void ferp_sim_send_datagram(ferp_sim_network *network, ferp_sim_socket *socket, const void *buf,
                            size_t len, const fer_socket_addr *to);
/* The first of a queue that is not empty. */
void ferp_sim_copy_datagram(ferp_sim_network *network, const ferp_sim_socket *socket, void *buf,
                            size_t len, struct ferp_datagram *out);
void ferp_sim_drop_first_datagram(ferp_sim_network *network, ferp_sim_socket *socket);
void ferp_sim_drop_datagrams(ferp_sim_network *network, ferp_sim_socket *socket);
void ferp_sim_on_datagram(ferp_sim_network *network, const ferp_sim_event *event);
void ferp_sim_on_refusal(ferp_sim_network *network, const ferp_sim_event *event);
/* address.c: where a call to this address goes: a wildcard is the loopback. */
fer_socket_addr ferp_sim_destination(const fer_socket_addr *addr);

/* ---- peer.c, script.c: the other side */
/* Something has happened to a socket: who plays a peer hears of it once the event that did it is
 * over. */
void ferp_sim_post_peer_events(ferp_sim_network *network, ferp_sim_socket *socket,
                               uint32_t peer_events);
/* The peer's socket behind a number, NULL for anything else. */
ferp_sim_socket *ferp_sim_peer_of(ferp_sim_network *network, fer_sim_peer peer);
/* The first in a listening peer's queue, with a handle. NULL: none, or no handle. */
ferp_sim_socket *ferp_sim_peer_take(ferp_sim_network *network, ferp_sim_socket *listener,
                                    fer_sim_peer *out);
void ferp_sim_on_peer_events(ferp_sim_network *network, const ferp_sim_event *event);
void ferp_sim_run_script(ferp_sim_network *network, ferp_sim_socket *socket);
void ferp_sim_on_script(ferp_sim_network *network, const ferp_sim_event *event);

/* For the tests: a socket of a kind that the seam does not make, as the other side's. */
fer_raw_socket ferp_sim_make_peer(ferp_sim_kind kind, fer_ip_family family);

#endif
