/* test_datagram.c: sent and received datagrams and their senders (rules U1 to U5), waits,
 * connecting and shutting down. */
#include "core/handle/modes.h"
#include "ferrule/udp.h"
#include "unit/datagram_check.h"
#include "unit/scripted_platform.h"

#include <limits.h>

#define CONNECTED_TEST(function) \
    SCRIPT_TEST_WITH(fer_udp_socket socket, connected_socket(&script_posix, 0), function)
#define SOCKET_TEST(function) \
    SCRIPT_TEST_WITH(fer_udp_socket socket, open_socket(&script_posix, 0), function)

static char buf[4];
static fer_udp_received got;

static fer_error receive(fer_udp_socket *socket, unsigned flags)
{
    return feri_datagram_receive(&socket->handle_, buf, 4, flags, &got);
}

/* ---- Receiving */

SCRIPT_TEST(a_length_above_the_systems_is_cut_for_receiving)
{
    fer_udp_socket socket = open_socket(&script_windows, 0);
    assert_ok(feri_datagram_receive(&socket.handle_, buf, SIZE_MAX, 0, &got));
    assert_log("try_recv_from(1,2147483647)");
}

/* ---- Datagrams of other senders (U5) */

static fer_handle *handle_to_end;

static void end_reading_in_the_wait(script_call call)
{
    if (call == SCRIPT_WAIT_FOR) {
        feri_modes_mark(handle_to_end, FERI_MARK_READ_ENDED, true);
    }
}

/* U7: the end of the read half, which a clone shuts down in the wait after another sender's
 * datagram, is no bytes from the peer. */
SCRIPT_TEST(an_end_in_the_wait_after_another_sender_is_no_bytes_of_it)
{
    for (int is_clone = 0; is_clone < 2; is_clone++) {
        /* the peer that the clone was made with is the peer no more */
        const char *peer = is_clone ? "192.0.2.5:5" : PEER;
        fer_udp_socket socket = connected_socket(&script_windows, is_clone ? FERI_FLAG_CLONED : 0);
        script_default(SCRIPT_PEER_ADDR)->addr = script_addr(peer);
        handle_to_end = &socket.handle_;
        script.on_call = end_reading_in_the_wait;
        queue_datagram(is_clone ? SCRIPT_TRY_RECV_FROM : SCRIPT_RECV_FROM, "192.0.2.9:9", 2);
        script_default(SCRIPT_TRY_RECV_FROM)->error = (fer_error){FER_WOULD_BLOCK, 10035};
        assert_ok(receive(&socket, 0));
        assert_int_equal(got.len, 0);
        assert_addr(&got.from, peer);
        script_end_row();
    }
}

/* A peek removes another sender's datagram to reach the next. The receive that drops it never
 * waits: another thread may have received it since, and it would drop the next one. */
CONNECTED_TEST(a_peek_drops_another_sender_s_datagram)
{
    static const char *const drops[] = {"try_recv_from 0", "try_recv_from WOULD_BLOCK:11",
                                        "try_recv_from MESSAGE_TOO_LONG:90"};
    for (size_t i = 0; i < 3; i++) {
        queue_datagram(SCRIPT_PEEK_FROM, "192.0.2.9:9", 2);
        script_queue(drops[i]);
        queue_datagram(SCRIPT_TRY_PEEK_FROM, PEER, 3);
        assert_ok(receive(&socket, FERP_PEEK));
        assert_int_equal(got.len, 3);
        assert_log("peek_from(1,4) try_recv_from(1,0) try_peek_from(1,4)");
    }
    /* a raw socket */
    socket.handle_.p_.flags_ |= FERI_FLAG_NO_PORTS;
    queue_datagram(SCRIPT_PEEK_FROM, "192.0.2.9:9", 2);
    queue_datagram(SCRIPT_TRY_PEEK_FROM, PEER, 3);
    assert_ok_log(receive(&socket, FERP_PEEK),
                  "peek_from(1,4,not_udp) try_recv_from(1,0,not_udp) try_peek_from(1,4,not_udp)");
    /* An error that arrives between the peek and the receive would otherwise be lost. */
    queue_datagram(SCRIPT_PEEK_FROM, "192.0.2.9:9", 2);
    assert_forwards(SCRIPT_TRY_RECV_FROM, FER_CONNECTION_REFUSED, 111, receive(&socket, FERP_PEEK));
}

