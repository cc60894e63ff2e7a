/* output_check.h: shared by the tests of outputs whose bytes are not zero before the call: the
 * bytes, and the comparison of addresses by every member. */
#ifndef CONFORMANCE_OUTPUT_CHECK_H
#define CONFORMANCE_OUTPUT_CHECK_H

#include "ferrule/socket_addr.h"
#include "support/fixture.h"

enum { DIRT = 0xaa, OTHER_DIRT = 0x55 };

static inline void soil(void *out, size_t len)
{
    memset(out, DIRT, len);
}

/* The call left every byte as it was. */
static inline bool is_soiled(const void *out, size_t len)
{
    const unsigned char *bytes = out;
    size_t at = 0;
    while (at < len && bytes[at] == DIRT) {
        at++;
    }
    return at == len;
}

/* "flowinfo and scope_id belong to IPv6 only. For IPv4 they are 0" (socket_addr.h). */
static inline bool is_same_addr(const fer_socket_addr *one, const fer_socket_addr *other)
{
    return fer_socket_addr_eq(one, other) && one->flowinfo == other->flowinfo &&
           one->scope_id == other->scope_id;
}

#endif
