/* tcp_listener.c: the public functions of fer_tcp_listener, except the one that resolves names. */
#include "core/handle/handle.h"
#include "core/handle/limits.h"
#include "core/handle/options.h"
#include "core/open/binding.h"
#include "core/wait/readiness.h"
#include "ferrule/tcp.h"
#include "platform/platform.h"

fer_error fer_tcp_listener_bind_addr(fer_tcp_listener *listener, const fer_socket_addr *addr)
{
    return feri_listener_opened(
        FERI_HANDLE(listener), feri_open_first(FERI_HANDLE(listener), addr, 1, feri_listener_open));
}

fer_error fer_tcp_listener_accept(fer_tcp_listener *listener, fer_tcp_stream *out,
                                  fer_socket_addr *peer)
{
    return feri_accept(FERI_HANDLE(listener), FERI_HANDLE(out), peer);
}

fer_error fer_tcp_listener_try_accept(fer_tcp_listener *listener, fer_tcp_stream *out,
                                      fer_socket_addr *peer)
{
    return feri_try_accept(FERI_HANDLE(listener), FERI_HANDLE(out), peer);
}

fer_error fer_tcp_listener_ready(const fer_tcp_listener *listener, fer_interest interest,
                                 fer_duration timeout, fer_interest *ready)
{
    return feri_ready(FERI_HANDLE(listener), interest, timeout, ready);
}

fer_error fer_tcp_listener_local_addr(const fer_tcp_listener *listener, fer_socket_addr *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(listener), out));
    return ferp_local_addr(listener->handle_.p_.raw_, out);
}

fer_error fer_tcp_listener_try_clone(fer_tcp_listener *listener, fer_tcp_listener *out)
{
    return feri_try_clone(FERI_HANDLE(listener), FERI_HANDLE(out));
}

fer_error fer_tcp_listener_set_ttl(fer_tcp_listener *listener, uint32_t ttl)
{
    return feri_set_ttl(FERI_HANDLE(listener), ttl);
}

fer_error fer_tcp_listener_ttl(const fer_tcp_listener *listener, uint32_t *out)
{
    return feri_ttl(FERI_HANDLE(listener), out);
}

fer_error fer_tcp_listener_take_error(fer_tcp_listener *listener, fer_error *out)
{
    FER_TRY(feri_handle_check_getter(FERI_HANDLE(listener), out));
    return ferp_take_error(listener->handle_.p_.raw_, out);
}

fer_error fer_tcp_listener_set_limits(fer_tcp_listener *listener, const fer_limits *limits)
{
    return feri_set_limits(FERI_HANDLE(listener), limits);
}

fer_error fer_tcp_listener_set_nonblocking(fer_tcp_listener *listener, bool nonblocking)
{
    return feri_set_nonblocking(FERI_HANDLE(listener), nonblocking);
}

void fer_tcp_listener_close(fer_tcp_listener *listener)
{
    feri_handle_close(FERI_HANDLE(listener));
}

fer_raw_socket fer_tcp_listener_as_raw(const fer_tcp_listener *listener)
{
    return feri_handle_as_raw(FERI_HANDLE(listener));
}

fer_error fer_tcp_listener_from_raw(fer_tcp_listener *listener, fer_raw_socket raw)
{
    return feri_listener_from_raw(FERI_HANDLE(listener), raw, FERI_DOMAIN_IP);
}

fer_raw_socket fer_tcp_listener_into_raw(fer_tcp_listener *listener)
{
    return feri_into_raw(FERI_HANDLE(listener));
}
