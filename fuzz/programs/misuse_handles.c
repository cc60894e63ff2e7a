/* misuse_handles.c: the handles of misuse_calls.h at the start of a run, and their end. */
#include "fuzz/programs/misuse_calls.h"

#include <string.h>

void *misuse_handle(struct misuse_state *state, enum handle_type type, size_t at)
{
    switch (type) {
#define MISUSE_CASE(type) \
    case INDEX_OF_##type: return &state->type##_all[at];
        HANDLE_TYPES(MISUSE_CASE)
    case HANDLE_TYPE_COUNT:
    default: return NULL;
    }
}

/* A stream to a host that has sent some bytes, its clone, and a clone that is shut down. */
static void open_tcp(struct misuse_state *state)
{
    fer_sim_peer listener = FER_SIM_PEER_NONE, peer = FER_SIM_PEER_NONE;
    fer_tcp_stream *streams = state->fer_tcp_stream_all;
    fer_tcp_listener *listeners = state->fer_tcp_listener_all;
    fer_socket_addr server;
    FER_IGNORE(fer_socket_addr_parse(&server, "127.0.0.1:80"));
    FER_IGNORE(fer_sim_peer_listen(&server, 4096, &listener));
    FER_IGNORE(fer_tcp_stream_connect_addr(&streams[0], &server));
    FER_IGNORE(fer_sim_peer_accept(listener, &peer));
    FER_IGNORE(fer_sim_peer_send(peer, "some bytes", 10, NULL));
    FER_IGNORE(fer_tcp_stream_try_clone(&streams[0], &streams[2]));
    fer_tcp_stream_close(&streams[2]);
    FER_IGNORE(fer_tcp_stream_try_clone(&streams[0], &streams[3]));
    FER_IGNORE(fer_tcp_stream_shutdown(&streams[3], FER_SHUTDOWN_WRITE));
    FER_IGNORE(fer_tcp_listener_bind(&listeners[0], "127.0.0.1:81"));
    FER_IGNORE(fer_tcp_listener_bind(&listeners[2], "127.0.0.1:82"));
    fer_tcp_listener_close(&listeners[2]);
    FER_IGNORE(fer_tcp_listener_bind(&listeners[3], "[::1]:81"));
}

