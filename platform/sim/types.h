/* types.h: the structures of the simulated network: sockets, links, datagrams and events. network.h
 * declares the functions over them. */
#ifndef FERP_SIM_TYPES_H
#define FERP_SIM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/sim.h"
#include "ferrule/unix.h"
#include "platform/platform.h"
#include "platform/sim/codes.h"
#include "platform/sim/switches.h"

#define FERP_SIM_NONE (-1) /* no index */
#define FERP_SIM_OK ((fer_error){FER_OK, 0})
/* The longest delay of a config, in nanoseconds. */
#define FERP_SIM_YEAR (UINT64_C(366) * 86400 * 1000000000)

enum {
    FERP_SIM_CALLS_MAX = 1024, /* scheduled functions of fer_sim_after */
    /* Scheduled arrivals of bytes, for each socket. Further bytes join a scheduled arrival. */
    FERP_SIM_ARRIVALS_PER_SOCKET = 8,
    FERP_SIM_ANSWERS_MAX = 64,
    FERP_SIM_HOSTS_MAX = 256, /* hosts that exist without a peer */
    FERP_SIM_SCRIPTED_FAULTS_MAX = 64,
    FERP_SIM_TIME_WAITS_MAX = 64,
    FERP_SIM_TEXTS_MAX = 8,
    FERP_SIM_DATAGRAMS_MAX = 256,     /* of all sockets, in flight and queued */
    FERP_SIM_UNIX_DATAGRAMS_MAX = 64, /* no more are queued at Unix sockets */
    FERP_SIM_DATAGRAM_BYTES = 262144,
    FERP_SIM_GROUPS_MAX = 20, /* for each socket */
    FERP_SIM_INTERFACES = 2,  /* their numbers are 1, the loopback, and 2 */
    FERP_SIM_UNIX_NAMES_MAX = 32,
    FERP_SIM_RELAYS_MAX = 2,
    FERP_SIM_RELAY_BYTES = 65536, /* the default of a pipe: pipe(7) */
    FERP_SIM_FILES_MAX = 8,
    FERP_SIM_FILE_FIRST = 1000, /* the number of the first file: no socket has it by mistake */
    FERP_SIM_PATHS_MAX = 64,
    FERP_SIM_FORMER_MAX = 8,
    FERP_SIM_PASSED_MAX = 32 /* messages with handles, in all queues of Unix sockets */
};

/* ---- Sockets. A socket is one end of a connection. A handle refers to a socket. A link joins two
 * sockets. */

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
    FERP_SIM_FAILED, /* a failed connect */
    FERP_SIM_CONNECTED,
    FERP_SIM_CONNECTION_RESET /* was connected, and was reset by either end */
} ferp_sim_state;

/* The events of a peer since the last call of its handler and its script. */
enum {
    FERP_SIM_PEER_CONNECTED = 1 << FER_SIM_EVENT_CONNECTED,
    FERP_SIM_PEER_CONNECT_FAILED = 1 << FER_SIM_EVENT_CONNECT_FAILED,
    FERP_SIM_PEER_ACCEPTABLE = 1 << FER_SIM_EVENT_ACCEPTABLE,
    FERP_SIM_PEER_READABLE = 1 << FER_SIM_EVENT_READABLE,
    FERP_SIM_PEER_WRITABLE = 1 << FER_SIM_EVENT_WRITABLE,
    FERP_SIM_PEER_ENDED = 1 << FER_SIM_EVENT_ENDED,
    FERP_SIM_PEER_WAS_RESET = 1 << FER_SIM_EVENT_WAS_RESET
};

typedef struct ferp_sim_script {
    const fer_sim_step *steps;
    size_t count;
    size_t at;
    size_t done;  /* bytes of the current step */
    bool waiting; /* the current step's delay is scheduled */
    bool delayed; /* the current step's delay has expired */
} ferp_sim_script;

/* The settings that an accepted socket inherits from its listener, and that clones share, except
 * those of ferp_sim_own. */
