/* test_request_support.c: platform/winsock/request_support.c: which SOCKETs the system is queried
 * for, and how often. test_scripted_waits.c: those of used numbers. Windows only. */
#include "platform/winsock/winsock.h"

#include "support/seam.h"

static int queries;
static bool cancel_is_invalid;

static BOOL counted_cancel(HANDLE handle, LPOVERLAPPED overlapped)
{
    queries++;
    if (cancel_is_invalid) {
        SetLastError(ERROR_INVALID_HANDLE);
        return FALSE;
    }
    return CancelIoEx(handle, overlapped);
}

#define CancelIoEx(handle, overlapped) counted_cancel(handle, overlapped)
#include "platform/winsock/request_support.c"
#undef CancelIoEx

static fer_raw_socket new_datagram_socket(void)
{
    fer_raw_socket made = FER_RAW_SOCKET_NONE;
    assert_ok(ferp_socket_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0, &made));
    return made;
}

static int queries_of(fer_raw_socket raw, bool supports)
{
    int before = queries;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ferp_winsock_supports_requests((SOCKET)raw), supports);
    }
    return queries - before;
}

/* More SOCKETs than the table has words. */
TEST(each_socket_has_its_own_answer)
{
    enum { SOCKETS = ANSWER_WORDS + 100, HALF = SOCKETS / 2 };
    static fer_raw_socket raws[SOCKETS];
    for (int i = 0; i < SOCKETS; i++) {
        cancel_is_invalid = i < HALF;
        raws[i] = new_datagram_socket();
        assert_int_equal(queries_of(raws[i], i >= HALF), 1);
    }
    for (int i = 0; i < SOCKETS; i++) {
        cancel_is_invalid = i < HALF;
        assert_true(queries_of(raws[i], i >= HALF) <= 1);
        ferp_close(raws[i]);
    }
}

/* No number of the system has these lower bits. */
TEST(other_numbers_are_always_queried)
{
    fer_raw_socket raw = new_datagram_socket();
    assert_int_equal(queries_of(raw, true), 1);
    for (SOCKET bits = 1; bits <= ANSWER_BITS; bits++) {
        cancel_is_invalid = true;
        assert_int_equal(queries_of((fer_raw_socket)((SOCKET)raw | bits), false), 3);
        cancel_is_invalid = false;
    }
    assert_int_equal(queries_of(raw, true), 0);
    ferp_close(raw);
}

/* More waits at one time than there are places for requests: the others are selects. Each ends with
 * its datagram, or at its deadline. */
TEST(more_waits_than_places_end)
{
    enum { WAITS = 560, PLACES = 512 };
    static struct {
        fer_raw_socket raw;
        ferp_wait wait;
    } all[WAITS];
    fer_socket_addr addr;
    size_t n = 0;
    int selects = 0;
    cancel_is_invalid = false;
    for (int i = 0; i < WAITS; i++) {
        all[i].raw = seam_datagram_socket();
        assert_ok(ferp_wait_arm(&all[i].wait, all[i].raw, FERP_RECEIVABLE));
        selects += all[i].wait.words[FERP_WINSOCK_AT_KIND] == FERP_WINSOCK_SELECTS;
        assert_ok(ferp_local_addr(all[i].raw, &addr));
        assert_ok(i % 2 == 0 ? ferp_send_to(all[i].raw, "x", 1, 0, &addr, &n) : FERP_WINSOCK_OK);
    }
    assert_int_equal(selects, WAITS - PLACES);
    for (int i = 0; i < WAITS; i++) {
        uint64_t deadline = i % 2 == 0 ? seam_deadline() : ferp_now() + FERP_NANOS_PER_MILLI;
        assert_kind(ferp_wait_for(&all[i].wait, deadline), i % 2 == 0 ? FER_OK : FER_TIMED_OUT);
        ferp_close(all[i].raw);
    }
}

TEST_MAIN("request_support")
