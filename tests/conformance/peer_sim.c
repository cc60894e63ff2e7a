/* peer_sim.c: the peers of the conformance tests on the simulated network: scripted hosts' sockets
 * on its loopback. The dialect is fixed when this file is compiled, and the system of the BSD
 * dialect by FERRULE_SIM_BSD in the environment. A peer that waits advances the virtual clock. */
#include "conformance/peer_system.h"

#include <stdlib.h>
#include <string.h>

#include "ferrule/ip.h"
#include "ferrule/sim.h"
#include "platform/sim/network.h"

#if defined(FERRULE_SIM_DIALECT_WINSOCK)
#define DIALECT FER_SIM_DIALECT_WINSOCK
#elif defined(FERRULE_SIM_DIALECT_BSD)
#define DIALECT FER_SIM_DIALECT_BSD
#else
#define DIALECT FER_SIM_DIALECT_POSIX
#endif

enum { SOCKETS_MAX = 1024 };
#define MILLI UINT64_C(1000000)

static ferp_sim_network *network(void)
{
    return ferp_sim_current();
}

static ferp_sim_socket *socket_of(fer_raw_socket raw)
{
    static ferp_sim_socket none;
    ferp_sim_socket *socket = ferp_sim_socket_of(network(), raw);
    return socket != NULL ? socket : &none;
}

/* ---- The program and its machine */

/* macOS if the environment has no system or an unknown one. */
static fer_sim_bsd bsd_of_environment(void)
{
    static const char *const names[] = {"macos", "freebsd", "netbsd", "openbsd"};
    const char *wanted = getenv("FERRULE_SIM_BSD");
    fer_sim_bsd found = FER_SIM_BSD_MACOS;
    for (int i = 0; wanted != NULL && i < 4; i++) {
        found = strcmp(wanted, names[i]) == 0 ? (fer_sim_bsd)i : found;
    }
    return found;
}

void peer_start(void)
{
    fer_sim_config config;
    memset(&config, 0, sizeof config);
    config.dialect = DIALECT;
    config.bsd = bsd_of_environment();
    config.max_sockets = SOCKETS_MAX;
    config.windows.shared_options = getenv("FERRULE_SIM_SHARED_OPTIONS") != NULL;
    config.windows.shared_addresses = getenv("FERRULE_SIM_SHARED_ADDRESSES") != NULL;
    config.windows.pending_has_no_peer = getenv("FERRULE_SIM_PENDING_HAS_NO_PEER") != NULL;
    config.windows.loses_events = getenv("FERRULE_SIM_LOSES_EVENTS") != NULL;
    config.windows.loses_cancels = getenv("FERRULE_SIM_LOSES_CANCELS") != NULL;
    config.windows.hangup_ends_write_waits = getenv("FERRULE_SIM_HANGUPS") != NULL;
    if (getenv("FERRULE_SIM_LATENCY_US") != NULL) {
        config.loopback_latency =
            fer_duration_from_micros((uint64_t)atoi(getenv("FERRULE_SIM_LATENCY_US")));
    }
    FER_IGNORE(fer_sim_start(&config));
}

PEER_IS(peer_is_windows, DIALECT == FER_SIM_DIALECT_WINSOCK)
PEER_IS(peer_is_plain, false)
PEER_IS(peer_core_waits, peer_is_windows())
PEER_IS(peer_keeps_time_wait, !peer_is_windows())
PEER_IS(peer_has_mapped_parts, true)
PEER_IS(peer_keeps_ip_version, false)

bool peer_hides_pending_connect(fer_raw_socket pending)
{
    return peer_is_windows() && !ferp_sim_has_peer(network(), socket_of(pending));
}

bool peer_interface(char name[PEER_INTERFACE_CAP], uint32_t *index)
{
    strcpy(name, "eth0");
    *index = 2;
    return !peer_is_windows();
}
uint64_t peer_now_us(void)
{
    return fer_sim_now().nanos / 1000u;
}
void peer_pause(unsigned milliseconds)
{
    FER_IGNORE(fer_sim_advance(fer_duration_from_millis(milliseconds)));
}
size_t peer_open_handles(void)
{
    return ferp_sim_handles_open(network());
}
size_t peer_inheritable_handles(void)
{
    size_t count = 0;
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        count += network()->handles[i].socket != FERP_SIM_NONE && network()->handles[i].inheritable;
    }
    return count;
}

/* ---- Waiting. Each condition is a function of one socket. */

typedef bool (*condition_function)(const ferp_sim_socket *socket);

static bool wait_until(fer_raw_socket raw, condition_function condition, unsigned wait_ms)
{
    uint64_t end = ferp_now() + wait_ms * MILLI;
    ferp_sim_run_due_events(network());
    while (!condition(socket_of(raw))) {
        if (ferp_sim_pass_time(network(), end).kind != FER_OK) {
            return condition(socket_of(raw));
        }
    }
    return true;
}

