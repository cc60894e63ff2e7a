/* socket_check.h: built sockets for the tests of the files of fer_socket (core/api) over the
 * scripted seam. */
#ifndef TEST_SOCKET_CHECK_H
#define TEST_SOCKET_CHECK_H

#include "unit/scripted_platform.h"

#include "ferrule/socket.h"

static inline feri_phase phase_of(const fer_socket *socket)
{
    return feri_state_phase(feri_handle_state(&socket->handle_));
}

/* Starts a script, creates an unbound socket and clears the log. */
static inline fer_socket new_socket(const struct ferp_traits *traits, fer_domain domain,
                                    fer_type type)
{
    fer_socket socket;
    memset(&socket, 0, sizeof socket);
    script_begin(traits);
    script_default(SCRIPT_LOCAL_ADDR)->addr = script_addr("0.0.0.0:0");
    assert_ok(fer_socket_new(&socket, domain, type, FER_PROTOCOL_DEFAULT));
    script.log[0] = '\0';
    return socket;
}

static inline fer_socket new_stream(const struct ferp_traits *traits)
{
    return new_socket(traits, FER_DOMAIN_IPV4, FER_TYPE_STREAM);
}

static inline fer_error connect_to(fer_socket *socket, const char *text)
{
    fer_socket_addr addr = script_addr(text);
    return fer_socket_connect(socket, &addr);
}

#endif
