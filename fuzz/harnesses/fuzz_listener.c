/* fuzz_listener.c: a listener with many who come, go and die in its queue, in both dialects: accept
 * gives each that lives once, in order, passes over the dead, reports a full table and loses nobody
 * (rules L1, L3, T6, C6). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"
#include "ferrule/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 75, PEERS = 20 };

struct guest {
    fer_sim_peer peer;
    bool is_dead; /* it may have died in the queue */
};

static struct {
    fer_tcp_listener listener;
    struct guest guests[PEERS + 1]; /* each says its number */
    size_t count;
    size_t next; /* the first that accept has not given */
    bool nonblocking;
} world;

static void must(bool holds, const char *rule, fer_error error)
{
    if (!holds) {
        fprintf(stderr, "listener: %s: %s, guest %zu of %zu\n", rule,
                fer_error_kind_name(error.kind), world.next, world.count);
        abort();
    }
}

static void come(const fer_socket_addr *addr)
{
    uint8_t name = (uint8_t)world.count;
    struct guest *guest = &world.guests[name];
    if (name < PEERS && fer_sim_peer_connect(NULL, addr, &guest->peer).kind == FER_OK) {
        guest->is_dead = fer_sim_peer_send(guest->peer, &name, 1, NULL).kind != FER_OK;
        world.count++;
    }
}

static void die(uint8_t which)
{
    struct guest *guest = &world.guests[world.count == 0 ? PEERS : which % world.count];
    fer_sim_peer_reset(guest->peer);
    *guest = (struct guest){FER_SIM_PEER_NONE, true};
}

static size_t living(void)
{
    size_t count = 0;
    for (size_t i = world.next; i < world.count; count += !world.guests[i++].is_dead) {
    }
    return count;
}

/* The dead before the one that was given were passed over; a dead one may be given itself
 * ("reset_in_queue"). */
static void welcome(fer_tcp_stream *stream, fer_error accepted)
{
    uint8_t name = 0;
    size_t n = 0;
    fer_duration timeout = {0};
    must(fer_tcp_stream_read_timeout(stream, &timeout).kind == FER_OK &&
             fer_duration_is_none(timeout),
         "T6", accepted);
    fer_error error = fer_tcp_stream_read(stream, &name, 1, &n);
    if (error.kind == FER_OK && n == 1) {
        must(name >= world.next && name < world.count, "L3: given twice, or invented", error);
        for (size_t i = world.next; i < name; i++) {
            must(world.guests[i].is_dead, "L3: passed over one that lives", error);
        }
        world.next = (size_t)name + 1;
        must(fer_tcp_stream_read(stream, &name, 1, &n).kind != FER_WOULD_BLOCK,
             "T6: it is nonblocking", error);
    } else {
        must(error.kind == FER_CONNECTION_RESET, "a guest that says nothing", error);
        must(world.next < world.count && world.guests[world.next].is_dead, "a reset of nobody",
             error);
        world.next++;
    }
}

/* The first in the queue: those who had died before it may be gone from there. */
static void abort_first(void)
{
    size_t at = world.next;
    for (; at < world.count && world.guests[at].is_dead; at++) {
    }
    world.guests[at < world.count ? at : world.next].is_dead = true;
}

static void take(uint8_t fault)
{
    fer_tcp_stream stream = {0};
    size_t waiting = living();
    bool armed =
        fault < FER_SIM_FAULT_COUNT && fer_sim_fault_at((fer_sim_fault)fault, 1).kind == FER_OK;
    fer_error error = fer_tcp_listener_accept(&world.listener, &stream, NULL);
    bool struck = fer_sim_clear_faults() == 0 && armed;
    if (struck && fault == FER_SIM_FAULT_ACCEPT_ABORTED) {
        abort_first();
        waiting = living();
    }
    if (error.kind == FER_OK) {
        welcome(&stream, error);
        fer_tcp_stream_close(&stream);
        return;
    }
    must(error.kind != FER_INTERRUPTED, "I1", error);
    must(error.kind != FER_TOO_MANY_OPEN_FILES ||
             (struck && fault == FER_SIM_FAULT_TOO_MANY_HANDLES),
         "L3", error);
    must(error.kind != FER_WOULD_BLOCK || (world.nonblocking && (waiting == 0 || struck)), "T2",
         error);
    must(error.kind != FER_DEADLOCK || (!world.nonblocking && waiting == 0),
         "L3: one who lives was lost", error);
    must(error.kind == FER_TOO_MANY_OPEN_FILES || error.kind == FER_WOULD_BLOCK ||
             error.kind == FER_DEADLOCK,
         "kinds", error);
    world.next = error.kind == FER_TOO_MANY_OPEN_FILES || struck ? world.next : world.count;
}

static void step(const fer_socket_addr *addr, uint8_t what, uint8_t arg)
{
    fer_tcp_listener other = {0};
    if (what < 100) {
        come(addr);
    } else if (what < 200) {
        take(arg);
    } else if (what < 225) {
        die(arg);
    } else if (what < 240) {
        world.nonblocking = arg % 2 == 1;
        must(fer_tcp_listener_set_nonblocking(&world.listener, world.nonblocking).kind == FER_OK,
             "mode", (fer_error){FER_OK, 0});
    } else {
        fer_error error = fer_tcp_listener_bind_addr(&other, addr);
        must(error.kind == FER_ADDR_IN_USE, "L1", error);
        must(fer_tcp_listener_bind_addr(&world.listener, addr).kind == FER_INVALID_INPUT, "C6",
             error);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fer_sim_config config = {
        .tape = (const uint8_t *)"", .max_sockets = 44, .send_buffer = 64, .receive_buffer = 64};
    fer_socket_addr addr;
    fer_sim_report report;
    memset(&world, 0, sizeof world);
    config.dialect = size > 0 && data[0] % 2 == 1 ? FER_SIM_WINSOCK : FER_SIM_POSIX;
    FER_IGNORE(fer_sim_start(&config));
    FER_IGNORE(fer_socket_addr_parse(&addr, "127.0.0.1:80"));
    must(fer_tcp_listener_bind_addr(&world.listener, &addr).kind == FER_OK, "bind",
         (fer_error){FER_OK, 0});
    for (size_t i = 1; i + 1 < size && i < (size_t)2 * STEPS; i += 2) {
        step(&addr, data[i], data[i + 1]);
    }
    fer_tcp_listener_close(&world.listener);
    must(fer_sim_stop(&report).kind == FER_OK && report.leaked_handles + report.leaked_waits == 0,
         "a leak", (fer_error){FER_OK, 0});
    return 0;
}
