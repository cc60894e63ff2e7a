/* probes_facts.c: probes of the boolean members of ferp_traits, as far as no conformance test
 * asserts them. */
#include "selftest/probe.h"

#include <stdatomic.h>
#include <string.h>

#include "support/process.h"
#include "support/thread.h"
#ifndef _WIN32
#include <sys/uio.h>
#endif

/* Facts that a conformance test asserts:
 * accept_loses_zero_linger: O2 an_accepted_stream_inherits_a_linger_of_zero
 * bind_denied_can_mean_in_use: L1 a_second_wildcard_listener_is_addr_in_use
 * connect_would_block_means_started: C2 expiry_of_connect_timeout_is_timed_out
 * datagrams_share_by_reuse_port: L1 datagram_sockets_that_reuse_an_address_share_it
 * has_abstract_unix_names: L1 an_abstract_name_is_any_bytes_and_is_freed_with_its_socket
 * reconnect_drops_bound_addr: U5
 *     a_socket_bound_to_loopback_keeps_its_address_when_it_is_connected_again
 * reconnect_chooses_addr_again: U5 the_next_peer_may_have_the_other_ip_version
 */

/* ---- Streams */

/* A choice: on Windows the state of a socket is "indeterminate" after a receive that timed out. */
PROBE("fact", io_waits_in_kernel, POSIX("EAGAIN, then 4, the peer reads 0"), NULL)
{
    peer_socket two[2];
    char bytes[8];
    raw_pair(two);
    (void)peer_raw_set_timeouts(two[0], 100);
    answer("%s", raw_count(raw_receive(two[0], bytes, sizeof bytes)));
    (void)peer_send_all(two[1], "data", 4);
    (void)peer_raw_set_timeouts(two[0], 2000);
    answer("then %s", raw_count(raw_receive(two[0], bytes, sizeof bytes)));
    peer_close(two[0]);
    answer("the peer reads %s", raw_count(raw_receive(two[1], bytes, sizeof bytes)));
}

FACT(shutdown_read_resets_on_data)
{
    peer_socket two[2];
    bool is_reset = false;
    raw_pair(two);
    (void)shutdown((raw_socket)two[0], SHUT_RD);
    for (int i = 0; i < 40 && !is_reset; i++) {
        is_reset = raw_send(two[1], "x", 1) < 0;
        peer_pause(10);
    }
    answer_fact(is_reset);
}

FACT(close_hides_unread_input)
{
    peer_socket two[2];
    char byte = 0;
    raw_pair(two);
    (void)peer_send_all(two[1], "unread", 6);
    (void)peer_raw_wait_readable(two[0]);
    peer_close(two[0]);
    answer_fact(raw_receive(two[1], &byte, 1) == 0);
}

/* ---- A shutdown while another thread waits */

struct call {
    peer_socket socket;
    atomic_int result;
};

static void send_and_wait(void *argument)
{
    static char bytes[64 << 20];
    struct call *call = argument;
    atomic_store(&call->result, raw_send(call->socket, bytes, sizeof bytes));
}

static void wait_to_write(void *argument)
{
    struct call *call = argument;
    atomic_store(&call->result, raw_ready(call->socket, true, 1500));
}

/* Shuts down the write half during the call. Returns its result, and how many bytes arrived. */
static int shut_down_during(void (*run)(void *argument), peer_socket two[2], long *arrived)
{
    static char bytes[65536];
    struct call call = {.socket = two[0]};
    test_thread thread;
    int n = 1;
    atomic_init(&call.result, 0);
    test_thread_start(&thread, run, &call);
    peer_pause(300);
    (void)peer_shutdown_write(two[0]);
    while (run == send_and_wait && (n = raw_receive(two[1], bytes, sizeof bytes)) > 0) {
        *arrived += n;
    }
    test_thread_join(&thread);
    return atomic_load(&call.result);
}

/* A send of more than the buffers hold. */
FACT(cut_send_loses_count)
{
    peer_socket two[2];
    long arrived = 0;
    need(ferp_traits()->io_waits_in_kernel, "no send waits");
    raw_pair(two);
    int sent = shut_down_during(send_and_wait, two, &arrived);
    note("the send returned %d, %ld bytes arrived", sent, arrived);
    answer_fact(sent < 0 && arrived > 0);
}

FACT(write_wait_misses_shutdown)
{
    peer_socket two[2];
    raw_pair(two);
    (void)peer_fill(two[0]);
    answer_fact(!shut_down_during(wait_to_write, two, NULL));
}

/* A lack of buffers cannot be caused. Sends of growing lengths may meet one. */
FACT(no_buffer_space_is_transient)
{
    enum { SHORTEST = 1 << 17, LONGEST = 1 << 26 };
    peer_socket two[2];
    size_t len = SHORTEST;
    void *area = process_reserve(LONGEST);
    need(area != NULL, "no memory");
    raw_pair(two);
    (void)peer_raw_set_nonblocking(two[0], true);
    for (; len < LONGEST && raw_send(two[0], area, len) >= 0; len *= 2) {
    }
    const char *code = raw_result(-1);
    const char *again = raw_result(raw_send(two[0], area, 4096));
    process_unreserve(area, LONGEST);
    need(strcmp(code, "ENOBUFS") == 0, "no send of up to %lu bytes lacked buffers",
         (unsigned long)len);
    answer_fact(strcmp(again, "OK") == 0 || strcmp(again, "EAGAIN") == 0);
}