static void open_datagrams(struct misuse_state *state)
{
    fer_udp_socket *sockets = state->fer_udp_socket_all;
    fer_socket *built = state->fer_socket_all;
    FER_IGNORE(fer_udp_socket_bind(&sockets[0], "0.0.0.0:83"));
    FER_IGNORE(fer_udp_socket_bind(&sockets[2], "127.0.0.1:84"));
    fer_udp_socket_close(&sockets[2]);
    FER_IGNORE(fer_udp_socket_bind(&sockets[3], "[::1]:85"));
    FER_IGNORE(fer_udp_socket_connect(&sockets[3], "[::1]:9"));
    FER_IGNORE(fer_socket_new(&built[0], FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    FER_IGNORE(fer_socket_new(&built[2], FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
    fer_socket_close(&built[2]);
    FER_IGNORE(fer_socket_new(&built[3], FER_DOMAIN_IPV6, FER_TYPE_DGRAM, 0));
}

static void open_unix(struct misuse_state *state)
{
    fer_unix_stream *streams = state->fer_unix_stream_all;
    fer_unix_listener *listeners = state->fer_unix_listener_all;
    fer_unix_datagram *datagrams = state->fer_unix_datagram_all;
    FER_IGNORE(fer_unix_listener_bind(&listeners[0], "a"));
    FER_IGNORE(fer_unix_listener_bind(&listeners[2], "b"));
    fer_unix_listener_close(&listeners[2]);
    FER_IGNORE(fer_unix_listener_bind(&listeners[3], "b2"));
    for (int i = 0; i < 4; i++) {
        if (i != 1) {
            FER_IGNORE(fer_unix_stream_connect(&streams[i], "a"));
        }
    }
    fer_unix_stream_close(&streams[2]);
    FER_IGNORE(fer_unix_stream_pair(&streams[MISUSE_OF_PAIR], &streams[MISUSE_OF_PAIR + 1]));
    FER_IGNORE(fer_unix_stream_pair(&state->passed[0], &state->passed[1]));
    FER_IGNORE(fer_unix_datagram_bind(&datagrams[0], "d"));
    FER_IGNORE(fer_unix_datagram_unbound(&datagrams[2]));
    fer_unix_datagram_close(&datagrams[2]);
    FER_IGNORE(fer_unix_datagram_unbound(&datagrams[3]));
    FER_IGNORE(fer_unix_datagram_connect(&datagrams[3], "d"));
}

static void open_pollers(struct misuse_state *state)
{
    static const uint8_t opens[] = {1, 0, 2, 1, 1, 0, 2, 1, 0, 2};
    fer_poller *pollers = state->fer_poller_all;
    for (size_t i = 0; i < MISUSE_HANDLES_MAX; i++) {
        if (opens[i] != 0) {
            FER_IGNORE(fer_poller_new(&pollers[i]));
        }
        if (opens[i] == 2) {
            fer_poller_close(&pollers[i]);
        }
    }
}

static void open_wakers(struct misuse_state *state)
{
    for (size_t i = 0; i < MISUSE_HANDLES; i++) {
        if (i != 1) {
            FER_IGNORE(fer_waker_new(&state->fer_waker_all[i]));
        }
    }
    fer_waker_close(&state->fer_waker_all[2]);
}

static void open_tokens(struct misuse_state *state)
{
    for (size_t i = 0; i < MISUSE_HANDLES; i++) {
        if (i != 1) {
            FER_IGNORE(fer_cancel_token_new(&state->fer_cancel_token_all[i]));
        }
    }
    fer_cancel_token_close(&state->fer_cancel_token_all[2]);
}

static void open_resolvers(struct misuse_state *state)
{
    static const char *const names[] = {"localhost:80", NULL, "127.0.0.1:80", "nowhere.test:1"};
    fer_resolver_options few = {.threads = 1, .queue_cap = 1};
    for (size_t i = 0; i < MISUSE_HANDLES; i++) {
        if (i != 1) {
            FER_IGNORE(fer_resolver_new(&state->fer_resolver_all[i], &few));
        }
    }
    for (size_t i = 0; i < MISUSE_HANDLES; i++) {
        FER_IGNORE(fer_resolver_start(&state->fer_resolver_all[0], names[i], NULL,
                                      &state->fer_poller_all[MISUSE_OF_LOOKUPS], i,
                                      &state->fer_lookup_all[i]));
        FER_IGNORE(fer_connector_start(&state->fer_connector_all[i], names[i], NULL,
                                       &state->fer_resolver_all[3],
                                       &state->fer_poller_all[MISUSE_OF_CONNECTORS], i));
    }
    fer_lookup_close(&state->fer_lookup_all[2]);
    fer_connector_close(&state->fer_connector_all[2]);
    fer_resolver_close(&state->fer_resolver_all[2]);
}

#define OF(type) (1u << INDEX_OF_##type)

void misuse_begin(struct misuse_state *state, fer_sim_dialect dialect, fer_sim_windows windows,
                  fer_sim_bsd bsd, unsigned types)
{
    static const struct {
        unsigned types;
        void (*open)(struct misuse_state *state);
    } groups[] = {{OF(fer_unix_stream) | OF(fer_unix_listener) | OF(fer_unix_datagram), open_unix},
                  {OF(fer_waker), open_wakers},
                  {OF(fer_cancel_token), open_tokens},
                  {OF(fer_resolver) | OF(fer_lookup) | OF(fer_connector), open_resolvers}};
    static const uint8_t contents[MISUSE_FILE_LEN], no_tape[1];
    fer_sim_config config = {.dialect = dialect,
                             .tape = no_tape,
                             .max_sockets = 50,
                             .send_buffer = 128,
                             .receive_buffer = 128,
                             .windows = windows,
                             .bsd = bsd};
    memset(state, 0, sizeof *state);
    FER_IGNORE(fer_sim_start(&config));
    for (int i = 0; i < 2; i++) {
        FER_IGNORE(fer_sim_file_new(contents, sizeof contents, &state->files[i]));
    }
    fer_sim_file_close(state->files[1]);
    open_tcp(state);
    open_datagrams(state);
    open_pollers(state);
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if ((types & groups[i].types) != 0) {
            groups[i].open(state);
        }
    }
}

/* Lookups and connectors before their pollers. */
void misuse_end(struct misuse_state *state)
{
#define MISUSE_CLOSE(type)                               \
    for (size_t i_ = 0; i_ < MISUSE_HANDLES_MAX; i_++) { \
        type##_close(&state->type##_all[i_]);            \
    }
    HANDLE_TYPES(MISUSE_CLOSE)
    for (int i = 0; i < 2; i++) {
        fer_unix_stream_close(&state->passed[i]);
    }
    fer_sim_file_close(state->files[0]);
}
