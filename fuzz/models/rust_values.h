/* rust_values.h: one address as a value, asked of Rust's std::net and of ferrule: its texts, its
 * kinds, what it can be made into. */
#ifndef FUZZ_RUST_VALUES_H
#define FUZZ_RUST_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/socket_addr.h"
#include "fuzz/rust_std/rust_std.h"

bool rust_has_octets(const uint8_t *octets, const uint8_t *wanted, size_t count);
bool rust_same_ip(const fer_ip_addr *ip, const rust_addr *rust);

/* The same address, made by ferrule's constructors. */
fer_socket_addr rust_value(const rust_addr *rust);

/* Ends the program where the two differ. */
void rust_check_value(const rust_addr *rust);

#endif
