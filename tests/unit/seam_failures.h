/* seam_failures.h: the handles and the failures for tests in which each call of an operation fails
 * in turn. For test_seam_failures.c and test_building_failures.c. */
#ifndef TEST_SEAM_FAILURES_H
#define TEST_SEAM_FAILURES_H

#include "unit/scripted_platform.h"

#include "ferrule/socket.h"
#include "ferrule/tcp.h"
#include "ferrule/udp.h"
#include "ferrule/unix.h"

static const struct ferp_traits *const systems[] = {&script_posix, &script_bsd, &script_windows};

/* The handles that the operations use; new for each failure. */
static struct fixture {
    fer_tcp_stream stream;
    fer_tcp_listener listener;
    fer_tcp_stream out_stream;
    fer_tcp_listener out_listener;
    fer_udp_socket socket;
    fer_udp_socket out_socket;
    fer_unix_listener unix_listener;
    fer_unix_stream out_unix_streams[2];
    fer_unix_listener out_unix_listener;
    fer_unix_datagram out_unix_datagrams[2];
    fer_socket built;
    fer_socket out_built;
    fer_raw_socket adoptable;
    int sockets_before;
} fixture;

/* Every handle that an operation can fill. */
static fer_handle *const outs[] = {
    &fixture.out_stream.handle_,
    &fixture.out_listener.handle_,
    &fixture.out_socket.handle_,
    &fixture.out_unix_streams[0].handle_,
    &fixture.out_unix_streams[1].handle_,
    &fixture.out_unix_listener.handle_,
    &fixture.out_unix_datagrams[0].handle_,
    &fixture.out_unix_datagrams[1].handle_,
    &fixture.out_built.handle_,
};
#define OUT_COUNT (sizeof outs / sizeof outs[0])

static inline void set_up(const struct ferp_traits *traits)
{
    script_begin(traits);
    memset(&fixture, 0, sizeof fixture);
    fixture.stream.handle_ = script_stream(0);
    fixture.listener.handle_ = script_stream(FERI_FLAG_ADOPTED | FERI_FLAG_V6);
    fixture.socket.handle_ = script_stream(FERI_FLAG_DATAGRAM);
    fixture.unix_listener.handle_ = script_stream(FERI_FLAG_ADOPTED);
    fixture.built.handle_ = script_stream(FERI_FLAG_DATAGRAM);
    fixture.adoptable = script_open_socket();
    fixture.sockets_before = script.sockets_open;
}

/* The connect needs a wait, in whichever way it starts, and the first readiness is false. */
static inline void script_slow_connect(void)
{
    bool would_block = script.traits.connect_would_block_means_started;
    script_default(SCRIPT_CONNECT)->error =
        (fer_error){would_block ? FER_WOULD_BLOCK : FER_IN_PROGRESS, 115};
    script_then(SCRIPT_PEER_ADDR)->error = (fer_error){FER_NOT_CONNECTED, 107};
}

static const fer_error failures[] = {
    {FER_TOO_MANY_OPEN_FILES, 24},
    {FER_OUT_OF_MEMORY, 12},
    {FER_INVALID_INPUT, 22},
    {FER_INTERRUPTED, 4},
    {FER_CONNECTION_ABORTED, 103},
    {FER_WOULD_BLOCK, 11},
    {FER_PERMISSION_DENIED, 13},
    {FER_CONNECTION_REFUSED, 0},
    {FER_UNSUPPORTED, 95},
    {FER_ADDR_IN_USE, 98},
    {FER_TIMED_OUT, 0},
    {FER_NOT_CONNECTED, 107},
};
#define FAILURE_COUNT (sizeof failures / sizeof failures[0])

#endif
