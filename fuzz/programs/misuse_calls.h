/* misuse_calls.h: calls on handles of every type, in any state, with arguments that an input
 * chooses: NULL or not, valid or absurd. What the calls return is compared by the harness. */
#ifndef FUZZ_MISUSE_CALLS_H
#define FUZZ_MISUSE_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "ferrule.h"
#include "ferrule/connector.h"
#include "ferrule/sim.h"

enum {
    MISUSE_STREAMS = 4,
    MISUSE_LISTENERS = 3,
    MISUSE_SOCKETS = 4,
    MISUSE_POLLERS = 3,
    MISUSE_TOKENS = 3,
    MISUSE_ACCEPTED = 64,
    MISUSE_LOOKUPS = 4,
    MISUSE_CONNECTORS = 4,
    MISUSE_FILE_LEN = 200,
    MISUSE_NO_KIND = 0x7FFF, /* the kind of a call whose outputs are wrong: the harness fails */
    MISUSE_UNTOUCHED = 77    /* the value of counts before a call */
};

/* Handles of socket.h, apart from the others. */
struct misuse_built {
    fer_socket sockets[MISUSE_SOCKETS]; /* an unconnected stream, new, closed, a datagram socket */
    /* The handles that they are moved into; all are new at first. */
    fer_tcp_stream tcp_stream;
    fer_tcp_listener tcp_listener;
    fer_udp_socket udp;
    fer_unix_stream unix_stream;
    fer_unix_listener unix_listener;
    fer_unix_datagram unix_datagram;
};

/* Lookups in the background. */
struct misuse_background {
    fer_resolver resolvers[3];          /* open, new, closed */
    fer_lookup lookups[MISUSE_LOOKUPS]; /* done, new, closed, of an unknown name */
    fer_poller pollers[3];              /* open, new, closed */
};

/* Connectors. Their pollers are their own: one with an OPEN connector must not be made again. */
struct misuse_connecting {
    fer_connector connectors[MISUSE_CONNECTORS]; /* looking up, new, closed, connecting */
    fer_poller pollers[3];                       /* open, new, closed */
    fer_resolver resolver;
    fer_connect_failure failures[3];
    size_t failures_count;
};

/* Handles between Unix sockets, files, and their sockets, which no other call reaches: Windows has
 * neither pairs nor datagrams. The fillers use as much of the simulation there. */
struct misuse_passing {
    fer_unix_stream streams[MISUSE_STREAMS];     /* a pair: the first and the last; new, closed */
    fer_unix_datagram datagrams[MISUSE_STREAMS]; /* the same */
    fer_unix_stream passed[2];                   /* a pair, whose handles are passed */
    fer_unix_stream fillers[4];
    fer_udp_socket datagram_fillers[2];
    fer_raw_file files[2]; /* open, closed */
};

/* All handles of one run. The comments name their states at its start. */
struct misuse_state {
    struct misuse_built built;
    struct misuse_background background;
    struct misuse_connecting connecting;
    struct misuse_passing passing;
    fer_tcp_stream streams[MISUSE_STREAMS]; /* open, new, closed, open: its clone is shut down */
    fer_tcp_listener listeners[MISUSE_LISTENERS];       /* listening, new, closed */
    fer_udp_socket sockets[MISUSE_SOCKETS];             /* bound, new, closed, connected */
    fer_unix_stream unix_streams[MISUSE_STREAMS];       /* open, new, closed, open */
    fer_unix_listener unix_listeners[MISUSE_LISTENERS]; /* listening, new, closed */
    fer_unix_datagram unix_datagrams[MISUSE_LISTENERS]; /* bound, new, closed; none on Windows */
    fer_unix_stream accepted[MISUSE_ACCEPTED];          /* by a Unix listener */
    size_t accepted_count;
    fer_poller pollers[MISUSE_POLLERS];     /* open, new, closed */
    fer_cancel_token tokens[MISUSE_TOKENS]; /* open, new, closed */
    fer_sim_peer peer;
    fer_socket_addr server;
    uint8_t buf[64];
};

/* Memory for the outputs of one call, and for its inputs that are passed by address. */
struct misuse_values {
    fer_socket_addr addr;
    fer_unix_addr unix_addr;
    fer_unix_addr datagram_addr;
    fer_tcp_keepalive keepalive;
    fer_io_slice slices[3];
    fer_io_slice_mut slices_mut[3];
    fer_socket_addr addr_out;
    fer_unix_addr unix_addr_out;
    fer_udp_received datagram_out;
    fer_unix_received received_out;
    fer_duration duration_out;
    fer_tcp_keepalive keepalive_out;
    fer_error error_out;
    bool flag_out;
    uint32_t number_out;
    size_t size_out;
    fer_interest ready;
    size_t n;
};

/* The arguments of one call. Each pointer may be NULL. A length is absurd only beside NULL, or in a
 * call that the handle refuses. The bytes of the step are here too, for choices of one call. */
