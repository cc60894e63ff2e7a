/* fuzz_addr_vs_rust.c: any text and any value, to Rust's std::net and to ferrule: both return the
 * same. Rust's side is rust_std/, compiled by the installed rustc, 1.63 or later. */
#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"
#include "fuzz/driver/choice.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/models/rust_values.h"
#include "fuzz/rust_std/rust_std.h"

static bool same_socket(const fer_socket_addr *addr, const rust_addr *rust)
{
    return rust_same_ip(&addr->ip, rust) && addr->port == rust->port &&
           addr->flowinfo == rust->flowinfo && addr->scope_id == rust->scope_id;
}

/* FromStr of the type against the parser of the same name: both refuse, or both return the same
 * value, which is stored in `rust`. */
#define CHECK_PARSED(TYPE, RUST_TYPE, PARSER, SAME)                                      \
    do {                                                                                 \
        TYPE value;                                                                      \
        const fer_error error = PARSER(&value, text, size);                              \
        const bool good = rust_std_parse(RUST_TYPE, (const uint8_t *)text, size, &rust); \
        FUZZ_CHECK(good == (error.kind == FER_OK));                                      \
        FUZZ_CHECK(!good || (SAME));                                                     \
    } while (0)

static void check_text(const char *text, size_t size)
{
    rust_addr rust = {0};
    CHECK_PARSED(fer_ipv4_addr, RUST_IPV4_ADDR, fer_ipv4_addr_parse_n,
                 rust_has_octets(value.octets, rust.octets, 4));
    CHECK_PARSED(fer_ipv6_addr, RUST_IPV6_ADDR, fer_ipv6_addr_parse_n,
                 rust_has_octets(value.octets, rust.octets, 16));
    CHECK_PARSED(fer_ip_addr, RUST_IP_ADDR, fer_ip_addr_parse_n, rust_same_ip(&value, &rust));
    CHECK_PARSED(fer_socket_addr, RUST_SOCKET_ADDR, fer_socket_addr_parse_n,
                 same_socket(&value, &rust));
    if (rust.family != 0) {
        rust_check_value(&rust);
    }
}

/* Any bytes as a valid address. */
static rust_addr legal(const uint8_t raw[sizeof(rust_addr)])
{
    rust_addr made;
    memcpy(&made, raw, sizeof made);
    made.unused = 0;
    made.family = made.family % 2 == 0 ? 6 : 4;
    if (made.family == 4) {
        made.flowinfo = 0;
        made.scope_id = 0;
        memset(made.octets + 4, 0, sizeof made.octets - 4);
    }
    return made;
}

/* The end of the input chooses a byte in which a second value differs from the first. The order of
 * the two is compared. */
static void check_order(const uint8_t *data, size_t size)
{
    choices from = choices_of(data, size);
    uint8_t raw[sizeof(rust_addr)] = {0};
    size_t len = 0;
    const size_t at = choose_below(&from, sizeof raw);
    const uint8_t difference = choose_byte(&from);
    memcpy(raw, choose_bytes(&from, sizeof raw, &len), len);
    const rust_addr a = legal(raw);
    raw[at] ^= difference;
    const rust_addr b = legal(raw);
    const fer_socket_addr ours_a = rust_value(&a);
    const fer_socket_addr ours_b = rust_value(&b);
    /* Rust's order ignored flowinfo and scope_id until rust-lang/rust #116714, which is later than
     * 1.73 and earlier than 1.95. */
    if (FERRULE_RUSTC_MINOR >= 95 || (a.flowinfo == b.flowinfo && a.scope_id == b.scope_id)) {
        const int32_t order = rust_std_compare_sockets(&a, &b);
        FUZZ_CHECK(fer_socket_addr_cmp(&ours_a, &ours_b) == order);
        FUZZ_CHECK(fer_socket_addr_eq(&ours_a, &ours_b) == (order == 0));
    }
    FUZZ_CHECK(fer_ip_addr_cmp(ours_a.ip, ours_b.ip) == rust_std_compare_ips(&a, &b));
    rust_check_value(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_copy(data, size);
    check_text(text, size);
    check_order(data, size);
    free(text);
    return 0;
}
