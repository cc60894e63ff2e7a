/* test_ownership.c: clones, and sockets that are adopted (from_raw) or released (into_raw) (rules
 * R1, R2). */
#include "unit/scripted_platform.h"

#include "core/handle/handle.h"
#include "core/handle/options.h"
#include "ferrule/udp_batch.h"

/* ---- Clones */

SYSTEM_TEST(script_posix, a_clone_is_a_second_handle_of_the_socket_and_both_have)
{
    fer_handle handle = script_stream(FERI_FLAG_V6 | FERI_FLAG_NONBLOCKING);
    fer_handle clone = {0};
    assert_ok_log(feri_try_clone(&handle, &clone), "duplicate(1) wake(1)");
    assert_int_equal(feri_handle_as_raw(&handle), 1);
    assert_int_equal(feri_handle_as_raw(&clone), 2);
    assert_int_equal(feri_handle_flags(&handle),
                     FERI_FLAG_V6 | FERI_FLAG_NONBLOCKING | FERI_FLAG_CLONED);
    assert_int_equal(feri_handle_flags(&clone),
                     FERI_FLAG_V6 | FERI_FLAG_NONBLOCKING | FERI_FLAG_CLONED);
    feri_handle_close(&handle);
    feri_handle_close(&clone);
    assert_log("close(1) close(2)");
}

/* ---- from_raw */

SCRIPT_TEST(a_socket_of_another_type_is_refused_and_left_to_the_caller)
{
    static const struct {
        const char *description;
        char becomes; /* s: a stream, l: a listener, -: neither */
    } rows[] = {{"stream v4 connected", 's'},
                {"stream v4 connected connecting", 's'},
                {"stream v4 listening", 'l'},
                {"stream v4 listening connected", 'l'},
                {"stream v4", '-'},
                {"stream connected", '-'},
                {"stream listening", '-'},
                {"stream unix connected", '-'},
                {"stream unix listening", '-'},
                {"datagram v4", '-'},
                {"datagram v4 connected", '-'},
                {"datagram v4 listening", '-'},
                {"v4 connected", '-'},
                {"v4 listening", '-'},
                {"", '-'}};
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        bool is_adopted = rows[i / 2].becomes == (i % 2 == 0 ? 's' : 'l');
        fer_handle handle = {0};
        script_begin(&script_posix);
        script.row = rows[i / 2].description;
        script_then(SCRIPT_DESCRIBE)->description = script_description(script.row);
        fer_raw_socket raw = script_open_socket();
        assert_error(i % 2 == 0 ? feri_stream_from_raw(&handle, raw, FERI_DOMAIN_IP)
                                : feri_listener_from_raw(&handle, raw, FERI_DOMAIN_IP),
                     is_adopted ? FER_OK : FER_INVALID_INPUT, 0);
        assert_row(script.times[SCRIPT_ADOPT] == is_adopted);
        assert_row(feri_handle_state(&handle) == (is_adopted ? FERI_PHASE_OPEN : FERI_PHASE_NEW));
        assert_row(script.sockets_open == 1);
        script_end_row();
    }
}

SCRIPT_TEST(a_datagram_socket_of_another_protocol_is_adopted_without_ports)
{
    for (int other = 0; other <= 1; other++) {
        script_begin(&script_posix);
        fer_handle handle = {0};
        script_default(SCRIPT_DESCRIBE)->description =
            script_description(other ? "datagram v4 other" : "datagram v4");
        assert_ok(feri_socket_from_raw(&handle, script_open_socket()));
        assert_int_equal(feri_handle_has_flag(&handle, FERI_FLAG_NO_PORTS), other != 0);
        assert_true(feri_handle_has_flag(&handle, FERI_FLAG_DATAGRAM));
        feri_handle_close(&handle);
        assert_error(feri_datagram_from_raw(&handle, script_open_socket(), FERI_DOMAIN_IP),
                     other ? FER_INVALID_INPUT : FER_OK, 0);
        assert_int_equal(script.times[SCRIPT_REPORT_REFUSALS], 2 - other);
    }
}

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
        assert_ok(feri_socket_from_raw(&handle, script_open_socket()));
        assert_row(feri_state_phase(feri_handle_state(&handle)) == rows[i].phase);
        assert_row(feri_handle_flags(&handle) == (rows[i].flags | FERI_FLAG_ADOPTED));
        assert_row(script.times[SCRIPT_ADOPT] == 1);
        /* core keeps the timeouts of a listener */
        assert_row(script.times[SCRIPT_TIMEOUT] ==
                   ((rows[i].flags & FERI_FLAG_LISTENING) != 0 ? 2 : 0));
        /* a UDP socket that coalesces, and one with a peer, which reports refusals */
        assert_row(script.times[SCRIPT_UDP_FEATURE] == (i == 5));
        assert_row((strstr(script.log, "report_refusals(1,1)") != NULL) == (i == 5));
        script_end_row();
    }
}

/* Single receives would merge its datagrams (rule B8). A system without the option has none. */
SCRIPT_TEST(a_datagram_socket_that_coalesces_is_taken_over_as_such)
{
    for (int i = 0; i < 4; i++) {
        fer_handle handle = {0};
        script_begin(&script_posix);
        script_then(SCRIPT_DESCRIBE)->description = script_description("datagram v4");
        if (i % 2 == 0) {
            script_then(SCRIPT_UDP_FEATURE)->value = 1;
        } else {
            script_then_fail(SCRIPT_UDP_FEATURE, FER_UNSUPPORTED, 92);
        }
        fer_raw_socket raw = script_open_socket();
        assert_ok(i < 2 ? feri_socket_from_raw(&handle, raw)
                        : feri_datagram_from_raw(&handle, raw, FERI_DOMAIN_IP));
        assert_int_equal(feri_handle_has_flag(&handle, FERI_FLAG_COALESCING), i % 2 == 0);
        script.log[0] = 0;
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
        script.log[0] = 0;
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
        script_then_fail(SCRIPT_SET_UDP_FEATURE, FER_OUT_OF_MEMORY, 12);
        assert_error(
            fer_udp_socket_enable(&coalescing, coalesces ? FER_UDP_COALESCING : FER_UDP_ECN, NULL),
            FER_OUT_OF_MEMORY, 12);
        assert_false(feri_handle_has_flag(FERI_HANDLE(&coalescing), FERI_FLAG_COALESCING));
        script.log[0] = 0;
    }
}

SYSTEM_TEST(script_posix, a_socket_of_an_unsupported_kind_is_left_to_the_caller)
{
    static const char *const unknown[] = {"datagram", "v4", "unix", "raw"};
    fer_handle handle = {0};
    fer_raw_socket raw = script_open_socket();
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        script_then(SCRIPT_DESCRIBE)->description = script_description(unknown[i]);
        assert_error(feri_socket_from_raw(&handle, raw), FER_INVALID_INPUT, 0);
    }
    assert_forwards(SCRIPT_DESCRIBE, FER_BAD_HANDLE, 88, feri_socket_from_raw(&handle, raw));
    script_default(SCRIPT_DESCRIBE)->description = script_description("stream v4");
    assert_forwards(SCRIPT_ADOPT, FER_NO_BUFFER_SPACE, 105, feri_socket_from_raw(&handle, raw));
    assert_int_equal(feri_handle_state(&handle), 0);
    assert_error(feri_socket_from_raw(NULL, raw), FER_MISUSE, 0);
    assert_int_equal(script.sockets_open, 1);
    assert_int_equal(script.times[SCRIPT_CLOSE], 0);
}

TEST_MAIN("ownership")
