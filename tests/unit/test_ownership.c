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

/* core keeps the timeouts of a listener. */
#define ADOPT_LISTENER "describe(1) timeout(1,reading) timeout(1,writing) adopt(1)"

/* Adopts a socket with this description, and checks that a refused socket remains with the
 * caller. */
static void check_from_raw(feri_adopted kind, ferp_description description, bool adopted)
{
    script_begin(&script_posix);
    fer_handle handle = {0};
    script_then(SCRIPT_DESCRIBE)->description = description;
    assert_error_log(feri_adopt(&handle, script_open_socket(), FERI_DOMAIN_IP, kind),
                     adopted ? FER_OK : FER_INVALID_INPUT, 0,
                     !adopted                   ? "describe(1)"
                     : description.is_listening ? ADOPT_LISTENER
                                                : "describe(1) adopt(1)");
    assert_int_equal(feri_handle_state(&handle), adopted ? FERI_PHASE_OPEN : FERI_PHASE_NEW);
    assert_int_equal(script.sockets_open, 1);
}

SCRIPT_TEST(a_socket_of_another_type_is_refused_and_left_to_the_caller)
{
    for (unsigned bits = 0; bits < 32; bits++) {
        ferp_description description = {.is_stream = (bits & 1) != 0,
                                        .is_ip = (bits & 2) != 0,
                                        .family = FER_IP_V4,
                                        .is_listening = (bits & 4) != 0,
                                        .is_connected = (bits & 8) != 0,
                                        .is_datagram = (bits & 16) != 0 && (bits & 1) == 0};
        check_from_raw(FERI_ADOPTED_STREAM, description, (bits & 15) == (1 | 2 | 8));
        check_from_raw(FERI_ADOPTED_LISTENER, description, (bits & 7) == 7);
    }
}

SCRIPT_TEST(a_datagram_socket_of_another_protocol_is_adopted_without_ports)
{
    for (int other = 0; other <= 1; other++) {
        script_begin(&script_posix);
        fer_handle handle = {0};
        script_default(SCRIPT_DESCRIBE)->description =
            (ferp_description){.is_ip = true,
                               .is_datagram = true,
                               .family = FER_IP_V4,
                               .is_of_other_protocol = other != 0};
        assert_ok(feri_adopt(&handle, script_open_socket(), FERI_DOMAIN_IP, FERI_ADOPTED_ANY));
        assert_int_equal(feri_handle_has_flag(&handle, FERI_FLAG_NO_PORTS), other != 0);
        assert_true(feri_handle_has_flag(&handle, FERI_FLAG_DATAGRAM));
        feri_handle_close(&handle);
        assert_error(
            feri_adopt(&handle, script_open_socket(), FERI_DOMAIN_IP, FERI_ADOPTED_DATAGRAM),
            other ? FER_INVALID_INPUT : FER_OK, 0);
        assert_int_equal(script.times[SCRIPT_REPORT_REFUSALS], 2 - other);
    }
}

/* ---- Sockets of any kind */

static const struct {
    ferp_description description;
    feri_phase phase;
    uint32_t flags;
    const char *log;
} adopted_kinds[] = {
    {{.is_stream = true, .is_ip = true, .family = FER_IP_V4},
     FERI_PHASE_UNCONNECTED,
     0,
     "describe(1) adopt(1)"},
    {{.is_stream = true, .is_ip = true, .family = FER_IP_V4, .is_connecting = true},
     FERI_PHASE_CONNECTING,
     0,
     "describe(1) adopt(1)"},
    {{.is_stream = true, .is_ip = true, .family = FER_IP_V6, .is_connected = true},
     FERI_PHASE_OPEN,
     FERI_FLAG_V6,
     "describe(1) adopt(1)"},
    /* SCTP, which has ports */
    {{.is_stream = true,
      .is_ip = true,
      .family = FER_IP_V4,
      .is_connected = true,
      .is_of_other_protocol = true},
     FERI_PHASE_OPEN,
     0,
     "describe(1) adopt(1)"},
    {{.is_stream = true, .is_ip = true, .family = FER_IP_V4, .is_listening = true},
     FERI_PHASE_OPEN,
     FERI_FLAG_LISTENING,
     ADOPT_LISTENER},
    {{.is_datagram = true,
      .is_ip = true,
      .family = FER_IP_V4,
      .is_connected = true,
      .is_nonblocking = true},
     FERI_PHASE_OPEN,
     FERI_FLAG_DATAGRAM | FERI_FLAG_NONBLOCKING,
     "describe(1) udp_feature(1,v4,4) adopt(1) report_refusals(1,1)"},
    {{.is_raw = true, .is_ip = true, .family = FER_IP_V6},
     FERI_PHASE_OPEN,
     FERI_FLAG_DATAGRAM | FERI_FLAG_NO_PORTS | FERI_FLAG_V6,
     "describe(1) adopt(1)"},
    {{.is_stream = true, .is_unix = true},
     FERI_PHASE_UNCONNECTED,
     FERI_FLAG_UNIX,
     "describe(1) adopt(1)"},
    {{.is_datagram = true, .is_unix = true},
     FERI_PHASE_OPEN,
     FERI_FLAG_UNIX | FERI_FLAG_DATAGRAM,
     "describe(1) adopt(1)"},
    {{.is_stream = true}, FERI_PHASE_UNCONNECTED, FERI_FLAG_FOREIGN, "describe(1) adopt(1)"},
    {{.is_stream = true, .is_listening = true},
     FERI_PHASE_OPEN,
     FERI_FLAG_FOREIGN | FERI_FLAG_LISTENING,
     ADOPT_LISTENER},
    {{.is_packets = true, .is_unix = true},
     FERI_PHASE_OPEN,
     FERI_FLAG_FOREIGN | FERI_FLAG_UNIX | FERI_FLAG_DATAGRAM,
     "describe(1) adopt(1)"},
};

