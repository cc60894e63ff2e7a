/* test_ownership.c: clones, and sockets that are adopted (from_raw) or released (into_raw) (rules
 * R1, R2). */
#include "unit/scripted_background.h"
#include "unit/scripted_platform.h"

#include "core/handle/handle.h"
#include "ferrule/socket.h"
#include "ferrule/udp_batch.h"

/* ---- Sockets of any kind */

SCRIPT_TEST(a_socket_of_any_kind_is_adopted_with_its_kind)
{
    static const struct {
        const char *description;
        feri_phase phase;
        uint32_t flags;
    } rows[] = {
        {"stream v4", FERI_PHASE_UNCONNECTED, 0},
        {"stream v4 connecting", FERI_PHASE_CONNECTING, 0},
        {"stream v6 connected", FERI_PHASE_OPEN, FERI_FLAG_V6},
        {"stream v4 connected other", FERI_PHASE_OPEN, 0}, /* SCTP, which has ports */
        {"stream v4 listening", FERI_PHASE_OPEN, FERI_FLAG_LISTENING},
        {"datagram v4 connected nonblocking", FERI_PHASE_OPEN,
         FERI_FLAG_DATAGRAM | FERI_FLAG_NONBLOCKING},
        {"raw v6", FERI_PHASE_OPEN, FERI_FLAG_DATAGRAM | FERI_FLAG_NO_PORTS | FERI_FLAG_V6},
        {"stream unix", FERI_PHASE_UNCONNECTED, FERI_FLAG_UNIX},
        {"datagram unix", FERI_PHASE_OPEN, FERI_FLAG_UNIX | FERI_FLAG_DATAGRAM},
        {"stream", FERI_PHASE_UNCONNECTED, FERI_FLAG_FOREIGN},
        {"stream listening", FERI_PHASE_OPEN, FERI_FLAG_FOREIGN | FERI_FLAG_LISTENING},
        {"packets unix", FERI_PHASE_OPEN, FERI_FLAG_FOREIGN | FERI_FLAG_UNIX | FERI_FLAG_DATAGRAM},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_handle handle = {0};
        script_begin(&script_posix);
        script.row = rows[i].description;
        script_then(SCRIPT_DESCRIBE)->description = script_description(script.row);
        assert_ok(feri_adopt(&handle, script_open_socket(), FERI_DOMAIN_IP, FERI_ADOPTED_ANY));
        assert_row(feri_state_phase(feri_handle_state(&handle)) == rows[i].phase);
        assert_row(feri_handle_flags(&handle) == (rows[i].flags | FERI_FLAG_ADOPTED));
        assert_row(script.times[SCRIPT_ADOPT] == 1);
        /* core keeps the timeouts of a listener */
        assert_row(script.times[SCRIPT_TIMEOUT] ==
                   ((rows[i].flags & FERI_FLAG_LISTENING) != 0 ? 2 : 0));
        /* a UDP socket that coalesces or has a segment size, and one with a peer, which reports
         * refusals */
        assert_row(script.times[SCRIPT_UDP_FEATURE] == (i == 5));
        assert_row((strstr(script.log, "set_udp_feature(1,v4,64,0)") != NULL) == (i == 5));
        assert_row(script.times[SCRIPT_SET_UDP_FEATURE] == (i == 5));
        assert_row((strstr(script.log, "report_refusals(1,1)") != NULL) == (i == 5));
        script_end_row();
    }
}

static fer_udp_socket coalescing;
static fer_udp_socket coalescing_clone;
static uint64_t clone_at;

static void clone_udp_socket(script_call call)
{
    if (call == SCRIPT_SET_UDP_FEATURE && script.times[call] == clone_at) {
        assert_ok(fer_udp_socket_try_clone(&coalescing, &coalescing_clone));
    }
}

/* B8: a clone that another thread makes during the call receives only batches too, or nothing is
 * coalesced. */
