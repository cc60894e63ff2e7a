/* eva_parse.c: every public parser on any bytes, for Frama-C's Eva: each _parse_n with any length
 * up to that of its block, each _parse with a block whose last byte is NUL. WHICH selects the
 * parser. LONGEST is the length of the block; a short block detects a read past the end of a short
 * text. */
#include <stddef.h>

#include "__fc_builtin.h"
#include "ferrule.h"

int main(void)
{
    char bytes[LONGEST + 1];
    fer_ipv4_addr v4 = {{0}};
    fer_ipv6_addr v6 = {{0}};
    fer_ip_addr ip = {0};
    fer_socket_addr addr = {0};
    fer_error err = {FER_OK, 0};
    const size_t len = Frama_C_size_t_interval(0, LONGEST);
    for (size_t i = 0; i < LONGEST; i++) {
        bytes[i] = Frama_C_char_interval(-128, 127);
    }
    bytes[LONGEST] = '\0';
    const char *text = &bytes[1];
    const char *with_nul = bytes;
    switch (WHICH) {
    case 0: err = fer_ipv4_addr_parse_n(&v4, text, len); break;
    case 1: err = fer_ipv6_addr_parse_n(&v6, text, len); break;
    case 2: err = fer_ip_addr_parse_n(&ip, text, len); break;
    case 3: err = fer_socket_addr_parse_n(&addr, text, len); break;
    case 4: err = fer_ipv4_addr_parse(&v4, with_nul); break;
    case 5: err = fer_ipv6_addr_parse(&v6, with_nul); break;
    case 6: err = fer_ip_addr_parse(&ip, with_nul); break;
    case 7: err = fer_socket_addr_parse(&addr, with_nul); break;
    default: break;
    }
    return err.kind == FER_OK;
}
