/* eva_format.c: every public formatter of an address, with any value, for Frama-C's Eva. The buffer
 * has every size up to CAP and ends with its block. WHICH selects the formatter. */
#include <stddef.h>

#include "__fc_builtin.h"
#include "ferrule.h"

int main(void)
{
    char bytes[CAP];
    size_t len = 0;
    fer_ipv4_addr v4;
    fer_ipv6_addr v6;
    fer_ip_addr ip;
    fer_socket_addr addr;
    Frama_C_make_unknown((char *)&v4, sizeof v4);
    Frama_C_make_unknown((char *)&v6, sizeof v6);
    Frama_C_make_unknown((char *)&ip, sizeof ip);
    Frama_C_make_unknown((char *)&addr, sizeof addr);
    Frama_C_make_unknown(bytes, sizeof bytes);
    const size_t cap = Frama_C_size_t_interval(0, CAP);
    //@ split cap;
    char *buf = &bytes[CAP - cap];
    switch (WHICH) {
    case 0: len = fer_ipv4_addr_format(v4, buf, cap); break;
    case 1: len = fer_ipv6_addr_format(v6, buf, cap); break;
    case 2: len = fer_ip_addr_format(ip, buf, cap); break;
    case 3: len = fer_socket_addr_format(&addr, buf, cap); break;
    default: break;
    }
    return len < CAP;
}
