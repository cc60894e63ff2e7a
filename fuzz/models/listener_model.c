/* listener_model.c: the clients in the queue of one listener; see listener_model.h. */
#include "fuzz/models/listener_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 20 };

struct client {
    fer_sim_peer peer;
    bool is_reset; /* perhaps while it was in the queue */
};

static struct {
    struct client clients[CLIENTS + 1];
    size_t count;
    size_t next; /* the first client that accept has not returned */
    bool nonblocking;
    fer_duration timeout;
} model;

void listener_must(bool holds, const char *rule, fer_error error)
{
    if (!holds) {
        fprintf(stderr, "listener: %s: %s, client %zu of %zu\n", rule,
                fer_error_kind_name(error.kind), model.next, model.count);
        abort();
    }
}

void listener_model_begin(void)
{
    memset(&model, 0, sizeof model);
    model.timeout = FER_DURATION_NONE;
}

/* At most 15 ms, or none. */
void listener_model_set_timeout(fer_tcp_listener *listener, uint8_t arg)
{
    fer_duration got = {0};
    model.timeout = arg % 16 == 0 ? FER_DURATION_NONE : fer_duration_from_millis(arg % 16);
    listener_must(
        fer_socket_set_read_timeout(fer_tcp_listener_as_socket(listener), model.timeout).kind ==
                FER_OK &&
            fer_socket_read_timeout(fer_tcp_listener_as_socket(listener), &got).kind == FER_OK &&
            got.nanos == model.timeout.nanos,
        "T5: the timeout is not set", (fer_error){FER_OK, 0});
}

bool listener_model_has_expired(uint64_t since)
{
    return model.timeout.nanos != FER_DURATION_NONE_NANOS &&
           fer_sim_now().nanos - since >= model.timeout.nanos;
}

void listener_model_set_nonblocking(bool nonblocking)
{
    model.nonblocking = nonblocking;
}

bool listener_model_is_nonblocking(void)
{
    return model.nonblocking;
}

void listener_model_connect(const fer_socket_addr *addr)
{
    uint8_t number = (uint8_t)model.count;
    struct client *client = &model.clients[number];
    if (number < CLIENTS && fer_sim_peer_connect(NULL, addr, &client->peer).kind == FER_OK) {
        client->is_reset = fer_sim_peer_send(client->peer, &number, 1, NULL).kind != FER_OK;
        model.count++;
    }
}

void listener_model_reset(uint8_t which)
{
    struct client *client = &model.clients[model.count == 0 ? CLIENTS : which % model.count];
    fer_sim_peer_reset(client->peer);
    *client = (struct client){FER_SIM_PEER_NONE, true};
}

size_t listener_model_count_waiting(void)
{
    size_t count = 0;
    for (size_t i = model.next; i < model.count; i++) {
        count += !model.clients[i].is_reset;
    }
    return count;
}

void listener_model_abort_first(void)
{
    size_t at = model.next;
    while (at < model.count && model.clients[at].is_reset) {
        at++;
    }
    model.clients[at < model.count ? at : model.next].is_reset = true;
}

/* ---- Accepted streams */

/* Accept passed over the clients before this one: each was reset. */
static void check_number(size_t number, fer_error error)
{
    listener_must(number >= model.next && number < model.count,
                  "L3: returned twice, or never connected", error);
    for (size_t i = model.next; i < number; i++) {
        listener_must(model.clients[i].is_reset, "L3: passed over a connection that is open",
                      error);
    }
    model.next = number + 1;
}

/* Linux may return a reset connection too (row reset_in_queue). */
static void check_reset(fer_error error)
{
    listener_must(error.kind == FER_CONNECTION_RESET, "a client without a number", error);
    listener_must(model.next < model.count && model.clients[model.next].is_reset,
                  "a reset without a cause", error);
    model.next++;
}

/* K11: the client's end comes after the stream's. */
static void check_lingering_close(fer_tcp_stream *stream, const struct client *client)
{
    static const fer_sim_step polite[] = {{.action = FER_SIM_ACTION_RECEIVE_TO_END},
                                          {.action = FER_SIM_ACTION_CLOSE}};
    FER_IGNORE(fer_tcp_stream_write_all(stream, "hello", 5, NULL));
    FER_IGNORE(fer_sim_peer_play(client->peer, polite, 2));
    fer_error error = fer_tcp_stream_close_gracefully(stream, fer_duration_from_secs(1));
    listener_must(error.kind == (client->is_reset ? FER_CONNECTION_RESET : FER_OK),
                  "K11: the client has had everything, or has been reset", error);
    listener_must(fer_tcp_stream_as_raw(stream) == FER_RAW_SOCKET_NONE, "K11: it is not closed",
                  error);
}

static void check_accepted(fer_tcp_stream *stream, fer_error error)
{
    uint8_t number = 0;
    size_t n = 0;
    fer_duration timeout = {0};
    listener_must(fer_tcp_stream_read_timeout(stream, &timeout).kind == FER_OK &&
                      timeout.nanos == FER_DURATION_NONE_NANOS,
                  "T6: the stream has a timeout", error);
    error = fer_tcp_stream_read(stream, &number, 1, &n);
    if (error.kind != FER_OK || n != 1) {
        check_reset(error);
        return;
    }
    check_number(number, error);
    listener_must(fer_tcp_stream_read(stream, &number, 1, &n).kind != FER_WOULD_BLOCK,
                  "T6: the stream is nonblocking", error);
}

void listener_model_check_accepted(fer_tcp_stream *stream, fer_error error, bool lingers)
{
    check_accepted(stream, error);
    struct client *client = &model.clients[model.next - 1];
    if (lingers && !client->is_reset) {
        check_lingering_close(stream, client);
        *client = (struct client){FER_SIM_PEER_NONE, true};
    }
    fer_tcp_stream_close(stream);
}

/* ---- Failed accepts */

void listener_model_check_failed(fer_error error, size_t waiting, bool is_hit, fer_sim_fault fault)
{
    bool is_full = error.kind == FER_TOO_MANY_OPEN_FILES;
    bool would_block = error.kind == FER_WOULD_BLOCK;
    bool is_deadlock = error.kind == FER_DEADLOCK;
    bool has_expired = error.kind == FER_TIMED_OUT;
    listener_must(error.kind != FER_INTERRUPTED, "I1: accept was interrupted", error);
    listener_must(!is_full || (is_hit && fault == FER_SIM_FAULT_TOO_MANY_HANDLES),
                  "L3: handles are available", error);
    listener_must(!would_block || (model.nonblocking && (waiting == 0 || is_hit)),
                  "T2: WOULD_BLOCK without a cause", error);
    listener_must(!is_deadlock || (!model.nonblocking && waiting == 0 &&
                                   model.timeout.nanos == FER_DURATION_NONE_NANOS),
                  "L3: a connection was lost", error);
    listener_must(!has_expired || (!model.nonblocking && (waiting == 0 || is_hit)),
                  "T2: a connection was there", error);
    listener_must(is_full || would_block || is_deadlock || has_expired,
                  "an error that accept does not report", error);
    model.next = is_full || is_hit ? model.next : model.count;
}

void listener_model_bind_again(fer_tcp_listener *listener, const fer_socket_addr *addr)
{
    fer_tcp_listener other = {0};
    fer_error error = fer_tcp_listener_bind_addr(&other, addr);
    listener_must(error.kind == FER_ADDR_IN_USE, "L1: a second bind succeeds", error);
    error = fer_tcp_listener_bind_addr(listener, addr);
    listener_must(error.kind == FER_MISUSE, "C6: an open handle is bound", error);
}