typedef struct ferp_sim_settings {
    fer_duration timeouts[2];
    bool nonblocking; /* O_NONBLOCK, or the last value of FIONBIO */
    /* As ferp_option_value reports them. The buffer sizes limit nothing. */
    uint32_t options[FERP_OPTION_COUNT];
    struct ferp_linger linger;
} ferp_sim_settings;

/* A membership, or one of its sources. */
typedef struct ferp_sim_group {
    fer_ip_addr group;
    fer_ip_addr local;
    uint32_t interface_index;
    fer_ip_addr source; /* family 0: every one; unspecified: none */
} ferp_sim_group;

typedef struct ferp_sim_socket {
    ferp_sim_kind kind;
    ferp_sim_state state;
    fer_ip_family family;
    int handles;  /* reference count */
    bool is_peer; /* a simulated peer: no faults, no dialect, no leak */
    bool has_local;
    bool is_accepted;
    bool connect_retry_disabled; /* Windows: the first refusal fails a connect */
    bool error_is_late;          /* Windows: the next query of SO_ERROR returns no error yet */
    bool shut_read, shut_write;
    bool has_timed_out;    /* no answer to its last retransmission */
    bool urgent_is_inline; /* SO_OOBINLINE */
    bool has_urgent;       /* Windows: an urgent byte, which stays until recv(MSG_OOB) takes it */
    bool got_reset;        /* a reset of the other end has ever arrived */
    bool ended_last;       /* its FIN was sent after the other end's had arrived */
    bool shut_both_first;  /* its read half was shut down before its FIN arrived */
    fer_socket_addr local; /* both in canonical form: IPv4-mapped addresses are IPv4 */
    fer_socket_addr remote;
    bool connect_chose_address; /* of a datagram socket */
    fer_ip_addr former_peer;    /* Linux: the IPv6 socket has lost it; family 0: none */
    ferp_sim_code pending;      /* SO_ERROR */
    ferp_sim_code taken;        /* the pending error that a call has taken */
    bool keeps_report;          /* Linux: a report of a router is in the error queue */
    ferp_sim_code soft;         /* sk_err_soft; t_softerror */
    bool awaits_report;         /* a router's report is in flight */
    bool syn_is_lost;           /* the next one */
    bool answer_is_lost;        /* that of the last SYN */
    fer_socket_addr seen;       /* of a datagram peer: its address behind a translation, or 0 */
    ferp_sim_settings settings;
    uint32_t wakes;
    uint64_t sequence; /* unique; assigned at creation */
    uint32_t changes;  /* counts possible changes of the readiness that a poller reports */

    fer_raw_socket connector; /* the SOCKET that has called connect */
    fer_raw_socket binder;    /* the SOCKET whose call has bound it, or is the last that could */

    int link; /* index of its connection, or none */
    int side; /* its end of the link: 0 or 1 */

    /* The queue of a datagram socket. There queue_first and queue_last index network->datagrams. */
    int datagram_count;
    size_t datagram_bytes;
    bool is_unknown;       /* the SOCKET of the last call does not know that this is bound */
    bool reports_refusals; /* Windows: SIO_UDP_CONNRESET */
    bool refuses_segments; /* no segmented send succeeds any more: EIO */
    size_t segment_size;   /* of a send without one of its own; 0: none */
    uint32_t dropped;      /* datagrams that found no room in the queue */
    uint32_t features;     /* fer_udp_features that are on */
    bool dont_fragment;
    bool is_unix;
    int unix_name; /* its own and its peer's index in network->unix_names, or none */
    int unix_peer_name;
    uint64_t unix_peer; /* of a connected datagram socket: the peer's sequence number */

    bool has_joined; /* Linux: it receives no group that another socket has joined */
    int group_count;
    ferp_sim_group groups[FERP_SIM_GROUPS_MAX];

    int backlog;     /* of a listener */
    int queue_first; /* of a listener: its accept queue */
    int queue_last;
    int queue_next; /* of a socket in an accept queue */
    int queue_count;
    int listener; /* the listener whose accept queue holds this socket */

    uint32_t attempts; /* SYNs without an answer */
    uint32_t refusals; /* answers to them that were refusals */
    uint64_t connect_began;

    uint32_t peer_events;         /* of a peer */
    bool is_peer_event_scheduled; /* an event that reports them is scheduled */
    fer_sim_handler handler;
    void *context;
    ferp_sim_script script;
} ferp_sim_socket;