#define SERVICE "192.0.2.99:1001"
#define BACKEND "192.0.2.1:1001"

/* Linux, programs of a cgroup that translate: getpeername returns another address than connect was
 * given, and the sender is reported as either. */
SCRIPT_TEST(a_translated_peer_s_datagrams_are_received)
{
    static const uint32_t flags[] = {0, FERI_FLAG_CLONED};
    static const char *const froms[] = {SERVICE, BACKEND};
    for (size_t i = 0; i < 4; i++) {
        size_t n = 77;
        fer_datagram_recv message = {.buf = buf, .cap = 4};
        fer_socket_addr to = script_addr(SERVICE);
        fer_udp_socket socket = open_socket(&script_posix, flags[i % 2]);
        script.row = froms[i / 2];
        script_queue(i % 2 == 0 ? "" : "peer_addr NOT_CONNECTED:107");
        script_default(SCRIPT_PEER_ADDR)->addr = script_addr(BACKEND);
        assert_ok(feri_datagram_connect(&socket.handle_, &to));
        queue_datagram(SCRIPT_RECV_FROM, froms[i / 2], 2);
        assert_ok(receive(&socket, 0));
        assert_row(got.len == 2);
        assert_addr(&got.from, froms[i / 2]);
        queue_datagram(SCRIPT_RECV_FROM, "192.0.2.9:1001", 1);
        queue_datagram(SCRIPT_TRY_RECV_FROM, froms[i / 2], 3);
        assert_ok(receive(&socket, 0));
        assert_row(got.len == 3);
        queue_datagram(SCRIPT_RECV_MESSAGES, froms[i / 2], 1);
        assert_ok_n(feri_datagram_receive_batch(&socket.handle_, &message, 1, 0, &n), n, 1);
        assert_ok(feri_datagram_disconnect(&socket.handle_));
        assert_row(!feri_handle_has_flag(&socket.handle_, FERI_FLAG_TRANSLATED));
        script_end_row();
    }
}

/* ---- Timeouts (T2) */

static void pass_time(script_call call)
{
    if (call == SCRIPT_RECV_FROM || call == SCRIPT_RECV_MESSAGES || call == SCRIPT_SEND ||
        call == SCRIPT_SEND_TO) {
        script.now += 200;
    }
}

/* The receive of what is discarded has taken 200 ns of the timeout of 250 ns, which may be set
 * outside of the library: then it begins with the discard. */
SCRIPT_TEST(a_discard_does_not_begin_the_timeout_again)
{
    static const struct {
        const char *name;
        uint32_t flags;
        bool is_batch, is_report;
        uint64_t left;
    } rows[] = {
        {"another sender's datagram", FERI_FLAG_READ_TIMEOUT_SET, false, false, 50},
        {"a report", FERI_FLAG_READ_TIMEOUT_SET, false, true, 50},
        {"a report, of a clone", FERI_FLAG_CLONED, false, true, 50},
        {"a report, in a batch", FERI_FLAG_READ_TIMEOUT_SET, true, true, 50},
        {"another sender's, in a batch", FERI_FLAG_READ_TIMEOUT_SET, true, false, 50},
        {"a timeout that is not known", FERI_FLAG_LENT, false, true, 250},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = 77;
        fer_datagram_recv message = {.buf = buf, .cap = 4};
        fer_udp_socket socket = connected_socket(&script_posix, rows[i].flags);
        script_call call = rows[i].is_batch ? SCRIPT_RECV_MESSAGES : SCRIPT_RECV_FROM;
        script_call again = rows[i].is_batch ? SCRIPT_TRY_RECV_MESSAGES : SCRIPT_TRY_RECV_FROM;
        script.row = rows[i].name;
        script.on_call = pass_time;
        script_default(SCRIPT_PEER_ADDR)->addr = script_addr(PEER);
        script_default(SCRIPT_TIMEOUT)->value = 250;
        script_default(again)->error = (fer_error){FER_WOULD_BLOCK, 11};
        if (rows[i].is_report) {
            script_then_fail(call, FER_MESSAGE_TOO_LONG, 90);
        } else {
            queue_datagram(call, "192.0.2.9:9", 1);
        }
        script_then_fail(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0);
        fer_error error = rows[i].is_batch
                              ? feri_datagram_receive_batch(&socket.handle_, &message, 1, 0, &n)
                              : receive(&socket, 0);
        assert_error(error, FER_TIMED_OUT, 0);
        assert_row(script.now == 1000 + 200 + rows[i].left);
        assert_row(script.times[call] == 1);
        script_end_row();
    }
}