struct misuse_arguments {
    struct misuse_state *state;
    struct misuse_values *values;
    uint8_t which; /* which handles */
    uint8_t nulls; /* which pointers are NULL, a bit each */
    uint8_t arg;
    fer_tcp_stream *stream, *other_stream;
    fer_tcp_listener *listener, *other_listener;
    fer_udp_socket *udp, *other_udp;
    fer_unix_stream *unix_stream, *other_unix_stream;
    fer_unix_listener *unix_listener, *other_unix_listener;
    fer_unix_datagram *unix_datagram, *other_unix_datagram;
    fer_socket *socket, *other_socket;
    fer_poller *poller;
    fer_raw_socket raw;
    const char *text;
    const char *path;
    const char *datagram_path; /* datagram sockets have paths and addresses of their own */
    const char *device;
    const fer_socket_addr *addr;
    const fer_unix_addr *unix_addr;
    const fer_unix_addr *datagram_addr;
    fer_ipv4_addr group_v4, local;
    fer_ipv6_addr group_v6;
    const fer_tcp_keepalive *keepalive;
    const fer_io_slice *slices;
    fer_io_slice_mut *slices_mut;
    size_t slice_count;
    uint8_t *buf;
    size_t len;
    size_t *n;
    fer_duration duration;
    uint32_t number;
    fer_shutdown how;
    fer_interest interest;
    fer_socket_addr *addr_out;
    fer_unix_addr *unix_addr_out;
    fer_udp_received *datagram_out;
    fer_unix_received *received_out;
    fer_duration *duration_out;
    fer_tcp_keepalive *keepalive_out;
    fer_error *error_out;
    bool *flag_out;
    uint32_t *number_out;
    size_t *size_out;
    fer_interest *ready;
};

struct misuse_row {
    const char *name;
    fer_error (*function)(const struct misuse_arguments *arguments);
};

/* The calls of one file. choose sets the arguments that only they have; NULL if there are none. */
struct misuse_family {
    const struct misuse_row *rows;
    size_t count;
    bool is_by_which; /* the four high bits of which choose the row, not the number of the call */
    void (*choose)(struct misuse_arguments *arguments);
};

extern const struct misuse_family misuse_tcp_family;
extern const struct misuse_family misuse_socket_family;
extern const struct misuse_family misuse_copy_family;
extern const struct misuse_family misuse_resolver_family;
extern const struct misuse_family misuse_unix_family;
extern const struct misuse_family misuse_udp_family;
extern const struct misuse_family misuse_ready_family;
extern const struct misuse_family misuse_poller_family;
extern const struct misuse_family misuse_limits_family;
extern const struct misuse_family misuse_batch_family;
extern const struct misuse_family misuse_connector_family;
extern const struct misuse_family misuse_passing_family;

/* For the harness: starts the simulation and opens the handles, makes one call, closes them. */
void misuse_begin(struct misuse_state *state, fer_sim_dialect dialect, fer_sim_windows windows,
                  fer_sim_bsd bsd);
fer_error misuse_call(struct misuse_state *state, uint8_t call, uint8_t which, uint8_t nulls,
                      uint8_t arg);
void misuse_end(struct misuse_state *state);
const char *misuse_call_name(uint8_t call, uint8_t which);

/* The handles of one file of calls. */
void misuse_tcp_begin(struct misuse_state *state);
void misuse_tcp_end(struct misuse_state *state);
void misuse_resolver_begin(struct misuse_state *state);
void misuse_resolver_end(struct misuse_state *state);
void misuse_udp_begin(struct misuse_state *state);
void misuse_udp_end(struct misuse_state *state);
void misuse_socket_begin(struct misuse_state *state);
void misuse_socket_end(struct misuse_state *state);
void misuse_poller_begin(struct misuse_state *state);
void misuse_poller_end(struct misuse_state *state);
void misuse_limits_begin(struct misuse_state *state);
void misuse_limits_end(struct misuse_state *state);
void misuse_unix_begin(struct misuse_state *state);
void misuse_unix_end(struct misuse_state *state);
void misuse_connector_begin(struct misuse_state *state);
void misuse_connector_end(struct misuse_state *state);
void misuse_passing_begin(struct misuse_state *state);
void misuse_passing_end(struct misuse_state *state);

/* The arguments of a datagram socket. */
void misuse_udp_choose(struct misuse_arguments *a);

/* Keeps an accepted Unix stream where no call reaches it: what its calls would do to the other end
 * differs by dialect. */
fer_error misuse_keep_accepted(const struct misuse_arguments *a, fer_error error);

/* Sets the address of addr from its text; for some arguments its family is none. */
void misuse_set_addr(const struct misuse_arguments *a, const char *text);

static inline fer_error misuse_ok(void)
{
    return (fer_error){FER_OK, 0};
}

static inline fer_error misuse_unsupported(void)
{
    return (fer_error){FER_UNSUPPORTED, 0};
}

/* The error of a call whose outputs are right, else MISUSE_NO_KIND. */
static inline fer_error misuse_checked(bool is_right, fer_error error)
{
    return is_right ? error : (fer_error){(fer_error_kind)MISUSE_NO_KIND, 0};
}

/* The eighth bit of nulls: a call of a stream through a fer_stream. */
static inline bool misuse_is_by_stream(const struct misuse_arguments *a)
{
    return (a->nulls & 128) != 0;
}

/* A read or a write of the stream, or the same of a fer_stream. */
#define MISUSE_MOVE(type, function, handle)                                                   \
    (misuse_is_by_stream(a)                                                                   \
         ? fer_stream_##function(fer_##type##_stream_as_stream(handle), a->buf, a->len, a->n) \
         : fer_##type##_stream_##function(handle, a->buf, a->len, a->n))

/* A number that is no raw socket of this run. */
static inline fer_raw_socket misuse_raw_of_none(int number)
{
    return (fer_raw_socket)number * 99991 + 4099;
}

#endif
