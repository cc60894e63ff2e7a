/* ip_parse.h: reading IP addresses out of a longer text. Each reader stops after the address; on failure where it stops means
 * nothing, and the output is untouched. What follows is the caller's to judge: it must refuse a digit and a dot. */
#ifndef FERI_IP_PARSE_H
#define FERI_IP_PARSE_H

#include "core/addr_cursor.h"
#include "ferrule/ip.h"

/* Reads a.b.c.d in the fastest form that this target has. */
bool feri_ipv4_read(feri_addr_cursor *cursor, fer_ipv4_addr *out);

/* The same in portable C; outside tests only for targets without the other form. */
bool feri_ipv4_read_scalar(feri_addr_cursor *cursor, fer_ipv4_addr *out);

/* Reads an IPv6 address without zone or brackets. */
bool feri_ipv6_read(feri_addr_cursor *cursor, fer_ipv6_addr *out);

#endif
