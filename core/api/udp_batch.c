/* udp_batch.c: the functions of udp_batch.h: batches, the features of a datagram socket, and the
 * length of datagrams on the path. */
#include "ferrule/udp_batch.h"

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "core/transfer/datagram.h"
#include "core/transfer/datagram_batch.h"
#include "platform/messages.h"
#include "platform/platform.h"

/* ---- Features */

/* The features that can be enabled, and those that are queried from the OS. */
#define SWITCHES \
    (FER_UDP_LOCAL_ADDR | FER_UDP_ECN | FER_UDP_COALESCING | FER_UDP_DROPS | FER_UDP_TIMESTAMPS)
#define QUERIED (SWITCHES | FER_UDP_SOURCE | FER_UDP_SEGMENTING)

/* Enables or disables one feature. *result has its bit if it is then enabled. */
static fer_error switch_feature(fer_handle *handle, fer_udp_features feature, bool on,
                                fer_udp_features *result)
{
    fer_error error =
        ferp_set_udp_feature(handle->p_.raw_, feri_handle_family(handle), feature, on);
    if (error.kind == FER_UNSUPPORTED) {
        return feri_ok();
    }
    FER_TRY(error);
    if (feature == FER_UDP_COALESCING) {
        feri_atomic_change_bits(&handle->p_.flags_, on ? FERI_FLAG_COALESCING : 0,
                                FERI_FLAG_COALESCING);
    }
    *result |= on ? feature : 0;
    return feri_ok();
}

/* Coalescing stays enabled, because datagrams that are queued may be coalesced. It does not change
 * on clones, which keep the flag that they were made with (rule B8). */
static bool is_fixed(const fer_handle *handle, fer_udp_features feature)
{
    return feature == FER_UDP_COALESCING &&
           feri_handle_has_flag(handle, FERI_FLAG_CLONED | FERI_FLAG_COALESCING);
}

fer_error fer_udp_socket_enable(fer_udp_socket *socket, fer_udp_features wanted,
                                fer_udp_features *enabled)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    FERI_REQUIRE((wanted & ~SWITCHES) == 0, FER_INVALID_INPUT);
    fer_udp_features result = 0;
    for (fer_udp_features feature = 1; feature <= SWITCHES; feature <<= 1) {
        if (is_fixed(handle, feature)) {
            result |= feri_handle_has_flag(handle, FERI_FLAG_COALESCING) ? feature : 0;
        } else {
            FER_TRY(switch_feature(handle, feature, (wanted & feature) != 0, &result));
        }
    }
    if (enabled != NULL) {
        *enabled = result;
    }
    return feri_ok();
}

fer_error fer_udp_socket_features(const fer_udp_socket *socket, fer_udp_capabilities *out)
{
    const fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check_getter(handle, out));
    fer_udp_capabilities found = {0, 0, 1, (uint32_t)ferp_messages_per_call()};
    for (fer_udp_features feature = 1; feature <= QUERIED; feature <<= 1) {
        bool on = false;
        fer_error error =
            ferp_udp_feature(handle->p_.raw_, feri_handle_family(handle), feature, &on);
        found.available |= error.kind == FER_OK ? feature : 0;
        found.enabled |= on ? feature & SWITCHES : 0;
    }
    found.available |= found.max_batch > 1 ? FER_UDP_BATCHING : 0;
    if (feri_handle_has_flag(handle, FERI_FLAG_SEGMENTS_OFF)) {
        found.available &= ~FER_UDP_SEGMENTING;
    }
    found.max_segments = (found.available & FER_UDP_SEGMENTING) != 0 ? FERP_SEGMENTS_MAX : 1;
    *out = found;
    return feri_ok();
}

/* ---- Sending and receiving */

fer_error fer_udp_socket_send_batch(fer_udp_socket *socket, fer_datagram_send *messages,
                                    size_t count, size_t *n)
{
    return feri_datagram_send_batch(FERI_HANDLE(socket), messages, count, 0, n);
}

fer_error fer_udp_socket_recv_batch(fer_udp_socket *socket, fer_datagram_recv *messages,
                                    size_t count, size_t *n)
{
    return feri_datagram_receive_batch(FERI_HANDLE(socket), messages, count, 0, n);
}

fer_error fer_udp_socket_try_send_batch(fer_udp_socket *socket, fer_datagram_send *messages,
                                        size_t count, size_t *n)
{
    return feri_datagram_send_batch(FERI_HANDLE(socket), messages, count, FERP_DONTWAIT, n);
}

fer_error fer_udp_socket_try_recv_batch(fer_udp_socket *socket, fer_datagram_recv *messages,
                                        size_t count, size_t *n)
{
    return feri_datagram_receive_batch(FERI_HANDLE(socket), messages, count, FERP_DONTWAIT, n);
}

/* ---- The length of datagrams on the path */

fer_error fer_udp_socket_set_dont_fragment(fer_udp_socket *socket, bool dont_fragment)
{
    fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    return ferp_set_dont_fragment(handle->p_.raw_, feri_handle_family(handle), dont_fragment);
}

fer_error fer_udp_socket_dont_fragment(const fer_udp_socket *socket, bool *out)
{
    const fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check_getter(handle, out));
    return ferp_dont_fragment(handle->p_.raw_, feri_handle_family(handle), out);
}

fer_error fer_udp_socket_path_mtu(const fer_udp_socket *socket, uint32_t *out)
{
    fer_socket_addr peer;
    const fer_handle *handle = FERI_HANDLE(socket);
    FER_TRY(feri_handle_check_getter(handle, out));
    FER_TRY(feri_datagram_peer(handle, &peer));
    return ferp_path_mtu(handle->p_.raw_, feri_handle_family(handle), out);
}
