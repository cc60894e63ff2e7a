/* unix_opening.c: opens Unix sockets. */
#include "core/open/unix_opening.h"

#include <stddef.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/open/binding.h"
#include "core/open/connecting.h"
#include "core/open/opening.h"
#include "core/wait/connect_wait.h"

fer_error feri_check_unix_name(const fer_unix_addr *addr)
{
    if (addr != NULL && addr->kind_ == FERP_UNIX_ABSTRACT &&
        addr->len_ <= ferp_traits()->unix_path_max) {
        return ferp_traits()->has_abstract_unix_names ? feri_ok() : feri_own_error(FER_UNSUPPORTED);
    }
    return fer_unix_addr_as_pathname(addr) != NULL ? feri_ok() : feri_refuse(addr == NULL);
}

/* ---- Openers */

/* WOULD_BLOCK means a full queue. It does not continue in the background, except on Windows, where
 * it means that the connect has started. After INTERRUPTED it has not started. */
fer_error feri_unix_connect_once(fer_raw_socket raw, const fer_unix_addr *addr)
{
    fer_error error = feri_map_error(FERI_OPERATION_UNIX_NAME, ferp_unix_connect(raw, addr));
    if (ferp_traits()->connect_would_block_means_started && error.kind == FER_WOULD_BLOCK) {
        return feri_map_error(FERI_OPERATION_START, error);
    }
    return error;
}

fer_error feri_unix_connect_raw(fer_raw_socket raw, const fer_unix_addr *addr)
{
    fer_error error;
    do {
        error = feri_unix_connect_once(raw, addr);
    } while (error.kind == FER_INTERRUPTED);
    return error;
}

/* No event reports room in the queue, so the connect is repeated at these intervals. */
#define QUEUE_PAUSE_NANOS (4 * FERP_NANOS_PER_MILLI)

fer_error feri_unix_connect_within(fer_raw_socket raw, const fer_unix_addr *addr,
                                   const feri_limits *limits, uint64_t queue_deadline)
{
    uint64_t deadline = feri_earlier(limits->deadline, queue_deadline);
    fer_error error = feri_unix_connect_raw(raw, addr);
    while (error.kind == FER_WOULD_BLOCK) {
        FER_TRY(feri_limits_check(limits));
        uint64_t now = ferp_now();
        FERI_REQUIRE(now < queue_deadline, FER_WOULD_BLOCK);
        uint64_t until = feri_earlier(now + QUEUE_PAUSE_NANOS, deadline);
        error = ferp_pause_within(limits->token, until, deadline);
        if (error.kind != FER_OK && !feri_retries_after_signal(limits, &error)) {
            return error;
        }
        error = feri_unix_connect_raw(raw, addr);
    }
    return error;
}

fer_error feri_unix_bind_raw(fer_raw_socket raw, const fer_unix_addr *addr)
{
    return feri_map_error(FERI_OPERATION_UNIX_NAME, ferp_unix_bind(raw, addr));
}

fer_error feri_unix_connection_open(const fer_unix_addr *addr, fer_raw_socket *out)
{
    FER_TRY(ferp_socket_new(FER_DOMAIN_UNIX, FER_TYPE_STREAM, 0, out));
    fer_error error = feri_unix_connect_raw(*out, addr);
    return error.kind == FER_IN_PROGRESS
               ? feri_await_connect(*out, FERI_OPERATION_UNIX_NAME, &FERI_NO_LIMITS)
               : error;
}

fer_error feri_unix_listener_open(const fer_unix_addr *addr, fer_raw_socket *out)
{
    FER_TRY(ferp_socket_new(FER_DOMAIN_UNIX, FER_TYPE_STREAM, 0, out));
    FER_TRY(feri_unix_bind_raw(*out, addr));
    return ferp_listen(*out, FERI_BACKLOG);
}

fer_error feri_unix_datagram_open(const fer_unix_addr *addr, fer_raw_socket *out)
{
    FER_TRY(ferp_socket_new(FER_DOMAIN_UNIX, FER_TYPE_DGRAM, 0, out));
    return feri_unix_bind_raw(*out, addr);
}

/* ---- Handles */

/* checked is the result of checking the address, which the check of the handle precedes. */
static fer_error open_claimed(fer_handle *handle, const fer_unix_addr *addr, fer_error checked,
                              feri_unix_opener opener, uint32_t kind)
{
    FERI_ASSERT(opener != NULL);
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_error error = checked.kind == FER_OK ? opener(addr, &raw) : checked;
    return feri_finish_opening(handle, error, raw, kind | FERI_FLAG_UNIX);
}

fer_error feri_unix_open(fer_handle *handle, const fer_unix_addr *addr, feri_unix_opener opener,
                         uint32_t kind)
{
    FER_TRY(feri_handle_claim(handle));
    return open_claimed(handle, addr, feri_check_unix_name(addr), opener, kind);
}

fer_error feri_unix_open_path(fer_handle *handle, const char *path, feri_unix_opener opener,
                              uint32_t kind)
{
    fer_unix_addr addr;
    FER_TRY(feri_handle_claim(handle));
    fer_error parsed = fer_unix_addr_from_pathname(&addr, path);
    return open_claimed(handle, &addr, parsed, opener, kind);
}

fer_error feri_unix_start_connect(fer_handle *handle, const fer_unix_addr *addr)
{
    FER_TRY(feri_handle_claim(handle));
    fer_raw_socket raw = FER_RAW_SOCKET_NONE;
    fer_error error = feri_check_unix_name(addr);
    if (error.kind == FER_OK) {
        error = ferp_socket_new(FER_DOMAIN_UNIX, FER_TYPE_STREAM, 0, &raw);
    }
    error = error.kind == FER_OK ? feri_set_connect_mode(raw, true) : error;
    if (error.kind == FER_OK) {
        error = feri_map_error(FERI_OPERATION_UNIX_START, feri_unix_connect_raw(raw, addr));
    }
    return feri_finish_connect_start(handle, error, raw, FERI_STARTED_FLAGS | FERI_FLAG_UNIX);
}

fer_error feri_unix_open_pair(fer_handle *one, fer_handle *other, fer_type type)
{
    FER_TRY(feri_handle_claim(one));
    fer_error error = feri_handle_claim(other);
    if (error.kind != FER_OK) {
        feri_handle_abandon(one);
        return error;
    }
    fer_raw_socket raws[2] = {FER_RAW_SOCKET_NONE, FER_RAW_SOCKET_NONE};
    error = ferp_unix_pair(type, &raws[0], &raws[1]);
    uint32_t flags = FERI_FLAG_UNIX | (type == FER_TYPE_DGRAM ? FERI_FLAG_DATAGRAM : 0);
    fer_error first = feri_finish_opening(one, error, raws[0], flags);
    fer_error second = feri_finish_opening(other, error, raws[1], flags);
    return first.kind != FER_OK ? first : second;
}
