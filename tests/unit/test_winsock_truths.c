/* test_winsock_truths.c: platform/winsock/address.c and socket.c over Winsock calls that answer as
 * documented, as reported of Windows, or as a layered provider may. Windows only. Rules C5, L3, P4.
 */
#include "platform/winsock/winsock.h"

#include "ferrule/poller.h"

#include "support/seam.h"

/* ---- Winsock's calls. Each flag replaces the answer of one call. */

enum { LIVE_TIME = 7 };

struct fakes {
    bool is_faked;
    int type;
    bool has_peer;        /* getpeername */
    bool has_time_option; /* SO_CONNECT_TIME can be read */
    DWORD seconds;
    bool can_send; /* select */
    bool refuses_inheritance;
    bool omits_address;
    bool omits_peer;
    bool refuses_mode;
    void (*after_close)(SOCKET closed); /* in place of another thread; once */
};
static struct fakes fake;

static int fail_with(int code)
{
    WSASetLastError(code);
    return SOCKET_ERROR;
}

static int fake_getpeername(SOCKET socket, struct sockaddr *name, int *size)
{
    if (fake.omits_peer) {
        *size = 0;
        return 0;
    }
    return fake.is_faked ? (fake.has_peer ? 0 : fail_with(WSAENOTCONN))
                         : getpeername(socket, name, size);
}

static int fake_getsockopt(SOCKET socket, int level, int name, char *value, int *size)
{
    DWORD answer = name == 0x700C ? fake.seconds : (DWORD)fake.type;
    if (!fake.is_faked || (name != 0x700C && name != SO_TYPE)) {
        return getsockopt(socket, level, name, value, size);
    }
    if (name == 0x700C && !fake.has_time_option) {
        return fail_with(WSAENOPROTOOPT);
    }
    memcpy(value, &answer, sizeof answer);
    return 0;
}

static int fake_select(fd_set *sending, const struct timeval *no_wait)
{
    assert_true(no_wait->tv_sec == 0 && no_wait->tv_usec == 0);
    sending->fd_count = fake.can_send ? 1 : 0;
    return fake.can_send ? 1 : 0;
}

static SOCKET fake_accept(SOCKET socket, struct sockaddr *name, int *size)
{
    SOCKET accepted = accept(socket, name, size);
    if (fake.omits_address) {
        memset(name, 0, sizeof *name);
        *size = 0;
    }
    return accepted;
}

static BOOL fake_inheritance(HANDLE handle, DWORD mask, DWORD flags)
{
    return fake.refuses_inheritance ? FALSE : SetHandleInformation(handle, mask, flags);
}

static fer_error fake_io_mode(SOCKET socket, u_long nonblocking)
{
    return fake.refuses_mode ? ferp_winsock_error(WSAEINVAL)
                             : ferp_winsock_set_io_mode(socket, nonblocking);
}

static int fake_closesocket(SOCKET socket)
{
    int returned = closesocket(socket);
    void (*after_close)(SOCKET) = fake.after_close;
    fake.after_close = NULL;
    if (after_close != NULL) {
        after_close(socket);
    }
    return returned;
}

#define getpeername(socket, name, size) fake_getpeername(socket, name, size)
#define getsockopt(socket, level, name, value, size) \
    fake_getsockopt(socket, level, name, value, size)
#define select(count, reading, sending, failed, time) fake_select(sending, time)
#define accept(socket, name, size) fake_accept(socket, name, size)
#define closesocket(socket) fake_closesocket(socket)
#define SetHandleInformation(handle, mask, flags) fake_inheritance(handle, mask, flags)
#define ferp_winsock_set_io_mode(socket, nonblocking) fake_io_mode(socket, nonblocking)
#include "platform/winsock/address.c"
#include "platform/winsock/socket.c"
#undef getpeername
#undef getsockopt
#undef select
#undef accept
#undef closesocket
#undef SetHandleInformation
#undef ferp_winsock_set_io_mode

static int reset_fakes(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    return 0;
}

/* ---- C5: a pending connect is not connected, if any one of the three answers is wrong */

TEST_WITH(a_stream_is_connected_if_it_has_a_peer_and_a_time_or_space, NULL, reset_fakes)
{
    fer_raw_socket raw = seam_socket();
    for (int bits = 0; bits < 16; bits++) {
        fake.is_faked = true;
        fake.type = SOCK_STREAM;
        fake.has_peer = (bits & 1) != 0;
        fake.has_time_option = (bits & 2) != 0;
        fake.seconds = (bits & 4) != 0 ? LIVE_TIME : UINT32_MAX;
        fake.can_send = (bits & 8) != 0;
        bool has_time = fake.has_time_option && fake.seconds == LIVE_TIME;
        bool connected = fake.has_peer && (has_time || fake.can_send);
        assert_kind(ferp_check_connected(raw), connected ? FER_OK : FER_NOT_CONNECTED);
        ferp_description is;
        assert_ok(ferp_describe(raw, &is));
        assert_int_equal(is.is_connected, connected);
        assert_int_equal(is.is_connecting, fake.has_peer && !connected);
    }
    fake.is_faked = false;
    ferp_close(raw);
}

