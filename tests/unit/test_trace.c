/* test_trace.c: the lines of a library with FERRULE_TRACE: arguments and results of the seam's
 * functions, as core calls them. Over this system and, with TEST_TRACE_OVER_SIM, over the simulated
 * network. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ferrule.h"
#ifdef TEST_TRACE_OVER_SIM
#include "ferrule/sim.h"
#endif
#include "support/group.h"

static int record(const char *line, FILE *stream);

#define fputs record
#include "platform/common/trace.c"
#undef fputs

#define assert_ok(call) assert_int_equal((call).kind, FER_OK)

enum { LINES = 64 };

static char lines[LINES][sizeof(struct line)];
static size_t line_count;

static int record(const char *line, FILE *stream)
{
    assert_ptr_equal(stream, stderr);
    assert_true(line_count < LINES);
    (void)snprintf(lines[line_count], sizeof lines[0], "%s", line);
    line_count++;
    return 0;
}

/* Whether the line has the form. # is a number, * is any text without a bracket. */
static bool has_form(const char *line, const char *form)
{
    while (*form != '\0') {
        size_t len = *form == '#' ? strspn(line, "0123456789") : strcspn(line, "()");
        if (*form != '#' && *form != '*') {
            len = *line == *form ? 1 : 0;
        }
        for (; *form == '*' && !has_form(line + len, form + 1); len--) {
            if (len == 0) {
                return false;
            }
        }
        if (len == 0 && *form != '*') {
            return false;
        }
        line += len;
        form++;
    }
    return strcmp(line, "\n") == 0;
}

static size_t count_of(const char *form)
{
    size_t count = 0;
    for (size_t i = 0; i < line_count; i++) {
        count += has_form(lines[i], form);
    }
    return count;
}

static void assert_traced(const char *form)
{
    if (count_of(form) == 0) {
        for (size_t i = 0; i < line_count; i++) {
            print_error("%s", lines[i]);
        }
        fail_msg("no line has the form %s", form);
    }
}

static int begin(void **state)
{
    line_count = 0;
#ifdef TEST_TRACE_OVER_SIM
    fer_sim_config config = {0};
    assert_ok(fer_sim_start(&config));
#endif
    return 0;
}

static int end(void **state)
{
#ifdef TEST_TRACE_OVER_SIM
    return fer_sim_stop(NULL).kind == FER_OK ? 0 : -1;
#else
    return 0;
#endif
}

#define TRACE_TEST(function) TEST_WITH(function, begin, end)

static fer_socket_addr loopback(uint16_t port)
{
    return fer_socket_addr_v4_new(fer_ipv4_addr_new(127, 0, 0, 1), port);
}

TRACE_TEST(datagrams_are_traced)
{
    fer_udp_socket socket = {0};
    fer_socket_addr addr = loopback(0);
    fer_udp_received got;
    char buf[64];
    assert_ok(fer_udp_socket_bind_addr(&socket, &addr));
    assert_traced("ferp_socket_new(IPV4, DGRAM, 0) = #");
    assert_traced("ferp_bind(#, 127.0.0.1:0) = OK");
    assert_int_equal(fer_udp_socket_try_recv_from(&socket, buf, sizeof buf, &got).kind,
                     FER_WOULD_BLOCK);
    assert_traced("ferp_recv_from(#, 64 bytes, DONTWAIT) = WOULD_BLOCK (os error #)");
    assert_ok(fer_udp_socket_local_addr(&socket, &addr));
    assert_traced("ferp_local_addr(#) = 127.0.0.1:#");
    assert_ok(fer_udp_socket_send_to(&socket, "four", 4, &addr, NULL));
    assert_traced("ferp_send_to(#, 4 bytes, 0, 127.0.0.1:#) = 4");
    assert_ok(fer_udp_socket_recv_from(&socket, buf, sizeof buf, &got));
    assert_traced("ferp_recv_from(#, 64 bytes, 0) = 4, 127.0.0.1:#");
    fer_udp_socket_close(&socket);
    assert_traced("ferp_close(#)");
}