/* The longest send and receive of a Windows stream (platform/winsock/traits.c). */
#define FERP_SIM_WINDOWS_IO_LENGTH_MAX ((size_t)128 * 1024 - 1)

/* One direction of a connection: `count` bytes from `first` on in the ring. `arrived` of them have
 * reached the reader, `in_flight` are in flight. The others wait in the sender's buffer for
 * room. */
typedef struct ferp_sim_pipe {
    size_t first;
    size_t count;
    size_t arrived;
    size_t in_flight;
    uint64_t last_arrival; /* no event of this direction may arrive earlier */
    bool fin_sent;         /* the sender has shut it down */
    bool fin_in_flight;
    bool fin_arrived;
    bool was_reset;   /* what is not in flight is never sent, nor a FIN */
    bool is_stalled;  /* a retransmission is scheduled */
    uint32_t retries; /* retransmissions in vain */
    uint64_t stalled_since;
    bool has_mark; /* urgent data: no read passes the mark with bytes before it (urgent.c) */
    bool mark_has_no_byte; /* of the fault: the urgent byte is none of those in the ring */
    size_t mark;           /* the bytes before the urgent one, from `first` on */
    bool loses_input;      /* Windows' loopback: the sender's reset discards what has arrived */
} ferp_sim_pipe;

/* Whether the routers that translate still have the connection. */
typedef enum ferp_sim_mapping {
    FERP_SIM_KNOWN,
    FERP_SIM_FORGOTTEN, /* packets are lost */
    FERP_SIM_FORGOTTEN_RESETS
} ferp_sim_mapping;

typedef struct ferp_sim_link {
    bool used;
    uint64_t sequence; /* unique; assigned at creation */
    int ends[2];       /* sockets; none after close */
    fer_ip_addr addrs[2];
    ferp_sim_mapping forgotten;
    uint64_t cut_until; /* a fault */
    bool has_lost_reset;
    bool is_unix;
    bool is_loopback;
    ferp_sim_pipe pipes[2]; /* [i]: from end i to the other */
} ferp_sim_link;

/* A datagram, in flight or in a socket's queue. Its bytes are in network->payloads. */
typedef struct ferp_sim_datagram {
    bool used;
    bool is_loopback;
    bool loops; /* multicast: the sender's loop option */
    int next;   /* in the queue */
    size_t at;
    size_t len;
    fer_socket_addr from;
    fer_socket_addr to;
    uint64_t sender; /* the sending socket's sequence number */
    uint64_t arrived;
    uint32_t interface_index; /* it arrived on */
    uint32_t dropped;         /* of its queue, when it arrived */
    uint8_t traffic_class;    /* the header's octet: DSCP and ECN */
    uint8_t hop_limit;        /* or time to live: no router is on the way */
    int from_name;            /* Unix: the sender's index in network->unix_names, or none */
    int passed;               /* Unix: the index of its handles in network->passed, or none */
} ferp_sim_datagram;

/* The handles of a message of a Unix socket, which is in a queue. Each counts as a handle of its
 * socket, but has no number. */
typedef struct ferp_sim_passed {
    uint64_t sequence; /* unique; 0: unused */
    uint64_t link;     /* of a stream: the sequence number of its link. 0: of a datagram */
    int link_index;
    int side;     /* of a stream: the sender's */
    size_t begin; /* of a stream: where its bytes begin, counted from the first in the ring */
    size_t len;
    size_t count;
    int sockets[FER_UNIX_HANDLES_MAX];
} ferp_sim_passed;

/* The handles that the running call passes. A call of a callback, which may use a clone of the same
 * socket, has its own. */