SCRIPT_TEST(a_clone_that_is_made_while_coalescing_is_enabled_has_the_flag)
{
    for (clone_at = 1; clone_at <= 2; clone_at++) {
        fer_udp_features enabled = 77;
        script_begin(&script_posix);
        memset(&coalescing_clone, 0, sizeof coalescing_clone);
        memset(&coalescing, 0, sizeof coalescing);
        *FERI_HANDLE(&coalescing) = script_stream(FERI_FLAG_DATAGRAM);
        for (int i = 0; i < 2; i++) {
            script_then_fail(SCRIPT_SET_UDP_FEATURE, FER_UNSUPPORTED, 92);
        }
        clone_at += 2;
        script.on_call = clone_udp_socket;
        assert_ok(fer_udp_socket_enable(&coalescing, FER_UDP_COALESCING, &enabled));
        clone_at -= 2;
        bool is_enabled = enabled == FER_UDP_COALESCING;
        assert_true(is_enabled == (clone_at == 2));
        assert_int_equal(feri_handle_has_flag(FERI_HANDLE(&coalescing), FERI_FLAG_COALESCING),
                         is_enabled);
        assert_int_equal(feri_handle_has_flag(FERI_HANDLE(&coalescing_clone), FERI_FLAG_COALESCING),
                         is_enabled);
    }
}

SCRIPT_TEST(a_feature_that_cannot_be_enabled_leaves_no_flag)
{
    for (int coalesces = 0; coalesces <= 1; coalesces++) {
        script_begin(&script_posix);
        memset(&coalescing, 0, sizeof coalescing);
        *FERI_HANDLE(&coalescing) = script_stream(FERI_FLAG_DATAGRAM);
        for (int i = 0; i < 3 * coalesces; i++) { /* two features, and whether the system has it */
            script_then(SCRIPT_SET_UDP_FEATURE)->error = (fer_error){FER_OK, 0};
        }
        assert_forwards(
            SCRIPT_SET_UDP_FEATURE, FER_OUT_OF_MEMORY, 12,
            fer_udp_socket_enable(&coalescing, coalesces ? FER_UDP_COALESCING : FER_UDP_ECN, NULL));
        assert_false(feri_handle_has_flag(FERI_HANDLE(&coalescing), FERI_FLAG_COALESCING));
    }
}

/* ---- Kinds that fer_socket_new does not make: streams of other address families, and Unix sockets
 * of messages in sequence (rule R4) */

static fer_socket adopted(const char *description)
{
    fer_socket socket = {0};
    script_begin(&script_posix);
    script_then(SCRIPT_DESCRIBE)->description = script_description(description);
    assert_ok(fer_socket_from_raw(&socket, script_open_socket()));
    script.log[0] = '\0';
    return socket;
}

/* The kind of handle that a socket becomes: 's' a TCP stream, 'd' a Unix datagram socket, '-'
 * none. */
static char becomes(fer_socket *socket)
{
    fer_tcp_stream stream = {0};
    fer_tcp_listener listener = {0};
    fer_udp_socket udp = {0};
    fer_unix_stream unix_stream = {0};
    fer_unix_listener unix_listener = {0};
    fer_unix_datagram datagram = {0};
    assert_error(fer_socket_into_tcp_listener(socket, &listener), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_into_udp_socket(socket, &udp), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_into_unix_stream(socket, &unix_stream), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_into_unix_listener(socket, &unix_listener), FER_INVALID_INPUT, 0);
    if (fer_socket_into_tcp_stream(socket, &stream).kind == FER_OK) {
        return 's';
    }
    return fer_socket_into_unix_datagram(socket, &datagram).kind == FER_OK ? 'd' : '-';
}

/* A stream that an accept returned would need an address of the family, or cut the messages. */
SCRIPT_TEST(streams_and_datagram_sockets_are_converted_and_listeners_are_not)
{
    static const struct {
        const char *description;
        fer_error_kind domain, type;
        char becomes;
    } rows[] = {
        {"stream", FER_UNSUPPORTED, FER_OK, 's'},
        {"stream connected", FER_UNSUPPORTED, FER_OK, 's'},
        {"stream listening", FER_UNSUPPORTED, FER_OK, '-'},
        {"packets unix", FER_OK, FER_UNSUPPORTED, 'd'},
        {"packets unix listening", FER_OK, FER_UNSUPPORTED, '-'},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fer_socket socket = adopted(rows[i].description);
        fer_domain domain = FER_DOMAIN_UNIX;
        fer_type type = FER_TYPE_STREAM;
        bool listens = false;
        script_default(SCRIPT_OPTION_VALUE)->value = 1;
        assert_error(fer_socket_domain(&socket, &domain), rows[i].domain, 0);
        assert_row(domain == FER_DOMAIN_UNIX);
        assert_error(fer_socket_type(&socket, &type), rows[i].type, 0);
        assert_row(type == FER_TYPE_STREAM);
        assert_ok(fer_socket_is_listening(&socket, &listens));
        assert_row(listens);
        assert_row(becomes(&socket) == rows[i].becomes);
        script_default(SCRIPT_DESCRIBE)->description = script_description(rows[i].description);
        fer_handle typed = {0};
        for (int of = FERI_DOMAIN_IP; of <= FERI_DOMAIN_UNIX; of++) {
            assert_error(feri_adopt(&typed, 1, (feri_domain)of, FERI_ADOPTED_STREAM),
                         FER_INVALID_INPUT, 0);
            assert_error(feri_adopt(&typed, 1, (feri_domain)of, FERI_ADOPTED_LISTENER),
                         FER_INVALID_INPUT, 0);
            assert_error(feri_adopt(&typed, 1, (feri_domain)of, FERI_ADOPTED_DATAGRAM),
                         FER_INVALID_INPUT, 0);
        }
    }
}