TEST_WITH(a_datagram_socket_is_connected_if_it_has_a_peer, NULL, reset_fakes)
{
    fer_raw_socket raw = seam_socket();
    fake.is_faked = true;
    fake.type = SOCK_DGRAM;
    for (int has_peer = 0; has_peer < 2; has_peer++) {
        fake.has_peer = has_peer != 0;
        assert_kind(ferp_check_connected(raw), has_peer != 0 ? FER_OK : FER_NOT_CONNECTED);
    }
    fake.is_faked = false;
    ferp_close(raw);
}

/* ---- L3 */

/* Queues a connection, and accepts it with these fakes. */
static fer_error accept_with(struct fakes fakes)
{
    fer_socket_addr addr;
    fer_socket_addr peer = {.port = 0};
    fer_raw_socket listener = seam_listener(&addr);
    fer_raw_socket client = seam_socket();
    fer_raw_socket server = FER_RAW_SOCKET_NONE;
    (void)ferp_connect(client, &addr);
    seam_await(listener, FERP_ACCEPTABLE);
    fake = fakes;
    fer_error error = ferp_accept(listener, &server, &peer);
    fake = (struct fakes){.is_faked = false};
    if (error.kind == FER_OK) {
        assert_true(peer.ip.family == FER_IP_V4 && peer.port != 0);
        ferp_close(server);
    }
    ferp_close(client);
    ferp_close(listener);
    return error;
}

TEST_WITH(a_refused_inheritance_drops_no_connection, NULL, reset_fakes)
{
    assert_ok(accept_with((struct fakes){.refuses_inheritance = true}));
}

TEST_WITH(a_missing_address_is_queried_and_without_one_the_connection_is_ended, NULL, reset_fakes)
{
    assert_ok(accept_with((struct fakes){.omits_address = true}));
    assert_kind(accept_with((struct fakes){.omits_address = true, .omits_peer = true}),
                FER_CONNECTION_ABORTED);
}

TEST_WITH(a_refused_mode_is_an_ended_connection_unless_it_is_connected, NULL, reset_fakes)
{
    assert_kind(accept_with((struct fakes){.refuses_mode = true}), FER_INVALID_INPUT);
    assert_kind(
        accept_with((struct fakes){.refuses_mode = true, .is_faked = true, .type = SOCK_STREAM}),
        FER_CONNECTION_ABORTED);
}

/* ---- P4: the number of a closed SOCKET */

enum { TRIES = 20 };

static const fer_event reading = {.key = 1, .interest = FER_READABLE};
static fer_poller poller;
static fer_raw_socket opened[TRIES];
static size_t opened_count;
static bool is_added;

/* Another thread opens sockets until one has the number, and adds that one. */
static void open_and_add(SOCKET closed)
{
    while (opened_count < TRIES && !is_added) {
        fer_raw_socket made = seam_socket();
        opened[opened_count++] = made;
        if (ferp_winsock_socket(made) == closed) {
            assert_ok(fer_poller_add(&poller, made, reading, FER_POLL_LEVEL));
            is_added = true;
        }
    }
}

/* The close must be counted before closesocket: after it, the number may be another socket's. */
TEST_WITH(a_socket_that_gets_the_number_during_a_close_stays_registered, NULL, reset_fakes)
{
    poller = (fer_poller){0};
    opened_count = 0;
    is_added = false;
    assert_ok(fer_poller_new(&poller));
    fer_raw_socket closed = seam_socket();
    assert_ok(fer_poller_add(&poller, closed, reading, FER_POLL_LEVEL));
    fake.after_close = open_and_add;
    ferp_close(closed);
    fer_error error = {FER_OK, 0};
    if (is_added) {
        error = fer_poller_modify(&poller, closed, reading, FER_POLL_LEVEL);
    }
    fer_poller_close(&poller);
    for (size_t i = 0; i < opened_count; i++) {
        ferp_close(opened[i]);
    }
    if (!is_added) {
        print_message("[  REASON  ] this OS has not reused the closed socket's number yet\n");
        skip();
    }
    assert_ok(error);
}

TEST_MAIN("winsock_truths")
