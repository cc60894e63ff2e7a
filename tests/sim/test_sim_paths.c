/* test_sim_paths.c: the network between the program's machine and the other hosts: soft errors,
 * routes and addresses that go and come, translation, and connections that are cut meanwhile. */
#include "sim/sim_raw.h"
#include "sim/sim_test.h"

/* On the six systems. */
#define ALL_TEST_OF(function, begin)                                                        \
    TEST_OF(function, (void), (), POSIX_ROW(function, begin), WINSOCK_ROW(function, begin), \
            TEST_ROW(#function " [macOS]", function, begin, sim_end, &sim_systems[2]),      \
            TEST_ROW(#function " [FreeBSD]", function, begin, sim_end, &sim_systems[3]),    \
            TEST_ROW(#function " [NetBSD]", function, begin, sim_end, &sim_systems[4]),     \
            TEST_ROW(#function " [OpenBSD]", function, begin, sim_end, &sim_systems[5]))
#define ALL_TEST(function) ALL_TEST_OF(function, sim_start)

#define SERVER_V6 "[fd00::7]:80"

static bool is_bsd(void)
{
    return sim_system.dialect == FER_SIM_DIALECT_BSD;
}

static bool is_linux(void)
{
    return sim_system.dialect == FER_SIM_DIALECT_POSIX;
}

static const fer_ip_addr *ip_at(const char *text)
{
    return &addr_at(text)->ip;
}

static void set_path(const char *text, fer_sim_path path)
{
    assert_ok(fer_sim_set_path(text == NULL ? NULL : ip_at(text), path));
}

static void set_address(const char *text)
{
    assert_ok(fer_sim_set_address(*ip_at(text)));
}

/* The pending error of the raw socket, soft or not. */
static fer_error taken_of(const fer_tcp_stream *stream)
{
    fer_error pending = {FER_UNCATEGORIZED, 0};
    assert_ok(ferp_take_error(fer_tcp_stream_as_raw(stream), &pending));
    return pending;
}

static fer_error taken_by(fer_tcp_stream *stream)
{
    fer_error pending = {FER_UNCATEGORIZED, 0};
    assert_ok(fer_tcp_stream_take_error(stream, &pending));
    return pending;
}

static void write_all(const char *text)
{
    assert_ok(fer_tcp_stream_write_all(&open_ends.stream, text, strlen(text), NULL));
}

static void assert_peer_reads(const char *text)
{
    char read[64] = {0};
    size_t n = 0;
    assert_ok_n(fer_sim_peer_recv(open_ends.peer, read, sizeof read, &n), n, strlen(text));
    assert_string_equal(read, text);
}

/* The connection still works in both directions. */
static void assert_goes_on(void)
{
    char read[8];
    size_t n = 0;
    write_all("more");
    advance_ms(10);
    assert_peer_reads("more");
    assert_ok(fer_sim_peer_send(open_ends.peer, "back", 4, NULL));
    assert_ok_n(fer_tcp_stream_read(&open_ends.stream, read, sizeof read, &n), n, 4);
}

/* ---- Soft errors */

struct report {
    fer_sim_path path;
    int32_t v4, v6; /* on Linux */
};
static const struct report reports[] = {
    {FER_SIM_PATH_HOST_UNREACHABLE, 113, 113},
    {FER_SIM_PATH_NETWORK_UNREACHABLE, 101, 101},
    {FER_SIM_PATH_PORT_UNREACHABLE, 111, 111},
    {FER_SIM_PATH_PROHIBITED, 113, 13},
    {FER_SIM_PATH_SILENT, 0, 0},
    {FER_SIM_PATH_NO_ROUTE, 0, 101},
    {FER_SIM_PATH_ROUTE_UNREACHABLE, 0, 113},
    {FER_SIM_PATH_ROUTE_PROHIBIT, 0, 13},
    {FER_SIM_PATH_ROUTE_BLACKHOLE, 0, 22},
};

/* Linux alone stores a soft error for SO_ERROR (run on 6.18, with the routes). */
ALL_TEST(a_path_that_is_cut_leaves_a_soft_error_on_linux_alone)
{
    static const char *const servers[] = {SERVER, SERVER_V6};
    for (size_t i = 0; i < 2 * sizeof reports / sizeof *reports; i++) {
        const struct report *report = &reports[i / 2];
        open_ends = connected_to(servers[i % 2]);
        set_path(servers[i % 2], report->path);
        write_all("lost");
        advance_ms(10);
        int32_t soft = i % 2 == 0 ? report->v4 : report->v6;
        assert_int_equal(taken_of(&open_ends.stream).os_code, is_linux() ? soft : 0);
        assert_int_equal(taken_of(&open_ends.stream).os_code, 0);
        set_path(servers[i % 2], FER_SIM_PATH_OPEN);
        advance_ms(2000);
        assert_peer_reads("lost");
        assert_goes_on();
        fer_tcp_stream_close(&open_ends.stream);
        fer_sim_peer_close(open_ends.peer);
    }
}

ALL_TEST(a_soft_error_does_not_end_the_handle)
{
    open_ends = connected_to(SERVER);
    arm(FER_SIM_FAULT_SOFT_ERROR);
    write_all("late");
    assert_kind(taken_by(&open_ends.stream), FER_OK);
    advance_ms(4000);
    assert_peer_reads("late");
    assert_goes_on();
}

/* A reject on the own machine: the SYN is repeated after a second (Windows: three). */
ALL_TEST(a_connect_continues_after_a_soft_error)
{
    (void)serve(SERVER);
    arm(FER_SIM_FAULT_SOFT_ERROR);
    assert_takes(is_winsock() ? 3002 : 1002,
                 assert_ok(fer_tcp_stream_connect_addr(&test.stream, addr_at(SERVER))));
    fer_tcp_stream_close(&test.stream);
    arm(FER_SIM_FAULT_SOFT_ERROR);
    assert_takes(is_winsock() ? 3002 : 1002, assert_ok(fer_tcp_stream_connect_timeout(
                                                 &test.stream, addr_at(SERVER), millis(5000))));
}

static void open_path(void *host)
{
    set_path(host, FER_SIM_PATH_OPEN);
}

/* A router's message ends a connect on Linux. On the BSDs it is soft, unless it is about the port,
 * and on Windows always. */
ALL_TEST(a_report_about_a_syn_ends_the_connect_on_linux)
{
    (void)serve(SERVER);
    for (size_t i = 0; i < 4; i++) {
        bool is_hard = reports[i].path >= FER_SIM_PATH_PORT_UNREACHABLE;
        bool ends = is_linux() || (is_bsd() && is_hard);
        set_path(SERVER, reports[i].path);
        after_ms(2500, open_path, SERVER);
        fer_error error = {FER_OK, 0};
        assert_takes(ends ? 3 : 3002,
                     error = fer_tcp_stream_connect_addr(&test.stream, addr_at(SERVER)));
        assert_true((error.kind == FER_OK) != ends);
        fer_tcp_stream_close(&test.stream);
        advance_ms(5000);
    }
}

/* Without an end of the reports the last one is the result. */
ALL_TEST(a_connect_that_gets_no_answer_ends_with_the_last_report)
{
    (void)serve(SERVER);
    set_path(SERVER, FER_SIM_PATH_HOST_UNREACHABLE);
    assert_kind(fer_tcp_stream_connect_addr(&test.stream, addr_at(SERVER)), FER_HOST_UNREACHABLE);
    bool drops = is_bsd() && sim_system.bsd <= FER_SIM_BSD_FREEBSD;
    uint64_t seconds = now_ms() / 1000;
    if (drops) {
        assert_int_equal(seconds, 15); /* the fifth SYN */
    } else if (is_winsock()) {
        assert_int_equal(seconds, 21);
    }
}

/* ---- Connections that are cut */

/* Linux, tcp_retries2; 4.4BSD, TCP_MAXRXTSHIFT; "TcpMaxDataRetransmissions", MSDN. */
ALL_TEST(a_connection_whose_peer_is_gone_ends_after_its_last_retransmission)
{
    char read[8];
    open_ends = connected_to(SERVER);
    set_path(SERVER, FER_SIM_PATH_SILENT);
    uint64_t began = now_ms();
    write_all("lost");
    fer_error error = fer_tcp_stream_read(&open_ends.stream, read, sizeof read, NULL);
    assert_kind(error, FER_CONNECTION_TIMED_OUT);
    assert_int_equal((now_ms() - began) / 1000, is_linux() ? 924 : is_winsock() ? 18 : 511);
    assert_kind(fer_tcp_stream_read(&open_ends.stream, read, sizeof read, NULL),
                FER_CONNECTION_TIMED_OUT);
}

SIM_TEST(a_soft_error_is_the_cause_of_the_end_on_linux)
{
    char read[8];
    open_ends = connected_to(SERVER);
    set_path(SERVER, FER_SIM_PATH_HOST_UNREACHABLE);
    write_all("lost");
    assert_kind(fer_tcp_stream_read(&open_ends.stream, read, sizeof read, NULL),
                is_linux() ? FER_HOST_UNREACHABLE : FER_CONNECTION_TIMED_OUT);
    assert_kind(fer_tcp_stream_write(&open_ends.stream, "x", 1, NULL),
                is_linux() ? FER_HOST_UNREACHABLE : FER_CONNECTION_TIMED_OUT);
}

POSIX_TEST(the_user_timeout_ends_a_connection_that_is_cut)
{
    char read[8];
    open_ends = connected_to(SERVER);
    assert_ok(
        fer_socket_set_tcp_user_timeout(fer_tcp_stream_as_socket(&open_ends.stream), millis(5000)));
    set_path(NULL, FER_SIM_PATH_NO_ROUTE);
    write_all("lost");
    assert_takes(5000, assert_kind(fer_tcp_stream_read(&open_ends.stream, read, sizeof read, NULL),
                                   FER_CONNECTION_TIMED_OUT));
}

/* The kind alone does not tell: a filter of the own machine refuses a call with the same one. */
POSIX_TEST(peer_addr_tells_whether_a_connection_has_ended)
{
    char read[8];
    fer_socket_addr addr;
    open_ends = connected_to(SERVER_V6);
    set_path(SERVER_V6, FER_SIM_PATH_PROHIBITED);
    write_all("lost");
    assert_ok(fer_tcp_stream_peer_addr(&open_ends.stream, &addr));
    assert_kind(fer_tcp_stream_read(&open_ends.stream, read, sizeof read, NULL),
                FER_PERMISSION_DENIED);
    assert_kind(fer_tcp_stream_peer_addr(&open_ends.stream, &addr), FER_NOT_CONNECTED);
}

/* Linux observes it after the second SYN, which follows the first after 1 s: run on 6.18. */
ALL_TEST(the_user_timeout_ends_a_connect_on_linux)
{
    static const uint64_t times[][2] = {{1, 1000},        {999, 1000},     {1500, 1500},
                                        {2500, 2500},     {3000, 3000},    {10000, 10000},
                                        {127000, 127000}, {900000, 127000}};
    set_path(SERVER, FER_SIM_PATH_SILENT);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        assert_ok(fer_socket_new(&test.socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0));
        fer_error error = fer_socket_set_tcp_user_timeout(&test.socket, millis(times[i][0]));
        assert_true(error.kind == FER_OK || error.kind == FER_UNSUPPORTED);
        uint64_t own_limit = is_linux() ? times[i][1] : is_winsock() ? 21000 : 75000;
        uint64_t began = now_ms();
        assert_kind(fer_socket_connect(&test.socket, addr_at(SERVER)), FER_CONNECTION_TIMED_OUT);
        assert_int_equal(now_ms() - began, own_limit);
        fer_socket_close(&test.socket);
    }
}

ALL_TEST(bytes_and_ends_in_flight_are_sent_again)
{
    char read[8];
    size_t n = 0;
    open_ends = connected_to(SERVER);
    write_all("one");
    assert_ok(fer_tcp_stream_shutdown(&open_ends.stream, FER_SHUTDOWN_WRITE));
    assert_ok(fer_sim_peer_send(open_ends.peer, "two", 3, NULL));
    set_path(NULL, FER_SIM_PATH_NO_ROUTE);
    advance_ms(5000);
    assert_kind(fer_sim_peer_recv(open_ends.peer, read, sizeof read, &n), FER_WOULD_BLOCK);
    set_path(NULL, FER_SIM_PATH_OPEN);
    advance_ms(10000);
    assert_peer_reads("one");
    assert_ok_n(fer_sim_peer_recv(open_ends.peer, read, sizeof read, &n), n, 0);
    assert_ok_n(fer_tcp_stream_read(&open_ends.stream, read, sizeof read, &n), n, 3);
}

/* A server that was restarted has forgotten the connection, and its reset was lost. */
ALL_TEST(a_reset_that_is_lost_follows_the_next_bytes)
{
    char read[8];
    open_ends = connected_to(SERVER);
    fer_sim_peer_reset(open_ends.peer);
    set_path(SERVER, FER_SIM_PATH_SILENT);
    advance_ms(10);
    set_path(SERVER, FER_SIM_PATH_OPEN);
    write_all("x");
    assert_kind(fer_tcp_stream_read(&open_ends.stream, read, sizeof read, NULL),
                FER_CONNECTION_RESET);
}

/* An accepted connection whose answer was lost. */
ALL_TEST(a_lost_answer_to_a_syn_is_repeated)
{
    (void)serve(SERVER);
    assert_ok(fer_sim_advance(fer_duration_from_millis(1)));
    after_ms(2500, open_path, SERVER);
    fer_raw_socket raw = raw_socket();
    assert_ok(ferp_set_nonblocking(raw, true));
    FER_IGNORE(ferp_connect(raw, addr_at(SERVER)));
    assert_ok(fer_sim_advance(fer_duration_from_micros(1500)));
    set_path(SERVER, FER_SIM_PATH_SILENT);
    advance_ms(2000);
    assert_kind(ferp_check_connected(raw), FER_NOT_CONNECTED);
    advance_ms(4000);
    assert_ok(ferp_check_connected(raw));
}

/* ---- Events */

/* epoll reports an error until a call takes it (tcp_poll), and without end the report of a router
 * that has ended a connect over IPv4 (run on 6.18). AFD's failure of a connect stays. */
ALL_TEST(an_event_has_a_failure_until_a_call_has_taken_it)
{
    static const struct {
        const char *addr;
        fer_sim_path path;
        bool stays_on_linux;
    } rows[] = {{"10.0.0.7:81", FER_SIM_PATH_OPEN, false},
                {"[fd00::7]:81", FER_SIM_PATH_OPEN, false},
                {"10.0.0.7:81", FER_SIM_PATH_PORT_UNREACHABLE, true},
                {"[fd00::7]:81", FER_SIM_PATH_PORT_UNREACHABLE, false}};
    assert_ok(fer_poller_new(&test.poller));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fer_event event = {.key = i, .interest = FER_WRITABLE};
        fer_error pending;
        size_t n = 0;
        fer_sim_peer peer = peer_bound_to(rows[i].addr); /* the host exists */
        set_path(rows[i].addr, rows[i].path);
        assert_ok(fer_tcp_stream_connect_start(&test.stream, addr_at(rows[i].addr)));
        assert_ok(fer_poller_add(&test.poller, fer_tcp_stream_as_raw(&test.stream), event,
                                 FER_POLL_LEVEL));
        for (int taken = 0; taken < 2; taken++) {
            bool has_failure = taken == 0 || is_winsock() || (is_linux() && rows[i].stays_on_linux);
            assert_ok_n(fer_poller_wait(&test.poller, millis(60000), &event, 1, &n, NULL), n, 1);
            assert_int_equal((event.interest & FER_FAILED) != 0, has_failure);
            assert_int_equal(event.interest & ~FER_FAILED,
                             FER_READABLE | FER_WRITABLE | FER_READ_CLOSED | FER_WRITE_CLOSED);
            assert_ok(fer_tcp_stream_take_error(&test.stream, &pending));
            assert_true(pending.kind == FER_CONNECTION_REFUSED ||
                        pending.kind == FER_CONNECTION_TIMED_OUT);
        }
        assert_ok(fer_poller_delete(&test.poller, fer_tcp_stream_as_raw(&test.stream)));
        fer_tcp_stream_close(&test.stream);
        fer_sim_peer_close(peer);
        set_path(rows[i].addr, FER_SIM_PATH_OPEN);
    }
}

/* ---- Routes */

struct route {
    fer_sim_path path;
    int32_t codes[3]; /* of Linux, Windows and the BSDs; 0: lost */
};

ALL_TEST(a_route_decides_how_a_call_fails)
{
    static const struct route routes[] = {
        {FER_SIM_PATH_NO_ROUTE, {101, 10051, 51}},
        {FER_SIM_PATH_ROUTE_UNREACHABLE, {113, 10065, 65}},
        {FER_SIM_PATH_ROUTE_PROHIBIT, {13, 10065, 65}},
        {FER_SIM_PATH_ROUTE_BLACKHOLE, {22, 0, 0}},
    };
    assert_ok(fer_udp_socket_bind(&test.udp, "0.0.0.0:0"));
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        int32_t number = routes[i].codes[sim_system.dialect];
        set_path(SERVER, routes[i].path);
        fer_error error =
            fer_tcp_stream_connect_timeout(&test.stream, addr_at(SERVER), millis(500));
        assert_int_equal(error.os_code, number);
        assert_true(number != 0 || error.kind == FER_TIMED_OUT);
        error = fer_udp_socket_send_to(&test.udp, "x", 1, addr_at(SERVER), NULL);
        assert_int_equal(error.os_code, number);
        set_path(SERVER, FER_SIM_PATH_OPEN);
        assert_ok(fer_udp_socket_send_to(&test.udp, "x", 1, addr_at(SERVER), NULL));
    }
}

SIM_TEST(a_fault_takes_the_route_for_a_moment)
{
    (void)serve(SERVER);
    arm(FER_SIM_FAULT_NO_ROUTE);
    assert_code(fer_tcp_stream_connect_addr(&test.stream, addr_at(SERVER)), FER_NETWORK_UNREACHABLE,
                code(101, 10051));
    assert_ok(fer_tcp_stream_connect_addr(&test.stream, addr_at(SERVER)));
    assert_ok(fer_udp_socket_bind(&test.udp, "0.0.0.0:0"));
    arm(FER_SIM_FAULT_NO_ROUTE);
    assert_kind(fer_udp_socket_send_to(&test.udp, "x", 1, addr_at(SERVER), NULL),
                FER_NETWORK_UNREACHABLE);
    assert_ok(fer_udp_socket_send_to(&test.udp, "x", 1, addr_at(SERVER), NULL));
}

/* A connected socket is told of a port that is unreachable on each system, and of a host on the
 * BSDs alone. */
ALL_TEST(a_router_reports_the_loss_of_a_datagram)
{
    fer_error pending = {FER_OK, 0};
    assert_ok(fer_udp_socket_bind(&test.udp, "0.0.0.0:0"));
    assert_ok(fer_udp_socket_connect_addr(&test.udp, addr_at(SERVER)));
    set_path(SERVER, FER_SIM_PATH_PORT_UNREACHABLE);
    assert_ok(fer_udp_socket_send(&test.udp, "x", 1, NULL));
    advance_ms(5);
    assert_ok(fer_udp_socket_take_error(&test.udp, &pending));
    assert_kind(pending, FER_CONNECTION_REFUSED);
    set_path(SERVER, FER_SIM_PATH_HOST_UNREACHABLE);
    assert_ok(fer_udp_socket_bind(&test.udp2, "0.0.0.0:0"));
    assert_ok(fer_udp_socket_connect_addr(&test.udp2, addr_at(SERVER)));
    assert_ok(fer_udp_socket_send(&test.udp2, "x", 1, NULL));
    advance_ms(5);
    assert_ok(fer_udp_socket_take_error(&test.udp2, &pending));
    assert_kind(pending, is_bsd() ? FER_HOST_UNREACHABLE : FER_OK);
}

/* ---- Addresses */

ALL_TEST(an_address_that_is_replaced_cuts_its_connections_until_it_is_back)
{
    fer_socket_addr local;
    open_ends = connected_to(SERVER);
    set_address("10.0.0.5:0");
    assert_kind(fer_udp_socket_bind(&test.udp, "10.0.0.1:0"), FER_ADDR_NOT_AVAILABLE);
    assert_ok(fer_udp_socket_bind(&test.udp, "10.0.0.5:0"));
    write_all("lost");
    advance_ms(100);
    (void)serve("10.0.0.7:81");
    assert_ok(fer_tcp_stream_connect(&test.stream, "10.0.0.7:81"));
    assert_ok(fer_tcp_stream_local_addr(&test.stream, &local));
    assert_true(fer_ip_addr_eq(local.ip, *ip_at("10.0.0.5:0")));
    set_address("10.0.0.1:0");
    advance_ms(2000);
    assert_peer_reads("lost");
    assert_goes_on();
}

/* Run on Linux 6.18: of IPv4 no route leads from an address that is gone. */
ALL_TEST(a_datagram_socket_keeps_an_address_that_is_gone)
{
    assert_ok(fer_udp_socket_bind(&test.udp, "10.0.0.1:0"));
    assert_ok(fer_udp_socket_bind(&test.udp2, "0.0.0.0:0"));
    set_address("10.0.0.5:0");
    assert_kind(fer_udp_socket_send_to(&test.udp, "x", 1, addr_at(SERVER), NULL),
                is_linux() ? FER_NETWORK_UNREACHABLE : FER_OK);
    assert_ok(fer_udp_socket_send_to(&test.udp2, "x", 1, addr_at(SERVER), NULL));
}

ALL_TEST(without_an_address_there_is_no_route)
{
    (void)serve(SERVER);
    set_address("0.0.0.0:0");
    assert_kind(fer_tcp_stream_connect(&test.stream, SERVER), FER_NETWORK_UNREACHABLE);
    set_address("192.168.7.20:0");
    assert_ok(fer_tcp_stream_connect(&test.stream, SERVER));
}

/* ---- Translation */

ALL_TEST(a_peer_behind_a_translation_appears_at_another_address)
{
    char read[8];
    fer_udp_received received;
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    fer_socket_addr local;
    assert_ok(fer_sim_peer_bind(addr_at(SERVER), &peer));
    assert_ok(fer_udp_socket_bind(&test.udp, "10.0.0.1:0"));
    assert_ok(fer_udp_socket_local_addr(&test.udp, &local));
    assert_ok(fer_sim_peer_set_source(peer, addr_at("10.0.0.99:4000")));
    assert_ok(fer_sim_peer_send_to(peer, "hello", 5, &local));
    assert_ok(fer_udp_socket_recv_from(&test.udp, read, sizeof read, &received));
    assert_true(fer_socket_addr_eq(&received.from, addr_at("10.0.0.99:4000")));
    assert_ok(fer_udp_socket_send_to(&test.udp, "answer", 6, &received.from, NULL));
    advance_ms(5);
    assert_ok(fer_sim_peer_recv_from(peer, read, sizeof read, &received));
    assert_int_equal(received.len, 6);
}

/* A connected socket does not receive what comes from another address. */
ALL_TEST(a_connected_socket_loses_a_peer_that_is_translated)
{
    char read[8];
    fer_sim_peer peer = FER_SIM_PEER_NONE;
    fer_socket_addr local;
    fer_udp_received received;
    assert_ok(fer_sim_peer_bind(addr_at(SERVER), &peer));
    assert_ok(fer_udp_socket_bind(&test.udp, "10.0.0.1:0"));
    assert_ok(fer_udp_socket_connect_addr(&test.udp, addr_at(SERVER)));
    assert_ok(fer_udp_socket_local_addr(&test.udp, &local));
    assert_ok(fer_udp_socket_set_read_timeout(&test.udp, millis(50)));
    arm(FER_SIM_FAULT_PEER_TRANSLATED);
    assert_ok(fer_sim_peer_send_to(peer, "one", 3, &local));
    assert_kind(fer_udp_socket_recv(&test.udp, read, sizeof read, &received), FER_TIMED_OUT);
    assert_ok(fer_sim_peer_send_to(peer, "two", 3, &local));
    assert_ok(fer_udp_socket_recv(&test.udp, read, sizeof read, &received));
}

ALL_TEST(a_translation_that_is_forgotten_resets_or_is_silent)
{
    char read[8];
    open_ends = connected_to(SERVER);
    assert_ok(fer_sim_forget(NULL, true));
    write_all("x");
    assert_kind(fer_tcp_stream_read(&open_ends.stream, read, sizeof read, NULL),
                FER_CONNECTION_RESET);
    assert_kind(fer_sim_peer_recv(open_ends.peer, read, sizeof read, NULL), FER_WOULD_BLOCK);
    assert_ok(fer_sim_peer_send(open_ends.peer, "y", 1, NULL));
    advance_ms(10);
    assert_kind(fer_sim_peer_recv(open_ends.peer, read, sizeof read, NULL), FER_CONNECTION_RESET);
    (void)serve("10.0.0.7:81");
    assert_ok(fer_tcp_stream_connect_timeout(&test.stream, addr_at("10.0.0.7:81"), millis(100)));
}

ALL_TEST(a_forgotten_connection_does_not_come_back)
{
    char read[8];
    open_ends = connected_to(SERVER);
    assert_ok(fer_sim_forget(ip_at(SERVER), false));
    write_all("x");
    assert_kind(fer_tcp_stream_read(&open_ends.stream, read, sizeof read, NULL),
                FER_CONNECTION_TIMED_OUT);
}

/* ---- One pair of addresses, one connection */

/* Linux: EADDRNOTAVAIL (run); the BSDs: in_pcbconnect; Windows: "connect function", MSDN. */
ALL_TEST(two_connections_cannot_have_one_pair_of_addresses)
{
    (void)serve(SERVER);
    (void)serve("10.0.0.7:81");
    fer_raw_socket raws[3];
    fer_error errors[3];
    for (size_t i = 0; i < 3; i++) {
        raws[i] = raw_socket();
        assert_ok(ferp_set_option(raws[i], FERP_REUSE_ADDRESS, 1));
        if (is_bsd()) {
            assert_ok(ferp_set_option(raws[i], FERP_REUSE_PORT, 1));
        }
        assert_ok(ferp_bind(raws[i], addr_at("10.0.0.1:7777")));
        errors[i] = ferp_connect(raws[i], addr_at(i < 2 ? SERVER : "10.0.0.7:81"));
    }
    assert_true(errors[0].kind == FER_OK || errors[0].kind == FER_WOULD_BLOCK);
    assert_kind(errors[1], is_linux() ? FER_ADDR_NOT_AVAILABLE : FER_ADDR_IN_USE);
    assert_true(errors[2].kind == FER_OK || errors[2].kind == FER_WOULD_BLOCK);
}

/* Linux: run; the BSDs: in_pcbconnect; Windows: ? */
ALL_TEST(a_connect_whose_addresses_another_connection_has_keeps_the_wildcard_address)
{
    fer_socket_addr local;
    (void)serve(SERVER);
    for (int i = 0; i < 2; i++) {
        fer_raw_socket raw = raw_socket();
        assert_ok(ferp_set_option(raw, is_bsd() ? FERP_REUSE_PORT : FERP_REUSE_ADDRESS, 1));
        assert_ok(ferp_bind(raw, addr_at("0.0.0.0:7777")));
        fer_error error = ferp_connect(raw, addr_at(SERVER));
        assert_true(i > 0 || error.kind == FER_OK || error.kind == FER_WOULD_BLOCK);
        assert_true(i == 0 ||
                    error.kind == (is_linux() ? FER_ADDR_NOT_AVAILABLE : FER_ADDR_IN_USE));
        assert_ok(ferp_local_addr(raw, &local));
        assert_int_equal(fer_ip_addr_is_unspecified(local.ip), i > 0);
    }
}

/* ---- Misuse */

PLAIN_TEST(the_calls_check_their_arguments)
{
    fer_ip_addr nothing = {.family = (fer_ip_family)0};
    assert_kind(fer_sim_set_path(NULL, FER_SIM_PATH_OPEN), FER_UNSUPPORTED);
    sim_begin();
    fer_sim_peer listener = serve(SERVER);
    assert_kind(fer_sim_set_path(NULL, (fer_sim_path)99), FER_INVALID_INPUT);
    assert_kind(fer_sim_set_path(&nothing, FER_SIM_PATH_OPEN), FER_INVALID_INPUT);
    assert_kind(fer_sim_set_address(nothing), FER_INVALID_INPUT);
    assert_kind(fer_sim_set_address(*ip_at("127.0.0.1:0")), FER_INVALID_INPUT);
    assert_kind(fer_sim_set_address(*ip_at("224.0.0.1:0")), FER_INVALID_INPUT);
    assert_kind(fer_sim_forget(&nothing, true), FER_INVALID_INPUT);
    assert_kind(fer_sim_peer_set_source(listener, NULL), FER_INVALID_INPUT);
    for (int i = 0; i < 64; i++) {
        fer_ip_addr host = *ip_at(SERVER);
        host.u.v4.octets[3] = (uint8_t)(100 + i);
        assert_ok(fer_sim_set_path(&host, FER_SIM_PATH_SILENT));
    }
    assert_kind(fer_sim_set_path(ip_at(SERVER), FER_SIM_PATH_SILENT), FER_OUT_OF_MEMORY);
}

TEST_MAIN("sim_paths")