SCRIPT_TEST(a_stream_of_another_family_has_neither_addresses_nor_options_of_ip)
{
    fer_socket socket = adopted("stream");
    fer_socket_addr addr = {.port = 80, .ip = {.family = FER_IP_V4}};
    fer_unix_addr name;
    uint32_t ttl = 0;
    int protocol = -1;
    assert_error(fer_socket_bind(&socket, &addr), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_connect(&socket, &addr), FER_INVALID_INPUT, 0);
    assert_ok(fer_unix_addr_from_pathname(&name, "name"));
    assert_error(fer_socket_bind_unix(&socket, &name), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_connect_unix(&socket, &name), FER_INVALID_INPUT, 0);
    assert_error(fer_socket_local_addr(&socket, &addr), FER_UNSUPPORTED, 0);
    assert_error(fer_socket_local_addr_unix(&socket, &name), FER_UNSUPPORTED, 0);
    assert_error(fer_socket_peer_addr(&socket, &addr), FER_UNSUPPORTED, 0);
    assert_error(fer_socket_ttl(&socket, &ttl), FER_UNSUPPORTED, 0);
    assert_error(fer_socket_set_nodelay(&socket, true), FER_UNSUPPORTED, 0);
    assert_error(fer_socket_set_only_v6(&socket, true), FER_UNSUPPORTED, 0);
    assert_error(fer_socket_bind_device(&socket, "lo"), FER_UNSUPPORTED, 0);
    assert_error_log(fer_socket_set_broadcast(&socket, true), FER_UNSUPPORTED, 0, "");
    assert_forwards(SCRIPT_OPTION_VALUE, FER_UNSUPPORTED, 42,
                    fer_socket_protocol(&socket, &protocol));
    assert_log("option_value(1,PROTOCOL)");
    /* the system says whether it is bound */
    assert_ok(fer_socket_listen(&socket, 4));
    assert_log("listen(1,4) is_nonblocking(1) timeout(1,reading) timeout(1,writing)");
    assert_int_equal(becomes(&socket), '-');
}

/* ---- The storage behind every handle */

static void assert_is_new(const fer_handle *handle)
{
    assert_int_equal(feri_handle_state(handle), 0);
    assert_int_equal(feri_handle_as_raw(handle), FER_RAW_SOCKET_NONE);
}

SYSTEM_TEST(script_posix, a_closed_handle_is_claimed_as_a_new_one)
{
    fer_handle handle = script_stream(FERI_FLAG_CLONED | FERI_FLAG_NONBLOCKING);
    assert_true(feri_handle_step(&handle, FERI_EVENT_GOT_RESET,
                                 (fer_error){FER_CONNECTION_RESET, 104}) != FERI_STATE_MISUSE);
    feri_handle_close(&handle);
    assert_ok(feri_handle_claim(&handle));
    assert_int_equal(feri_handle_flags(&handle), 0);
    assert_int_equal(handle.p_.saved_os_code_, 0);
    assert_int_equal(handle.p_.raw_, FER_RAW_SOCKET_NONE);
    feri_handle_abandon(&handle);
    assert_is_new(&handle);
}

SYSTEM_TEST(script_posix, all_bytes_of_a_handle_that_was_not_opened_are_zero)
{
    static const fer_handle zero;
    fer_handle handle = zero;
    assert_ok(feri_handle_claim(&handle));
    feri_handle_abandon(&handle);
    assert_memory_equal(&handle, &zero, sizeof zero);
}

TEST_MAIN("ownership")