SCRIPT_TEST(a_socket_of_any_kind_is_adopted_with_its_kind)
{
    for (size_t i = 0; i < sizeof adopted_kinds / sizeof adopted_kinds[0]; i++) {
        fer_handle handle = {0};
        script_begin(&script_posix);
        script_then(SCRIPT_DESCRIBE)->description = adopted_kinds[i].description;
        assert_ok(feri_adopt(&handle, script_open_socket(), FERI_DOMAIN_IP, FERI_ADOPTED_ANY));
        assert_int_equal(feri_state_phase(feri_handle_state(&handle)), adopted_kinds[i].phase);
        assert_int_equal(feri_handle_flags(&handle), adopted_kinds[i].flags | FERI_FLAG_ADOPTED);
        assert_log(adopted_kinds[i].log);
    }
}

/* Single receives would merge its datagrams (rule B8). A system without the option has none. */
SCRIPT_TEST(a_datagram_socket_that_coalesces_is_taken_over_as_such)
{
    static const ferp_description datagram = {
        .is_datagram = true, .is_ip = true, .family = FER_IP_V4};
    for (int i = 0; i < 4; i++) {
        fer_handle handle = {0};
        script_begin(&script_posix);
        script_then(SCRIPT_DESCRIBE)->description = datagram;
        if (i % 2 == 0) {
            script_then(SCRIPT_UDP_FEATURE)->value = 1;
        } else {
            script_then_fail(SCRIPT_UDP_FEATURE, FER_UNSUPPORTED, 92);
        }
        fer_raw_socket raw = script_open_socket();
        assert_ok(i < 2 ? feri_adopt(&handle, raw, FERI_DOMAIN_IP, FERI_ADOPTED_ANY)
                        : feri_adopt(&handle, raw, FERI_DOMAIN_IP, FERI_ADOPTED_DATAGRAM));
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
    static const ferp_description unknown[] = {{.is_datagram = true},
                                               {.is_ip = true, .family = FER_IP_V4},
                                               {.is_unix = true},
                                               {.is_raw = true}};
    fer_handle handle = {0};
    fer_raw_socket raw = script_open_socket();
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        script_then(SCRIPT_DESCRIBE)->description = unknown[i];
        assert_error(feri_adopt(&handle, raw, FERI_DOMAIN_IP, FERI_ADOPTED_ANY), FER_INVALID_INPUT,
                     0);
    }
    assert_forwards(SCRIPT_DESCRIBE, FER_BAD_HANDLE, 88,
                    feri_adopt(&handle, raw, FERI_DOMAIN_IP, FERI_ADOPTED_ANY));
    script_default(SCRIPT_DESCRIBE)->description =
        (ferp_description){.is_stream = true, .is_ip = true, .family = FER_IP_V4};
    assert_forwards(SCRIPT_ADOPT, FER_NO_BUFFER_SPACE, 105,
                    feri_adopt(&handle, raw, FERI_DOMAIN_IP, FERI_ADOPTED_ANY));
    assert_int_equal(feri_handle_state(&handle), 0);
    assert_error(feri_adopt(NULL, raw, FERI_DOMAIN_IP, FERI_ADOPTED_ANY), FER_MISUSE, 0);
    assert_int_equal(script.sockets_open, 1);
    assert_int_equal(script.times[SCRIPT_CLOSE], 0);
}

TEST_MAIN("ownership")
