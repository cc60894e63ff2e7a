/* test_request_support.c: platform/winsock/request_support.c: which SOCKETs the system is queried
 * for, and how often. Windows only. */
#include "platform/winsock/winsock.h"

#include "support/seam.h"

/* ---- Winsock's call, counted */

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

/* ---- New SOCKETs */

static fer_raw_socket new_datagram_socket(void)
{
    fer_raw_socket made = FER_RAW_SOCKET_NONE;
    assert_ok(ferp_socket_new(FER_DOMAIN_IPV4, FER_TYPE_DGRAM, 0, &made));
    return made;
}

static fer_raw_socket new_duplicate(void)
{
    fer_raw_socket original = new_datagram_socket();
    fer_raw_socket made = FER_RAW_SOCKET_NONE;
    assert_ok(ferp_duplicate(original, &made));
    ferp_close(original);
    return made;
}

static fer_raw_socket adopted(void)
{
    SOCKET made = WSASocketW(AF_INET, SOCK_DGRAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
    assert_true(made != INVALID_SOCKET);
    assert_ok(ferp_adopt((fer_raw_socket)made, (fer_ip_family)0));
    return (fer_raw_socket)made;
}

static fer_raw_socket accepted(void)
{
    struct seam_pair pair = seam_open();
    ferp_close(pair.listener);
    ferp_close(pair.client);
    return pair.server;
}

/* ---- Tests */

static int queries_of(fer_raw_socket raw, bool supports)
{
    int before = queries;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ferp_winsock_supports_requests((SOCKET)raw), supports);
    }
    return queries - before;
}

enum { TRIES = 100 };

/* Other code closes a SOCKET, and a new one gets its number. */
static void check_number_reuse(fer_raw_socket (*make)(void), const char *name)
{
    fer_raw_socket made[TRIES];
    int count = 0;
    fer_raw_socket closed = make();
    cancel_is_invalid = true;
    assert_int_equal(queries_of(closed, false), 1);
    cancel_is_invalid = false;
    closesocket((SOCKET)closed);
    do {
        made[count] = make();
        assert_int_equal(queries_of(made[count], true), 1);
        count++;
    } while (count < TRIES && made[count - 1] != closed);
    if (made[count - 1] != closed) {
        print_message("%s: no new socket gets an old number\n", name);
    }
    for (int i = 0; i < count; i++) {
        ferp_close(made[i]);
    }
}

TEST(a_new_socket_of_an_old_number_is_queried)
{
    check_number_reuse(new_datagram_socket, "new");
    check_number_reuse(new_duplicate, "duplicated");
    check_number_reuse(adopted, "adopted");
    check_number_reuse(accepted, "accepted");
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

TEST_MAIN("request_support")