static bool is_queued(const ferp_sim_socket *socket)
{
    return socket->queue_count > 0;
}
static bool has_ended_connecting(const ferp_sim_socket *socket)
{
    return socket->state != FERP_SIM_CONNECTING;
}
static bool has_space(const ferp_sim_socket *socket)
{
    return ferp_sim_space(network(), socket) > 0 || socket->state == FERP_SIM_CONNECTION_RESET;
}

static bool has_input(const ferp_sim_socket *socket)
{
    const ferp_sim_pipe *in = ferp_sim_pipe_in(network(), socket);
    return ferp_sim_readable(network(), socket) > 0 || (in != NULL && in->fin_arrived) ||
           socket->state == FERP_SIM_CONNECTION_RESET || socket->shut_read ||
           socket->queue_count > 0 || socket->datagram_count > 0;
}

static bool has_failed(const ferp_sim_socket *socket)
{
    if (socket->kind == FERP_SIM_DATAGRAM) {
        return socket->pending != FERP_SIM_NO_ERROR;
    }
    return socket->state == FERP_SIM_CONNECTION_RESET || socket->state == FERP_SIM_FAILED ||
           ferp_sim_both_ended(network(), socket);
}

static bool is_readable(const ferp_sim_socket *socket)
{
    return has_input(socket) || (socket->kind == FERP_SIM_DATAGRAM && has_failed(socket));
}

/* ---- Connections */

static fer_socket_addr loopback_addr(peer_family family, uint16_t port)
{
    fer_ipv4_addr v4 = FER_IPV4_ADDR_LOCALHOST;
    fer_ipv6_addr v6 = FER_IPV6_ADDR_LOCALHOST;
    return family == PEER_V4 ? fer_socket_addr_v4_new(v4, port)
                             : fer_socket_addr_v6_new(v6, port, 0, 0);
}

static peer_socket new_stream(peer_family family)
{
    return peer_list_add(
        ferp_sim_make_peer(FERP_SIM_STREAM, family == PEER_V4 ? FER_IP_V4 : FER_IP_V6));
}

peer_socket peer_system_bind(peer_family family, uint16_t port, bool reuse)
{
    fer_socket_addr addr = loopback_addr(family, port);
    peer_socket peer = new_stream(family);
    if (peer == PEER_NONE) {
        return PEER_NONE;
    }
    socket_of(peer)->settings.options[FERP_REUSE_ADDRESS] = reuse;
    if (ferp_bind(peer, &addr).kind != FER_OK) {
        peer_close(peer);
        return PEER_NONE;
    }
    return peer;
}

bool peer_system_listen(peer_socket bound, int backlog)
{
    return ferp_listen(bound, backlog).kind == FER_OK;
}

bool peer_is_queued(peer_socket listener, unsigned wait_ms)
{
    return wait_until(listener, is_queued, wait_ms);
}

peer_socket peer_accept(peer_socket listener)
{
    fer_sim_peer accepted = FER_SIM_PEER_NONE;
    if (!peer_is_queued(listener, PEER_LIMIT_MS) ||
        fer_sim_peer_accept(listener, &accepted).kind != FER_OK) {
        return PEER_NONE;
    }
    return peer_list_add(accepted);
}

/* A failed connect leaves its socket open, as on a real system, so it is closed here. */
peer_socket peer_connect_begin(peer_family family, uint16_t port)
{
    fer_socket_addr addr = loopback_addr(family, port);
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    FER_IGNORE(fer_sim_peer_connect(NULL, &addr, &peer));
    if (peer != FER_SIM_PEER_NONE && socket_of(peer)->state == FERP_SIM_FAILED) {
        fer_sim_peer_close(peer);
        return PEER_NONE;
    }
    return peer_list_add(peer);
}

bool peer_connect_ended(peer_socket peer, unsigned wait_ms)
{
    return wait_until(peer, has_ended_connecting, wait_ms) &&
           socket_of(peer)->state == FERP_SIM_CONNECTED;
}

PEER_IS(peer_system_bound_port_refuses, !network()->switches->bound_port_drops_syn)

bool peer_system_still_connects(peer_socket peer)
{
    return socket_of(peer)->state == FERP_SIM_CONNECTING;
}

bool peer_system_set_silent(peer_family family, uint16_t port, bool silent)
{
    fer_socket_addr addr = loopback_addr(family, port);
    return fer_sim_set_answer(&addr, silent ? FER_SIM_ANSWER_SILENT : FER_SIM_ANSWER_AS_IS,
                              (fer_duration){0})
               .kind == FER_OK;
}

/* ---- Bytes */

bool peer_system_wait_for_space(peer_socket peer, unsigned wait_ms)
{
    return wait_until(peer, has_space, wait_ms);
}