/* ---- Sending */

/* U2: buffers that are missing, and a send buffer that the datagram exceeds. */
SCRIPT_TEST(a_datagram_longer_than_the_send_buffer_is_too_long_if_buffers_lack)
{
    static const struct {
        const struct ferp_traits *traits;
        fer_error_kind option; /* of the query of the buffer */
        uint64_t size;
        fer_error_kind kind;
    } rows[] = {{&script_posix, FER_OK, 1, FER_MESSAGE_TOO_LONG},
                {&script_posix, FER_OK, 1000, FER_NO_BUFFER_SPACE},
                {&script_posix, FER_BAD_HANDLE, 1, FER_NO_BUFFER_SPACE},
                {&script_windows, FER_OK, 1, FER_NO_BUFFER_SPACE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = 77;
        fer_udp_socket socket = connected_socket(rows[i].traits, 0);
        script_default(SCRIPT_SEND)->error = (fer_error){FER_NO_BUFFER_SPACE, 105};
        script_default(SCRIPT_OPTION_VALUE)->value = rows[i].size;
        script_default(SCRIPT_OPTION_VALUE)->error = (fer_error){rows[i].option, 0};
        assert_error_n(feri_datagram_send(&socket.handle_, "ab", 2, 0, &n), rows[i].kind, 105, n,
                       0);
    }
}

/* The first try has waited 200 ns of the timeout of 250 ns (rule T2). */
SCRIPT_TEST(a_report_does_not_begin_the_timeout_of_a_send_again)
{
    const fer_socket_addr to = script_addr(PEER);
    for (int is_to = 0; is_to < 2; is_to++) {
        size_t n = 77;
        fer_udp_socket socket = connected_socket(&script_posix, FERI_FLAG_WRITE_TIMEOUT_SET);
        script.on_call = pass_time;
        script_default(SCRIPT_TIMEOUT)->value = 250;
        script_queue(is_to ? "send_to MESSAGE_TOO_LONG:90, try_send_to* WOULD_BLOCK:11"
                           : "send MESSAGE_TOO_LONG:90, try_send* WOULD_BLOCK:11");
        script_then_fail(SCRIPT_WAIT_FOR, FER_TIMED_OUT, 0);
        assert_error_n(is_to ? feri_datagram_send_to(&socket.handle_, "ab", 2, &to, 0, &n)
                             : feri_datagram_send(&socket.handle_, "ab", 2, 0, &n),
                       FER_TIMED_OUT, 0, n, 0);
        assert_true(script.now == 1000 + 250);
        script_end_row();
    }
}

/* U3: "A port that refuses never affects a socket without a peer." */
SCRIPT_TEST(a_refusal_fails_no_send_without_a_peer)
{
    const fer_socket_addr to = script_addr(PEER);
    for (int has_peer = 0; has_peer < 2; has_peer++) {
        size_t n = 77;
        fer_udp_socket socket =
            has_peer != 0 ? connected_socket(&script_windows, 0) : open_socket(&script_windows, 0);
        script_queue(has_peer != 0 ? "send_to CONNECTION_REFUSED:10061"
                                   : "send_to CONNECTION_REFUSED:10061, try_send_to 2");
        assert_error_n(feri_datagram_send_to(&socket.handle_, "ab", 2, &to, 0, &n),
                       has_peer != 0 ? FER_CONNECTION_REFUSED : FER_OK, has_peer != 0 ? 10061 : 0,
                       n, has_peer != 0 ? 0 : 2);
        script_end_row();
    }
}

/* ---- Waiting, connecting and shutting down */

static const script_call transfer_calls[] = {SCRIPT_RECV_FROM, SCRIPT_SEND, SCRIPT_SEND_TO};

static fer_error transfer(fer_udp_socket *socket, size_t call)
{
    fer_socket_addr to = script_addr(PEER);
    return call == 0   ? feri_datagram_receive(&socket->handle_, buf, 4, 0, &got)
           : call == 1 ? feri_datagram_send(&socket->handle_, "hello", 5, 0, NULL)
                       : feri_datagram_send_to(&socket->handle_, "hello", 5, &to, 0, NULL);
}

/* The error of the socket that a wait took is reported as by the call. An error of the wait itself,
 * or of a query, has no row of a send's table, not even without a peer. */
SCRIPT_TEST(a_socket_error_that_a_wait_took_is_reported_as_by_the_call)
{
    static const struct {
        fer_error error;
        fer_error_kind as[3]; /* of a receive, a send, a send_to */
    } rows[] = {
        {{FER_CONNECTION_RESET, 10054},
         {FER_CONNECTION_REFUSED, FER_CONNECTION_REFUSED, FER_CONNECTION_REFUSED}},
        {{FER_INVALID_INPUT, 10022}, {FER_INVALID_INPUT, FER_NOT_CONNECTED, FER_INVALID_INPUT}}};
    for (size_t i = 0; i < 6; i++) {
        fer_error error = rows[i / 3].error;
        fer_udp_socket socket = open_socket(&script_windows, 0);
        script_default(transfer_calls[i % 3])->error = (fer_error){FER_WOULD_BLOCK, 10035};
        script_then(SCRIPT_WAIT_FOR)->pending = error;
        assert_error(transfer(&socket, i % 3), rows[i / 3].as[i % 3], error.os_code);
        assert_forwards(SCRIPT_WAIT_FOR, error.kind, error.os_code, transfer(&socket, i % 3));
        assert_forwards(SCRIPT_WAIT_ARM, error.kind, error.os_code, transfer(&socket, i % 3));
        script_end_row();
    }
}

/* ---- A second connect, if it drops the address that the socket is bound to
 * (reconnect_drops_bound_addr): another socket tries it first. */

SCRIPT_TEST(a_second_connect_is_tried_by_another_socket)
{
    static const struct {
        const char *name;
        uint32_t flags;
        const char *to, *results;
        fer_error_kind kind;
        int32_t code;
        const char *log;
    } rows[] = {
        {"on the wildcard, from any address", FERI_FLAG_ANY_ADDR | FERI_FLAG_V6, "[2001:db8::7]:7",
         "", FER_OK, 0,
         "socket(udp,v6) set_option(2,ONLY_V6,0) option_value(1,BROADCAST) "
         "set_option(2,BROADCAST,0) connect(2,[2001:db8::7]:7) "
         "local_addr(2) close(2) connect(1,[2001:db8::7]:7) take_error(1) peer_addr(1) "
         "report_refusals(1,1)"},
        /* Another socket may have the same pair of addresses. */
        {"one that fails after all is undone", FERI_FLAG_ANY_ADDR, "192.0.2.7:7",
         "connect 0 ADDR_IN_USE:48", FER_ADDR_IN_USE, 48,
         "socket(udp,v4) option_value(1,BROADCAST) set_option(2,BROADCAST,0) "
         "connect(2,192.0.2.7:7) local_addr(2) close(2) "
         "connect(1,192.0.2.7:7) connect(1," PEER ") peer_addr(1) report_refusals(1,1)"},
        {"a first connect is not", FERI_FLAG_CLONED, PEER, "peer_addr NOT_CONNECTED:57 0", FER_OK,
         0, "peer_addr(1) connect(1," PEER ") peer_addr(1) report_refusals(1,1)"},
        {"nor that of a socket without ports", FERI_FLAG_NO_PORTS, PEER, "", FER_OK, 0,
         "connect(1,192.0.2.1:0) take_error(1) report_refusals(1,1)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_socket_addr to = script_addr(rows[i].to);
        fer_udp_socket socket = connected_socket(&script_posix, rows[i].flags);
        script.row = rows[i].name;
        script.traits.reconnect_drops_bound_addr = true;
        script.traits.reconnect_chooses_addr_again = true;
        script_queue(rows[i].results);
        assert_error(feri_datagram_connect(&socket.handle_, &to), rows[i].kind, rows[i].code);
        assert_log(rows[i].log);
        script_end_row();
    }
}

/* The connect, and another socket's. */
#define PROBED                                                                              \
    "connect(1," OTHER ") disconnect(1) local_addr(1) connect(1," OTHER ") socket(udp,v4) " \
    "option_value(1,BROADCAST) set_option(2,BROADCAST,0) connect(2," OTHER ") "             \
    "local_addr(2) close(2) local_addr(1) "
#define OTHER "192.0.2.7:7"
#define DONE "peer_addr(1) report_refusals(1,1)"

/* The local address that a first connect has chosen is not kept for the second one. */
SCRIPT_TEST(a_second_connect_drops_the_address_of_the_first)
{
    static const struct {
        const char *name;
        uint32_t flags;
        const char *local, *source; /* after the disconnect, and of the route to OTHER */
        const char *results;
        fer_error_kind kind;
        int32_t code;
        const char *log;
    } rows[] = {
        {"the program bound the address", 0, NULL, NULL, "", FER_OK, 0,
         "connect(1," OTHER ") take_error(1) " DONE},
        {"the system chose it", FERI_FLAG_ANY_ADDR, "0.0.0.0:9", NULL, "", FER_OK, 0,
         "connect(1," OTHER ") disconnect(1) local_addr(1) connect(1," OTHER
         ") take_error(1) " DONE},
        {"a failure makes the old peer the peer again", FERI_FLAG_ANY_ADDR, "0.0.0.0:9", NULL,
         "connect 0 ADDR_NOT_AVAILABLE:99 0", FER_ADDR_NOT_AVAILABLE, 99,
         "connect(1," OTHER ") disconnect(1) local_addr(1) connect(1," OTHER ") connect(1," PEER
         ") " DONE},
        {"a report of the old peer does not count", FERI_FLAG_ANY_ADDR, "0.0.0.0:9", NULL,
         "connect 0 CONNECTION_REFUSED:61 0", FER_OK, 0,
         "connect(1," OTHER ") disconnect(1) local_addr(1) connect(1," OTHER ") connect(1," OTHER
         ") take_error(1) " DONE},
        {"one of the new route counts", FERI_FLAG_ANY_ADDR, "0.0.0.0:9", NULL,
         "connect 0 NETWORK_UNREACHABLE:101 NETWORK_UNREACHABLE:101 0", FER_NETWORK_UNREACHABLE,
         101,
         "connect(1," OTHER ") disconnect(1) local_addr(1) connect(1," OTHER ") connect(1," OTHER
         ") connect(1," PEER ") " DONE},
        {"without a route the peer stays", FERI_FLAG_ANY_ADDR, NULL, NULL,
         "connect NETWORK_UNREACHABLE:101 NETWORK_UNREACHABLE:101", FER_NETWORK_UNREACHABLE, 101,
         "connect(1," OTHER ") socket(udp,v4) option_value(1,BROADCAST) "
         "set_option(2,BROADCAST,0) connect(2," OTHER ") close(2) " DONE},
        {"so does one of the disconnect", FERI_FLAG_ANY_ADDR, NULL, NULL,
         "disconnect ADDR_IN_USE:98", FER_ADDR_IN_USE, 98,
         "connect(1," OTHER ") disconnect(1) connect(1," PEER ") " DONE},
        {"only the system knows of an adopted one", FERI_FLAG_ADOPTED, "192.0.2.50:9", NULL, "",
         FER_OK, 0,
         "peer_addr(1) connect(1," OTHER ") disconnect(1) local_addr(1) connect(1," OTHER
         ") take_error(1) " DONE},
        {"the system keeps it, and the route has it", FERI_FLAG_ANY_ADDR, "192.0.2.50:9",
         "192.0.2.50:5", "", FER_OK, 0, PROBED "take_error(1) " DONE},
        {"the system keeps it, and the route has another", FERI_FLAG_ANY_ADDR, "127.0.0.1:9",
         "192.0.2.50:5", "", FER_ADDR_NOT_AVAILABLE, 0, PROBED "connect(1," PEER ") " DONE},
        {"so the connect has failed", FERI_FLAG_ANY_ADDR, "127.0.0.1:9", "192.0.2.50:5",
         "connect 0 INVALID_INPUT:10022 0", FER_ADDR_NOT_AVAILABLE, 0,
         PROBED "connect(1," PEER ") " DONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_socket_addr to = script_addr(OTHER);
        fer_udp_socket socket = connected_socket(&script_posix, rows[i].flags);
        script.row = rows[i].name;
        script_default(SCRIPT_PEER_ADDR)->addr = script_addr(PEER);
        if (rows[i].local != NULL) {
            script_then(SCRIPT_LOCAL_ADDR)->addr = script_addr(rows[i].local);
        }
        if (rows[i].source != NULL) {
            script_then(SCRIPT_LOCAL_ADDR)->addr = script_addr(rows[i].source);
            script_then(SCRIPT_LOCAL_ADDR)->addr = script_addr(rows[i].local);
        }
        script_queue(rows[i].results);
        assert_error(feri_datagram_connect(&socket.handle_, &to), rows[i].kind, rows[i].code);
        assert_log(rows[i].log);
        script_end_row();
    }
}

/* A socket without ports: one of ICMP datagrams loses its address, a raw one would receive nothing
 * afterwards. */
SCRIPT_TEST(a_raw_socket_keeps_the_address_of_its_first_peer)
{
    for (int is_raw = 0; is_raw < 2; is_raw++) {
        fer_socket_addr to = script_addr(OTHER);
        fer_udp_socket socket =
            connected_socket(&script_posix, FERI_FLAG_NO_PORTS | FERI_FLAG_ANY_ADDR);
        script_default(SCRIPT_DESCRIBE)->description.is_raw = is_raw != 0;
        script_default(SCRIPT_LOCAL_ADDR)->addr = script_addr("0.0.0.0:9");
        assert_ok(feri_datagram_connect(&socket.handle_, &to));
        assert_log(is_raw != 0
                       ? "describe(1) connect(1,192.0.2.7:0) take_error(1) report_refusals(1,1)"
                       : "describe(1) connect(1,192.0.2.7:0) disconnect(1) local_addr(1) "
                         "connect(1,192.0.2.7:0) "
                         "take_error(1) report_refusals(1,1)");
    }
}

/* U3: what the old peer has left. On Windows only a receive takes a refusal. */
SCRIPT_TEST(a_second_connect_drops_what_the_first_peer_has_left)
{
    fer_socket_addr to = script_addr(OTHER);
    fer_udp_socket socket = connected_socket(&script_windows, 0);
    feri_datagram_save_failure(&socket.handle_, (fer_error){FER_HOST_UNREACHABLE, 10065});
    script_queue("try_peek_from CONNECTION_RESET:10054 HOST_UNREACHABLE:10065 WOULD_BLOCK:10035");
    script_queue("try_recv_from CONNECTION_RESET:10054 HOST_UNREACHABLE:10065");
    assert_ok(feri_datagram_connect(&socket.handle_, &to));
    assert_log("connect(1," OTHER ") take_error(1) set_nonblocking(1,1) try_peek_from(1,0) "
               "try_recv_from(1,0) try_peek_from(1,0) try_recv_from(1,0) try_peek_from(1,0) "
               "peer_addr(1) report_refusals(1,1)");
    assert_ok(feri_datagram_take_failure(&socket.handle_));
}

/* ---- Shutdown (rule U7) */

/* S6: a wait that the OS does not end. */
SCRIPT_TEST(a_shutdown_wakes_the_waits)
{
    fer_udp_socket socket = connected_socket(&script_windows, 0);
    assert_ok_log(feri_datagram_shutdown(&socket.handle_, FER_SHUTDOWN_READ),
                  "shutdown(1,0) wake(1)");
}

SCRIPT_TEST(a_shutdown_without_a_peer_changes_nothing)
{
    fer_udp_socket socket = open_socket(&script_posix, 0);
    fer_udp_socket none = {0};
    assert_error(feri_datagram_shutdown(&socket.handle_, FER_SHUTDOWN_BOTH), FER_NOT_CONNECTED, 0);
    assert_true(feri_handle_is_fast_path(&socket.handle_));
    socket = connected_socket(&script_posix, 0);
    assert_error(feri_datagram_shutdown(&socket.handle_, (fer_shutdown)3), FER_INVALID_INPUT, 0);
    assert_true(feri_handle_is_fast_path(&socket.handle_));
    assert_error(fer_socket_shutdown(NULL, FER_SHUTDOWN_READ), FER_MISUSE, 0);
    assert_error_log(fer_socket_shutdown(fer_udp_socket_as_socket(&none), FER_SHUTDOWN_READ),
                     FER_MISUSE, 0, "");
}

TEST_MAIN("datagram")
