/* rust_values.h: one address as a value, in Rust's std::net and in ferrule: its texts, properties
 * and conversions. */
#ifndef FUZZ_RUST_VALUES_H
#define FUZZ_RUST_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/socket_addr.h"
#include "fuzz/rust_std/rust_std.h"

bool rust_has_octets(const uint8_t *octets, const uint8_t *expected, size_t count);
bool rust_same_ip(const fer_ip_addr *ip, const rust_addr *rust);

/* The same address, made by ferrule's constructors. */
fer_socket_addr rust_value(const rust_addr *rust);

/* Ends the program if the two differ. */
void rust_check_value(const rust_addr *rust);

#endif