/* ---- Listening and connecting */

FACT(accept_inherits_nonblocking)
{
    uint16_t port = 0;
    peer_socket listener = peer_listen(PEER_V4, 4, &port);
    (void)peer_raw_set_nonblocking(listener, true);
    need(peer_connect(PEER_V4, port) != PEER_NONE && peer_is_queued(listener, 2000),
         "no connection on 127.0.0.1");
    raw_socket accepted = accept((raw_socket)listener, NULL, NULL);
    answer_fact(peer_raw_is_nonblocking((fer_raw_socket)accepted));
    peer_adopt((fer_raw_socket)accepted);
}

/* Both listeners set the option, as those of ferrule on POSIX. */
FACT(reuse_address_steals_ports)
{
    peer_socket listener = peer_listen_at(PEER_V4, 0);
    need(listener != PEER_NONE, "no listener on 127.0.0.1");
    answer_fact(peer_listen_at(PEER_V4, peer_local_port(listener)) != PEER_NONE);
}

PROBE("C2 refusal + late_refusal +", refused_connect_is_retried, POSIX("no"), "yes")
{
    uint16_t port = 0;
    peer_socket client = raw_new(SOCK_STREAM);
    need(peer_refuse(PEER_V4, &port), "no port that refuses");
    uint64_t began = peer_now_us();
    const char *code = raw_result(raw_connect(client, INADDR_LOOPBACK, port));
    unsigned took = (unsigned)((peer_now_us() - began) / 1000);
    note("%s after %u ms", code, took);
    answer("%s", took >= 400 ? "yes" : "no");
}

PROBE("fact", connect_error_comes_late, POSIX("SO_ERROR was 0 after 0 of 20 failed connects"), NULL)
{
    unsigned late = 0;
    uint16_t port = 0;
    need(peer_refuse(PEER_V4, &port), "no port that refuses");
    for (int i = 0; i < 20; i++) {
        peer_socket client = raw_new(SOCK_STREAM);
        (void)peer_raw_set_nonblocking(client, true);
        (void)raw_connect(client, INADDR_LOOPBACK, port);
#ifdef _WIN32
        (void)peer_connect_ended(client, 6000); /* POSIX: it takes the error */
#else
        (void)raw_ready(client, true, 6000);
#endif
        late += raw_get(client, SOL_SOCKET, SO_ERROR) == 0;
    }
    answer("SO_ERROR was 0 after %u of 20 failed connects", late);
}

/* ---- Datagrams */

FACT(connect_ignores_broadcast)
{
    const char *code = raw_result(raw_connect(raw_new(SOCK_DGRAM), INADDR_BROADCAST, 9));
    bool is_connected = strcmp(code, "OK") == 0;
    need(is_connected || strcmp(code, "EACCES") == 0, "no network to broadcast to: %s", code);
    answer_fact(is_connected);
}

/* ---- Unix sockets */

#ifndef _WIN32
static void unix_pair(peer_socket two[2])
{
    int made[2];
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, made) == 0, "no pair: %s", raw_result(-1));
    two[0] = raw_keep(made[0]);
    two[1] = raw_keep(made[1]);
}

/* The write half ends by a shutdown of its own, and by the peer's of its read half. */
FACT(unix_write_wait_misses_end)
{
    bool misses = true;
    for (int i = 0; i < 2; i++) {
        peer_socket two[2];
        unix_pair(two);
        (void)peer_raw_set_nonblocking(two[0], true); /* NetBSD ignores MSG_DONTWAIT */
        (void)peer_fill(two[0]);
        (void)shutdown((int)two[i], i == 0 ? SHUT_WR : SHUT_RD);
        misses = !raw_ready(two[0], true, 300) && misses;
    }
    answer_fact(misses);
}

static bool send_a_byte_with(int handle, peer_socket from)
{
    char byte = 'x';
    union {
        struct cmsghdr header;
        char bytes[64];
    } control;
    struct iovec slice = {&byte, 1};
    struct msghdr message;
    memset(&control, 0, sizeof control);
    memset(&message, 0, sizeof message);
    message.msg_iov = &slice;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = (raw_len)CMSG_SPACE(sizeof handle);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = (raw_len)CMSG_LEN(sizeof handle);
    memcpy(CMSG_DATA(&control.header), &handle, sizeof handle);
    return sendmsg((int)from, &message, 0) == 1;
}

/* XNU, soreceive_ctl and unp_externalize. */
FACT(receive_leaks_handles)
{
    peer_socket two[2];
    char byte;
    unix_pair(two);
    size_t before = peer_open_handles();
    need(send_a_byte_with((int)two[0], two[0]), "no handle can be sent: %s", raw_result(-1));
    (void)raw_receive(two[1], &byte, 1);
    answer_fact(peer_open_handles() != before);
}
#endif

RULE_TESTS("probes_facts")