TRACE_TEST(streams_are_traced)
{
    fer_tcp_listener listener = {0};
    fer_tcp_stream client = {0};
    fer_tcp_stream server = {0};
    fer_socket_addr addr = loopback(0);
    char buf[64];
    size_t n = 0;
    assert_ok(fer_tcp_listener_bind_addr(&listener, &addr));
    assert_traced("ferp_listen(#, #) = OK");
    assert_ok(fer_tcp_listener_local_addr(&listener, &addr));
    assert_ok(fer_tcp_stream_connect_addr(&client, &addr));
    assert_true(count_of("ferp_connect(#, 127.0.0.1:#) = *") != 0 ||
                count_of("ferp_connect(#, 127.0.0.1:#) = WOULD_BLOCK (os error #)") != 0 ||
                count_of("ferp_connect(#, 127.0.0.1:#) = IN_PROGRESS (os error #)") != 0);
    assert_ok(fer_tcp_listener_accept(&listener, &server, &addr));
    assert_traced("ferp_accept(#, false) = #, 127.0.0.1:#");
    assert_ok(fer_tcp_stream_write(&client, "twelve bytes", 12, &n));
    assert_traced("ferp_send(#, 12 bytes, *) = 12"); /* DONTWAIT: cut_send_loses_count */
    assert_ok(fer_tcp_stream_read(&server, buf, sizeof buf, &n));
    assert_traced("ferp_recv(#, 64 bytes, 0) = 12");
    assert_ok(fer_tcp_stream_shutdown(&client, FER_SHUTDOWN_WRITE));
    assert_traced("ferp_shutdown(#, WRITE) = OK");
    fer_tcp_stream_close(&client);
    fer_tcp_stream_close(&server);
    fer_tcp_listener_close(&listener);
}

TRACE_TEST(options_are_traced_by_name)
{
    fer_socket socket = {0};
    uint32_t hops = 0;
    bool broadcasts = false;
    assert_ok(fer_socket_new(&socket, FER_DOMAIN_IPV4, FER_TYPE_DGRAM, FER_PROTOCOL_DEFAULT));
    assert_ok(fer_socket_set_broadcast(&socket, true));
    assert_traced("ferp_set_option(#, BROADCAST, 1) = OK");
    assert_ok(fer_socket_broadcast(&socket, &broadcasts));
    assert_traced("ferp_option_value(#, BROADCAST) = 1");
    assert_ok(fer_socket_set_ttl(&socket, 9));
    assert_ok(fer_socket_ttl(&socket, &hops));
    assert_traced("ferp_option_value(#, TTL_V4) = 9");
    fer_socket_close(&socket);
}

TRACE_TEST(pollers_are_traced)
{
    fer_poller poller = {0};
    fer_udp_socket socket = {0};
    fer_socket_addr addr = loopback(0);
    fer_event event = {.key = 5, .interest = FER_READABLE | FER_WRITABLE};
    size_t count = 0;
    bool notified = false;
    assert_ok(fer_poller_new(&poller));
    assert_traced("ferp_poller_open(*) = OK");
    assert_ok(fer_udp_socket_bind_addr(&socket, &addr));
    assert_ok(fer_poller_add(&poller, fer_udp_socket_as_raw(&socket), event, FER_POLL_LEVEL));
    assert_traced("ferp_poller_add(*, #, READABLE|WRITABLE of key 5, LEVEL) = OK");
    assert_ok(
        fer_poller_wait(&poller, fer_duration_from_millis(1500), &event, 1, &count, &notified));
    assert_traced("ferp_poller_wait(*, 1, 1.500000000 s) = 1, false");
    fer_poller_close(&poller);
    assert_traced("ferp_poller_close(*)");
    fer_udp_socket_close(&socket);
}

TRACE_TEST(a_long_line_is_cut_off_and_ends)
{
    char name[600];
    uint32_t number = 0;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_not_equal(ferp_trace_interface_index(name, &number).kind, FER_OK);
    assert_int_equal(line_count, 1);
    assert_memory_equal(lines[0], "ferp_interface_index(\"xxx", 25);
    assert_int_equal(lines[0][strlen(lines[0]) - 1], '\n');
}

TRACE_TEST(the_trace_keeps_errno)
{
    fer_cancel_token token = {0};
    assert_ok(fer_cancel_token_new(&token));
    errno = 77;
    fer_cancel_token_cancel(&token);
    assert_int_equal(errno, 77);
    assert_traced("ferp_token_signal(*)");
    fer_cancel_token_close(&token);
}

TEST_MAIN("trace")