bool peer_system_send(peer_socket peer, const void *buf, size_t len, size_t *n)
{
    fer_error error = fer_sim_peer_send(peer, buf, len, n);
    return error.kind == FER_OK || error.kind == FER_WOULD_BLOCK;
}

peer_outcome peer_recv_some(peer_socket peer, void *buf, size_t cap, size_t *n)
{
    *n = 0;
    if (!wait_until(peer, has_input, PEER_LIMIT_MS)) {
        return PEER_TIMED_OUT;
    }
    if (fer_sim_peer_recv(peer, buf, cap, n).kind != FER_OK) {
        return PEER_RESET;
    }
    return *n > 0 ? PEER_GOT : PEER_END;
}

bool peer_send_urgent(peer_socket peer)
{
    return fer_sim_peer_send_urgent(peer, "!", 1, NULL).kind == FER_OK;
}

PEER_IS(peer_polls_urgent, !network()->switches->urgent_is_not_polled)
PEER_IS(peer_polls_lone_failures, true)

bool peer_raw_set_urgent_inline(fer_raw_socket raw, bool is_inline)
{
    return fer_sim_set_urgent_inline(raw, is_inline).kind == FER_OK;
}

bool peer_raw_set_segment_size(fer_raw_socket raw, int size)
{
    return fer_sim_set_segment_size(raw, (size_t)size).kind == FER_OK;
}

bool peer_shutdown_write(peer_socket peer)
{
    return fer_sim_peer_shutdown(peer).kind == FER_OK;
}

void peer_close(peer_socket peer)
{
    peer_list_remove(peer);
    ferp_close(peer);
}

void peer_reset(peer_socket peer)
{
    socket_of(peer)->settings.linger = (struct ferp_linger){true, 0};
    peer_close(peer);
}

uint16_t peer_local_port(peer_socket peer)
{
    return socket_of(peer)->local.port;
}
uint16_t peer_remote_port(peer_socket peer)
{
    return socket_of(peer)->remote.port;
}

/* ---- Releasing and adopting sockets */

peer_socket peer_unconnected(void)
{
    return new_stream(PEER_V4);
}
fer_raw_socket peer_not_a_socket(void)
{
    return ferp_sim_make_peer(FERP_SIM_OTHER, FER_IP_V4);
}
void peer_close_not_a_socket(fer_raw_socket raw)
{
    ferp_close(raw);
}

bool peer_is_open(fer_raw_socket raw)
{
    const ferp_sim_socket *socket = ferp_sim_socket_of(network(), raw);
    return socket != NULL && socket->kind != FERP_SIM_OTHER;
}

void peer_release(peer_socket peer)
{
    socket_of(peer)->is_peer = false;
    ferp_sim_keep_addresses(network(), peer);
    peer_list_remove(peer);
}

void peer_adopt(fer_raw_socket raw)
{
    socket_of(raw)->is_peer = true;
    (void)peer_list_add(raw);
}

/* ---- Looks at a raw socket */

PEER_RAW_IS(bool, peer_raw_wait_readable, wait_until(raw, is_readable, PEER_LIMIT_MS))
PEER_RAW_IS(bool, peer_raw_wait_failed, wait_until(raw, has_failed, PEER_LIMIT_MS))
PEER_RAW_IS(bool, peer_raw_has_failed, wait_until(raw, has_failed, 0))
PEER_RAW_IS(bool, peer_raw_is_inheritable, ferp_sim_handle_of(network(), raw)->inheritable)

bool peer_raw_set_inheritable(fer_raw_socket raw, bool inheritable)
{
    ferp_sim_handle_of(network(), raw)->inheritable = inheritable;
    return true;
}

PEER_RAW_IS(bool, peer_raw_is_nonblocking, socket_of(raw)->settings.nonblocking)

bool peer_raw_set_nonblocking(fer_raw_socket raw, bool nonblocking)
{
    socket_of(raw)->settings.nonblocking = nonblocking;
    return true;
}

static fer_duration duration_of(unsigned milliseconds)
{
    return milliseconds == 0 ? FER_DURATION_NONE : fer_duration_from_millis(milliseconds);
}

bool peer_raw_set_timeouts(fer_raw_socket raw, unsigned milliseconds)
{
    return ferp_set_timeout(raw, FERP_READING, duration_of(milliseconds)).kind == FER_OK &&
           ferp_set_timeout(raw, FERP_WRITING, duration_of(milliseconds)).kind == FER_OK;
}

static unsigned millis_of(fer_duration timeout)
{
    return timeout.nanos == FER_DURATION_NONE_NANOS ? 0 : (unsigned)(timeout.nanos / MILLI);
}