typedef struct ferp_sim_passing {
    uint64_t receiver; /* the socket whose receive takes handles: its sequence number, or 0 */
    int taken;         /* the index in network->passed of what it has taken, or none */
    uint64_t sender;   /* the socket whose send passes handles: its sequence number, or 0 */
    int sent;          /* their index, or none */
    size_t len;        /* the bytes of their message */
    bool leaks;        /* the receive opens the handles that it does not take */
} ferp_sim_passing;

typedef struct ferp_sim_unix_name {
    bool exists; /* as a path, or as a bound abstract name */
    fer_unix_addr addr;
    uint64_t owner; /* the sequence number of the socket that is bound to it */
} ferp_sim_unix_name;

/* Windows, without shared_options: the settings that each SOCKET of a socket has for itself. A call
 * copies those of its SOCKET to the socket's settings first (ferp_sim_socket_of). */
typedef struct ferp_sim_own {
    fer_duration timeouts[2];
    struct ferp_linger linger;
    uint32_t broadcast;
} ferp_sim_own;

/* Windows, without shared_addresses: what each SOCKET knows of its socket, from its creation and
 * from its own calls: its addresses, of a datagram socket. */
typedef struct ferp_sim_known {
    bool is_bound;
    bool has_peer;
    fer_socket_addr peer;
} ferp_sim_known;

typedef struct ferp_sim_handle {
    int socket;
    bool inheritable;
    uint64_t sequence; /* unique; assigned at creation */
    ferp_sim_own own;
    ferp_sim_known known;
    bool lacks_error; /* of a failed connect that another SOCKET had begun */
} ferp_sim_handle;

/* ---- Events */

typedef enum ferp_sim_event_kind {
    FERP_SIM_EVENT_NONE,
    FERP_SIM_EVENT_SYN,    /* a connect's SYN reaches the other host */
    FERP_SIM_EVENT_ANSWER, /* the answer to a SYN arrives: code */
    FERP_SIM_EVENT_RETRY,  /* no answer has arrived: the next SYN, or the last one's timeout */
    FERP_SIM_EVENT_DATA,   /* bytes arrive: index is the link, side the sender's */
    FERP_SIM_EVENT_FIN,
    FERP_SIM_EVENT_RST,
    FERP_SIM_EVENT_RETRANSMIT,
    FERP_SIM_EVENT_REPORT,   /* of a router about a packet of a stream: code */
    FERP_SIM_EVENT_DATAGRAM, /* index is the datagram */
    FERP_SIM_EVENT_REFUSAL,  /* the refusal of a datagram arrives: index, code */
    FERP_SIM_EVENT_PEER,     /* a peer's handler and script run */
    FERP_SIM_EVENT_SCRIPT,   /* a step's delay expires */
    FERP_SIM_EVENT_THREAD,   /* the next step of a resolver's thread */
    FERP_SIM_EVENT_CALL      /* a function of fer_sim_after */
} ferp_sim_event_kind;

