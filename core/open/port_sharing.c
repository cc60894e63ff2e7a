/* port_sharing.c: built sockets that share their address or port (rule L1). */
#include "core/base/compiler.h"
#include "core/handle/connection.h"
#include "core/handle/handle.h"
#include "core/handle/modes.h"
#include "core/handle/options.h"
#include "core/open/socket_building.h"
#include "platform/platform.h"

/* Binding a port in TIME_WAIT is the effect of SO_REUSEADDR on a POSIX stream. On Windows every
 * bind can do it, and SO_REUSEADDR would let another socket steal the port. */
static bool always_reuses(const fer_handle *handle)
{
    return ferp_traits()->reuse_address_steals_ports && feri_socket_type(handle) == FER_TYPE_STREAM;
}

/* POSIX systems accept SO_REUSEADDR for a Unix socket. A path that exists is not bound again
 * (unix(7)). */
static bool never_reuses(const fer_handle *handle)
{
    return feri_handle_has_flag(handle, FERI_FLAG_UNIX);
}

/* A failed bind may have set exclusive use, and a socket cannot have both options. */
static fer_error set_reuse_option(const fer_handle *handle, bool reuse)
{
    fer_error error = ferp_set_option(feri_modes_raw(handle), FERP_REUSE_ADDRESS, reuse);
    bool is_exclusive = error.kind == FER_INVALID_INPUT &&
                        ferp_traits()->reuse_address_steals_ports && !feri_socket_is_bound(handle);
    if (!is_exclusive) {
        return error;
    }
    FER_TRY(ferp_set_option(feri_modes_raw(handle), FERP_EXCLUSIVE_ADDRESS, 0));
    return ferp_set_option(feri_modes_raw(handle), FERP_REUSE_ADDRESS, reuse);
}

/* set_reuse_address(false) keeps the SO_REUSEPORT that set_reuse_port has set. */
static fer_error set_reuse_options(const fer_handle *handle, bool reuse)
{
    FER_TRY(set_reuse_option(handle, reuse));
    bool port = reuse || feri_handle_has_flag(handle, FERI_FLAG_REUSE_PORT_SET);
    return feri_socket_shares_by_reuse_port(handle)
               ? ferp_set_option(feri_modes_raw(handle), FERP_REUSE_PORT, port)
               : feri_ok();
}

/* The default value is left to bind, which then keeps the port exclusive. */
fer_error feri_socket_set_reuse_address(fer_handle *handle, bool reuse)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    if (never_reuses(handle) || always_reuses(handle)) {
        return feri_ok();
    }
    FER_TRY(feri_forgive_ended(handle, set_reuse_options(handle, reuse)));
    bool is_default = reuse == (feri_socket_type(handle) == FER_TYPE_STREAM);
    feri_atomic_change_bits(&handle->p_.flags_, is_default ? 0 : FERI_FLAG_REUSE_ADDRESS_SET,
                            is_default ? FERI_FLAG_REUSE_ADDRESS_SET : 0);
    return feri_ok();
}

/* The value that bind will use. */
fer_error feri_socket_reuse_address(const fer_handle *handle, bool *out)
{
    FER_TRY(feri_handle_check_getter(handle, out));
    if (never_reuses(handle)) {
        *out = false;
        return feri_ok();
    }
    bool is_stream = feri_socket_type(handle) == FER_TYPE_STREAM;
    uint32_t asks = FERI_FLAG_REUSE_ADDRESS_SET | FERI_FLAG_ADOPTED;
    asks |= is_stream ? 0 : FERI_FLAG_CLONED; /* a clone may have set it */
    if (always_reuses(handle) || !feri_handle_has_flag(handle, asks)) {
        *out = is_stream;
        return feri_ok();
    }
    return feri_bool_option(handle, FERP_REUSE_ADDRESS, out);
}

/* Whether the flag of this handle, and not the system, has the value of set_reuse_port. */
static bool keeps_reuse_port(const fer_handle *handle)
{
    return feri_socket_shares_by_reuse_port(handle) && !feri_handle_is_shared(handle);
}

fer_error feri_socket_set_reuse_port(fer_handle *handle, bool reuse)
{
    FER_TRY(feri_socket_reject_kinds(handle, FERI_NOT_IP));
    bool shares = feri_socket_shares_by_reuse_port(handle) && feri_socket_reuse_is_set(handle);
    FER_TRY(feri_set_bool_option(handle, FERP_REUSE_PORT, reuse || shares));
    feri_atomic_change_bits(&handle->p_.flags_, reuse ? FERI_FLAG_REUSE_PORT_SET : 0,
                            reuse ? 0 : FERI_FLAG_REUSE_PORT_SET);
    return feri_ok();
}

fer_error feri_socket_reuse_port(const fer_handle *handle, bool *out)
{
    FER_TRY(feri_socket_reject_kinds(handle, FERI_NOT_IP));
    FER_TRY(feri_handle_check_getter(handle, out));
    if (keeps_reuse_port(handle)) {
        *out = feri_handle_has_flag(handle, FERI_FLAG_REUSE_PORT_SET);
        return feri_ok();
    }
    return feri_bool_option(handle, FERP_REUSE_PORT, out);
}
