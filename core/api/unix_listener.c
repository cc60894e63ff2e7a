/* unix_listener.c: the public functions of fer_unix_listener. */
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/options.h"
#include "core/open/binding.h"
#include "core/open/unix_opening.h"
#include "core/wait/readiness.h"
#include "ferrule/unix.h"
#include "platform/platform.h"

/* NULL for NULL, which the called functions refuse. */
static fer_handle *unix_listener_handle(fer_unix_listener *listener)
{
    return listener == NULL ? NULL : &listener->handle_;
}

static const fer_handle *const_unix_listener_handle(const fer_unix_listener *listener)
{
    return listener == NULL ? NULL : &listener->handle_;
}

fer_error fer_unix_listener_bind(fer_unix_listener *listener, const char *path)
{
    return feri_listener_opened(
        unix_listener_handle(listener),
        feri_unix_open_path(unix_listener_handle(listener), path, feri_unix_listener_open));
}

fer_error fer_unix_listener_bind_addr(fer_unix_listener *listener, const fer_unix_addr *addr)
{
    return feri_listener_opened(
        unix_listener_handle(listener),
        feri_unix_open(unix_listener_handle(listener), addr, feri_unix_listener_open));
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
    FER_TRY(feri_accept_without_peer(unix_listener_handle(listener),
                                     out == NULL ? NULL : &out->handle_));
    store_peer_addr(out, peer);
    return feri_ok();
}

fer_error fer_unix_listener_try_accept(fer_unix_listener *listener, fer_unix_stream *out,
                                       fer_unix_addr *peer)
{
    FER_TRY(feri_try_accept_without_peer(unix_listener_handle(listener),
                                         out == NULL ? NULL : &out->handle_));
    store_peer_addr(out, peer);
    return feri_ok();
}

fer_error fer_unix_listener_ready(const fer_unix_listener *listener, fer_interest interest,
                                  fer_duration timeout, fer_interest *ready)
{
    return feri_ready(const_unix_listener_handle(listener), interest, timeout, ready);
}

fer_error fer_unix_listener_local_addr(const fer_unix_listener *listener, fer_unix_addr *out)
{
    FER_TRY(feri_handle_check_getter(const_unix_listener_handle(listener), out));
    return ferp_unix_local_addr(const_unix_listener_handle(listener)->p_.raw_, out);
}

fer_error fer_unix_listener_try_clone(fer_unix_listener *listener, fer_unix_listener *out)
{
    return feri_try_clone(unix_listener_handle(listener), unix_listener_handle(out));
}

fer_error fer_unix_listener_set_limits(fer_unix_listener *listener, const fer_limits *limits)
{
    return feri_set_limits(unix_listener_handle(listener), limits);
}

fer_error fer_unix_listener_set_nonblocking(fer_unix_listener *listener, bool nonblocking)
{
    return feri_set_nonblocking(unix_listener_handle(listener), nonblocking);
}

fer_error fer_unix_listener_take_error(fer_unix_listener *listener, fer_error *out)
{
    FER_TRY(feri_handle_check_getter(unix_listener_handle(listener), out));
    return ferp_take_error(const_unix_listener_handle(listener)->p_.raw_, out);
}

void fer_unix_listener_close(fer_unix_listener *listener)
{
    feri_handle_close(unix_listener_handle(listener));
}

fer_raw_socket fer_unix_listener_as_raw(const fer_unix_listener *listener)
{
    return feri_handle_as_raw(const_unix_listener_handle(listener));
}

fer_error fer_unix_listener_from_raw(fer_unix_listener *listener, fer_raw_socket raw)
{
    return feri_listener_from_raw(unix_listener_handle(listener), raw, FERI_DOMAIN_UNIX);
}

fer_raw_socket fer_unix_listener_into_raw(fer_unix_listener *listener)
{
    return feri_into_raw(unix_listener_handle(listener));
}
