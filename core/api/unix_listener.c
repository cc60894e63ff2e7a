/* unix_listener.c: the public functions of fer_unix_listener. */
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/options.h"
#include "core/open/binding.h"
#include "core/open/unix_opening.h"
#include "core/wait/readiness.h"
#include "ferrule/unix.h"
#include "platform/platform.h"

fer_error fer_unix_listener_bind(fer_unix_listener *listener, const char *path)
{
    return feri_listener_opened(
        FERI_HANDLE(listener),
        feri_unix_open_path(FERI_HANDLE(listener), path, feri_unix_listener_open));
}

fer_error fer_unix_listener_bind_addr(fer_unix_listener *listener, const fer_unix_addr *addr)
{
    return feri_listener_opened(FERI_HANDLE(listener), feri_unix_open(FERI_HANDLE(listener), addr,
                                                                      feri_unix_listener_open));
}

/* The peer's name is queried only if the caller requests it. If the peer has closed, the address is
 * unnamed. */
static void store_peer_addr(const fer_unix_stream *stream, fer_unix_addr *peer)
{
    if (peer != NULL &&
        ferp_unix_peer_addr(feri_handle_as_raw(&stream->handle_), peer).kind != FER_OK) {
        *peer = (fer_unix_addr){0};
    }
}

fer_error fer_unix_listener_accept(fer_unix_listener *listener, fer_unix_stream *out,
                                   fer_unix_addr *peer)
{
    FER_TRY(feri_accept_without_peer(FERI_HANDLE(listener), FERI_HANDLE(out)));
    store_peer_addr(out, peer);
    return feri_ok();
}

fer_error fer_unix_listener_try_accept(fer_unix_listener *listener, fer_unix_stream *out,
                                       fer_unix_addr *peer)
{
    FER_TRY(feri_try_accept_without_peer(FERI_HANDLE(listener), FERI_HANDLE(out)));
    store_peer_addr(out, peer);
    return feri_ok();
}

fer_error fer_unix_listener_ready(const fer_unix_listener *listener, fer_interest interest,
                                  fer_duration timeout, fer_interest *ready)
{
    return feri_ready(FERI_HANDLE(listener), interest, timeout, ready);
}

fer_error fer_unix_listener_local_addr(const fer_unix_listener *listener, fer_unix_addr *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(listener), out));
    return ferp_unix_local_addr(listener->handle_.p_.raw_, out);
}

fer_error fer_unix_listener_try_clone(fer_unix_listener *listener, fer_unix_listener *out)
{
    return feri_try_clone(FERI_HANDLE(listener), FERI_HANDLE(out));
}

fer_error fer_unix_listener_set_limits(fer_unix_listener *listener, const fer_limits *limits)
{
    return feri_set_limits(FERI_HANDLE(listener), limits);
}

fer_error fer_unix_listener_set_nonblocking(fer_unix_listener *listener, bool nonblocking)
{
    return feri_set_nonblocking(FERI_HANDLE(listener), nonblocking);
}

fer_error fer_unix_listener_take_error(fer_unix_listener *listener, fer_error *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(listener), out));
    return ferp_take_error(listener->handle_.p_.raw_, out);
}

void fer_unix_listener_close(fer_unix_listener *listener)
{
    feri_handle_close(FERI_HANDLE(listener));
}

fer_raw_socket fer_unix_listener_as_raw(const fer_unix_listener *listener)
{
    return feri_handle_as_raw(FERI_HANDLE(listener));
}

fer_error fer_unix_listener_from_raw(fer_unix_listener *listener, fer_raw_socket raw)
{
    return feri_listener_from_raw(FERI_HANDLE(listener), raw, FERI_DOMAIN_UNIX);
}

fer_raw_socket fer_unix_listener_into_raw(fer_unix_listener *listener)
{
    return feri_into_raw(FERI_HANDLE(listener));
}
