/* relay_state.h: the data of relay_server.c: the relay, its clients and their lists, and the time
 * until the relay must act. Makes no system call. */
#ifndef RELAY_STATE_H
#define RELAY_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "ferrule.h"
#include "relay_queue.h"
#include "relay_settings.h"

enum { INPUT_CAP = RELAY_QUEUE_MIN };

enum client_state {
    RELAYING,
    ENDING, /* the client has ended its sending: send its queue, then close */
    CLOSED  /* not freed yet, because events of the current wait may still name it */
};

struct client {
    fer_tcp_stream stream;
    char name[FER_SOCKET_ADDR_TEXT_CAP]; /* its address */
    enum client_state state;
    struct client *previous; /* in the relay's list of clients */
    struct client *next;     /* in the relay's list of clients, or of closed ones */
    struct client *next_unsent;
    bool is_unsent;       /* in the relay's list of clients to flush */
    bool waits_for_space; /* registered for writability */
    uint64_t heard_at;    /* milliseconds, when its last bytes arrived */
    uint64_t bytes_in;
    uint64_t bytes_out;
    size_t input_len;
    struct relay_queue queue;
    char input[INPUT_CAP]; /* an incomplete line */
    char queue_bytes[];
};

struct relay {
    struct relay_settings settings;
    fer_poller poller;
    fer_tcp_listener listener;
    struct client *first; /* the client that has been silent longest */
    struct client *last;
    struct client *closed;
    struct client *unsent;
    size_t count;
    size_t served;
    uint64_t now;       /* milliseconds, when the last wait returned */
    uint64_t accept_at; /* when to accept again; 0: accepting, UINT64_MAX: after a disconnect */
    uint64_t status_at; /* when to show the next status line */
    uint64_t bytes_in;
    uint64_t bytes_out;
    bool has_status_line;
};

static inline bool relay_has_served_all(const struct relay *relay)
{
    return relay->settings.clients > 0 && relay->served >= relay->settings.clients;
}

static inline void relay_mark_unsent(struct relay *relay, struct client *client)
{
    if (!client->is_unsent) {
        client->is_unsent = true;
        client->next_unsent = relay->unsent;
        relay->unsent = client;
    }
}

/* Call it after the last event of a wait: until then an event or the list of unsent clients may
 * name a closed client. */
static inline void relay_free_closed(struct relay *relay)
{
    while (relay->closed != NULL) {
        struct client *client = relay->closed;
        relay->closed = client->next;
        free(client);
    }
}

/* The time until the relay must act without an event. */
static inline fer_duration relay_wait_time(const struct relay *relay)
{
    uint64_t deadline = relay->accept_at > 0 ? relay->accept_at : UINT64_MAX;
    uint64_t idle_limit = (uint64_t)relay->settings.idle_seconds * 1000;
    if (idle_limit > 0 && relay->first != NULL && relay->first->heard_at + idle_limit < deadline) {
        deadline = relay->first->heard_at + idle_limit;
    }
    if (relay->settings.shows_status && relay->status_at < deadline) {
        deadline = relay->status_at;
    }
    if (deadline == UINT64_MAX) {
        return FER_DURATION_NONE;
    }
    return fer_duration_from_millis(deadline > relay->now ? deadline - relay->now : 0);
}

#endif