bool peer_raw_timeouts(fer_raw_socket raw, unsigned *read_ms, unsigned *write_ms)
{
    *read_ms = millis_of(socket_of(raw)->settings.timeouts[FERP_READING]);
    *write_ms = millis_of(socket_of(raw)->settings.timeouts[FERP_WRITING]);
    return true;
}

PEER_RAW_IS(bool, peer_raw_has_settled, true)

/* OpenBSD raises a small backlog. */
PEER_RAW_IS(int, peer_raw_backlog,
            network()->switches->backlog_min > 0 ? -1 : socket_of(raw)->backlog)
static int option_of(fer_raw_socket raw, ferp_option option)
{
    uint32_t value = 0;
    return ferp_option_value(raw, option, &value).kind == FER_OK ? (int)value : -1;
}

int peer_raw_hops(fer_raw_socket raw, peer_family family)
{
    return option_of(raw, family == PEER_V4 ? FERP_TTL_V4 : FERP_HOPS_V6);
}

PEER_RAW_IS(int, peer_raw_reuses_address, option_of(raw, FERP_REUSE_ADDRESS))
PEER_RAW_IS(int, peer_raw_is_exclusive, option_of(raw, FERP_EXCLUSIVE_ADDRESS))
PEER_RAW_IS(int, peer_raw_only_v6, option_of(raw, FERP_ONLY_V6))
PEER_RAW_IS(bool, peer_raw_has_keepalive_options, option_of(raw, FERP_KEEPALIVE_RETRIES) > 0)

bool peer_raw_set_user_timeout(fer_raw_socket raw, unsigned milliseconds)
{
    return false;
}

/* ---- Datagrams */

peer_socket peer_datagram(peer_family family, uint16_t *port)
{
    fer_socket_addr addr = loopback_addr(family, 0);
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    FER_IGNORE(fer_sim_peer_bind(&addr, &peer));
    *port = peer == FER_SIM_PEER_NONE ? 0 : peer_local_port(peer);
    return peer_list_add(peer);
}

bool peer_datagram_connect(peer_socket peer, peer_family family, uint16_t port)
{
    fer_socket_addr addr = loopback_addr(family, port);
    return ferp_connect(peer, &addr).kind == FER_OK;
}

bool peer_datagram_send(peer_socket peer, peer_family family, uint16_t port, const void *buf,
                        size_t len)
{
    fer_socket_addr addr = loopback_addr(family, port);
    return fer_sim_peer_send_to(peer, buf, len, &addr).kind == FER_OK;
}

peer_outcome peer_datagram_receive(peer_socket peer, void *buf, size_t cap, size_t *n,
                                   uint16_t *port)
{
    fer_udp_received got;
    *n = 0;
    if (!wait_until(peer, has_input, PEER_LIMIT_MS) ||
        fer_sim_peer_recv_from(peer, buf, cap, &got).kind != FER_OK) {
        return PEER_TIMED_OUT;
    }
    *n = got.len;
    *port = got.from.port;
    return PEER_GOT;
}

PEER_IS(peer_is_wine, false)
PEER_IS(peer_is_bsd, false)

size_t peer_threads(void)
{
    return 0;
}

PEER_IS(peer_resolves_localhost, true)
PEER_IS(peer_lists_services, true)
PEER_IS(peer_still_opens_sockets, false)
PEER_IS(peer_still_opens_raw_sockets, false)
PEER_IS(peer_handle_count_is_exact, true)

/* The names that every simulation resolves. */
size_t peer_resolve(const char *host, fer_socket_addr *addrs, size_t cap)
{
    const fer_ipv4_addr v4 = FER_IPV4_ADDR_LOCALHOST;
    const fer_ipv6_addr v6 = FER_IPV6_ADDR_LOCALHOST;
    const fer_socket_addr both[] = {fer_socket_addr_v6_new(v6, 0, 0, 0),
                                    fer_socket_addr_v4_new(v4, 0)};
    const bool is_short_v4 = strcmp(host, "127.1") == 0 && !peer_is_windows();
    const size_t first = strcmp(host, "localhost") == 0 ? 0 : is_short_v4 ? 1 : 2;
    for (size_t i = 0; i < cap && first + i < 2; i++) {
        addrs[i] = both[first + i];
    }
    return 2 - first;
}

PEER_IS(peer_forgets_ended_names, ferp_sim_current()->switches->local_name_of_dead_is_einval)
PEER_IS(peer_separates_ip_versions, ferp_sim_current()->switches->separates_ip_versions)
PEER_IS(peer_has_dual_stack, !ferp_sim_current()->switches->lacks_dual_stack)
PEER_IS(peer_close_hides_unread_input, false)
PEER_IS(peer_is_interrupted, false)

bool peer_raw_hides_keepalive_options(fer_raw_socket raw)
{
    uint32_t retries = 1;
    return ferp_option_value(raw, FERP_KEEPALIVE_RETRIES, &retries).kind == FER_OK && retries == 0;
}