/* Kept small, because there is room for thousands of them. */
typedef struct ferp_sim_event {
    ferp_sim_event_kind kind;
    ferp_sim_code code;
    uint64_t time;
    uint64_t sequence; /* orders events of one time by creation */
    union {
        const ferp_thread *thread; /* THREAD */
        struct {                   /* all but THREAD and CALL */
            uint64_t owner;        /* the sequence number of its socket or link */
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
    fer_socket_addr addr; /* port 0: all ports of the host */
    fer_sim_answer answer;
    uint64_t delay;
} ferp_sim_answer;

/* The path to a host (fer_sim_set_path). */
typedef struct ferp_sim_host_path {
    fer_ip_addr host;
    fer_sim_path path;
} ferp_sim_host_path;

typedef struct ferp_sim_scripted_fault {
    fer_sim_fault fault;
    uint64_t left; /* chances until it is injected */
} ferp_sim_scripted_fault;

/* A port in TIME_WAIT. */
typedef struct ferp_sim_time_wait {
    fer_socket_addr addr;
    uint64_t until;
} ferp_sim_time_wait;

/* A pipe of platform/copying.h. */
typedef struct ferp_sim_relay {
    bool is_open;
    size_t cap;
    size_t first;
    size_t count;
    unsigned char *bytes; /* FERP_SIM_RELAY_BYTES */
} ferp_sim_relay;

/* A file of fer_sim_file_new. */
typedef struct ferp_sim_file {
    bool is_open;
    const void *bytes;
    size_t cap; /* the number of bytes */
    size_t len;
} ferp_sim_file;

/* ---- The network */

typedef struct ferp_sim_network {
    fer_sim_config config; /* with the defaults filled in */
    const ferp_sim_switches *switches;
    uint64_t now;
    bool owes_tick;         /* see ferp_sim_tick_unless_waiting */
    uint64_t shortage_time; /* of the last call that lacked buffers, after its tick */
    uint64_t next_sequence;
    uint64_t random, dialect_random; /* states of the two generators (choice.c) */
    size_t tape_at;
    uint64_t digest;
    uint64_t records;
    bool is_running_events;
    bool is_tracing; /* inside the user's trace function */
    size_t handle_limit;
    size_t waits_armed, lookups_open, pollers_open, tokens_open;
    uint64_t run; /* this simulation's number within the program */
    struct {
        size_t count;
        bool is_inside; /* a step is running */
        uint64_t spent; /* inside a step: the time that it has taken */
    } threads;          /* thread.c */
    size_t next_text;
    fer_sim_name texts[FERP_SIM_TEXTS_MAX]; /* looked up addresses in text */
    fer_socket_addr text_addrs[FERP_SIM_TEXTS_MAX];
    uint64_t injected[FER_SIM_FAULT_COUNT];
    bool no_progress; /* no byte moved and no time passed since a fault that causes a retry */
    size_t scripted_count;
    ferp_sim_scripted_fault scripted[FERP_SIM_SCRIPTED_FAULTS_MAX];
    size_t event_count;
    uint64_t event_earliest; /* no event is before it: most calls find none due without a search */
    size_t calls;            /* number of events of kind CALL */
    size_t arrivals;         /* number of events of kind DATA */
    size_t answer_count;
    ferp_sim_answer answers[FERP_SIM_ANSWERS_MAX];
    fer_ip_addr own[2];                      /* IPv4, IPv6; unspecified: none */
    fer_ip_addr former[FERP_SIM_FORMER_MAX]; /* family 0: none */
    size_t former_next;
    fer_sim_path link_path;
    bool has_paths; /* a path or an address of the program's has been set */
    size_t path_count;
    ferp_sim_host_path paths[FERP_SIM_PATHS_MAX];
    size_t host_count;
    size_t host_next;
    fer_ip_addr hosts[FERP_SIM_HOSTS_MAX]; /* where a peer was placed, open or not */
    size_t time_wait_count;
    size_t time_wait_next;
    ferp_sim_time_wait time_waits[FERP_SIM_TIME_WAITS_MAX];
    ferp_sim_handle *handles; /* config.max_sockets of each */
    ferp_sim_socket *sockets;
    ferp_sim_link *links; /* half as many */
    size_t link_max;
    ferp_sim_event *events; /* event_max of them: room for all events at once */
    size_t event_max;
    unsigned char *bytes; /* the links' rings */
    size_t ring_size;
    size_t datagram_bytes; /* of all datagrams */
    size_t datagram_end;   /* the slots from here on were never used */
    ferp_sim_datagram datagrams[FERP_SIM_DATAGRAMS_MAX];
    ferp_sim_unix_name unix_names[FERP_SIM_UNIX_NAMES_MAX];
    unsigned char *payloads; /* FERP_SIM_DATAGRAM_BYTES */
    ferp_sim_relay relays[FERP_SIM_RELAYS_MAX];
    ferp_sim_file files[FERP_SIM_FILES_MAX];
    ferp_sim_passed passed[FERP_SIM_PASSED_MAX];
    ferp_sim_passing passing;
} ferp_sim_network;

#endif
