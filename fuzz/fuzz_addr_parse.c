/* fuzz_addr_parse.c: any bytes to every parser of addresses: the same answer as the reference parser's, from both forms of each, and a
 * text of its own for every value that comes out. */
#include <stdbool.h>

#include "core/ip_parse.h"
#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"
#include "fuzz/address_reference.h"
#include "fuzz/fuzz.h"

#if defined(__GLIBC__)
#include <arpa/inet.h>
#include <sys/socket.h>
#endif

/* The input, ending where its block ends; and again with a NUL after it, where it has none inside. */
typedef struct input {
    const char *text;
    size_t len;
    const char *terminated;
} input;

static bool is_refusal(fer_error error)
{
    return error.kind == FER_INVALID_INPUT && error.os_code == 0;
}

static bool is_success(fer_error error)
{
    return error.kind == FER_OK && error.os_code == 0;
}

/* What is written reads back as the same value, and is written the same again. */
#define CHECK_ROUND_TRIP(TYPE, PARSER, PREFIX, VALUE)                          \
    do {                                                                       \
        char text[FER_SOCKET_ADDR_TEXT_CAP];                                   \
        char again[FER_SOCKET_ADDR_TEXT_CAP];                                  \
        TYPE back;                                                             \
        const size_t len = PREFIX##_format(&(VALUE), text, sizeof text);       \
        FUZZ_CHECK(len > 0 && len < sizeof text && strlen(text) == len);       \
        FUZZ_CHECK(is_success(PARSER##_n(&back, text, len)));                  \
        FUZZ_CHECK(PREFIX##_eq(&back, &(VALUE)));                              \
        FUZZ_CHECK(PREFIX##_format(&back, again, sizeof again) == len);        \
        FUZZ_CHECK(memcmp(again, text, len + 1) == 0);                         \
    } while (0)

/* Both forms of a parser: success is `wanted` and leaves the value in IS_VALUE; a refusal leaves it alone. */
#define CHECK_PARSER(TYPE, PARSER, PREFIX, INPUT, WANTED, IS_VALUE)            \
    do {                                                                       \
        TYPE value;                                                            \
        TYPE other;                                                            \
        memset(&value, FUZZ_UNTOUCHED, sizeof value);                          \
        memset(&other, FUZZ_UNTOUCHED, sizeof other);                          \
        const fer_error error = PARSER##_n(&value, (INPUT)->text, (INPUT)->len); \
        if (WANTED) {                                                          \
            FUZZ_CHECK(is_success(error));                                     \
            FUZZ_CHECK(IS_VALUE);                                              \
            CHECK_ROUND_TRIP(TYPE, PARSER, PREFIX, value);                     \
        } else {                                                               \
            FUZZ_CHECK(is_refusal(error));                                     \
            FUZZ_CHECK(fuzz_is_untouched(&value, sizeof value));               \
        }                                                                      \
        if ((INPUT)->terminated != NULL) {                                     \
            const fer_error also = PARSER(&other, (INPUT)->terminated);        \
            FUZZ_CHECK(also.kind == error.kind && also.os_code == error.os_code); \
            FUZZ_CHECK(WANTED ? PREFIX##_eq(&value, &other) : fuzz_is_untouched(&other, sizeof other)); \
        }                                                                      \
    } while (0)

/* glibc's inet_pton has the same grammar: inet_pton(3). (Other systems' take leading zeros, or a zone.) */
static void compare_with_inet_pton(const input *in, const uint8_t *v4, const uint8_t *v6)
{
#if defined(__GLIBC__)
    uint8_t octets[16] = {0};
    if (in->terminated != NULL) {
        FUZZ_CHECK((inet_pton(AF_INET, in->terminated, octets) == 1) == (v4 != NULL));
        FUZZ_CHECK(v4 == NULL || memcmp(octets, v4, 4) == 0);
        FUZZ_CHECK((inet_pton(AF_INET6, in->terminated, octets) == 1) == (v6 != NULL));
        FUZZ_CHECK(v6 == NULL || memcmp(octets, v6, 16) == 0);
    }
#else
    (void)in;
    (void)v4;
    (void)v6;
#endif
}

static bool is_ip(const fer_ip_addr *value, const uint8_t *v4, const uint8_t *v6)
{
    if (v4 != NULL) {
        return value->family == FER_IP_V4 && memcmp(value->v4.octets, v4, 4) == 0;
    }
    return v6 != NULL && value->family == FER_IP_V6 && memcmp(value->v6.octets, v6, 16) == 0;
}

static void check_ip(const input *in)
{
    uint8_t v4_octets[4] = {0};
    uint8_t v6_octets[16] = {0};
    const uint8_t *v4 = reference_v4(in->text, in->len, v4_octets) ? v4_octets : NULL;
    const uint8_t *v6 = reference_v6(in->text, in->len, v6_octets) ? v6_octets : NULL;
    CHECK_PARSER(fer_ipv4_addr, fer_ipv4_addr_parse, fer_ipv4_addr, in, v4 != NULL, memcmp(value.octets, v4, 4) == 0);
    CHECK_PARSER(fer_ipv6_addr, fer_ipv6_addr_parse, fer_ipv6_addr, in, v6 != NULL, memcmp(value.octets, v6, 16) == 0);
    CHECK_PARSER(fer_ip_addr, fer_ip_addr_parse, fer_ip_addr, in, v4 != NULL || v6 != NULL, is_ip(&value, v4, v6));
    compare_with_inet_pton(in, v4, v6);
    /* The form without vector instructions, which no other call here has on a machine with them. */
    const feri_ipv4_match match = feri_ipv4_match_scalar(in->text, in->len, 0);
    FUZZ_CHECK((match.end == in->len && in->len > 0) == (v4 != NULL));
}

static void check_socket(const input *in)
{
    uint8_t v4_octets[4] = {0};
    uint8_t v6_octets[16] = {0};
    uint32_t v4_port = 0;
    uint32_t v6_port = 0;
    uint32_t scope_id = 0;
    const uint8_t *v4 = reference_socket_v4(in->text, in->len, v4_octets, &v4_port) ? v4_octets : NULL;
    const uint8_t *v6 = reference_socket_v6(in->text, in->len, v6_octets, &scope_id, &v6_port) ? v6_octets : NULL;
    const uint32_t port = v4 != NULL ? v4_port : v6_port;
    const uint32_t scope = v4 != NULL ? 0 : scope_id;
    FUZZ_CHECK(v4 == NULL || v6 == NULL);
    CHECK_PARSER(fer_socket_addr, fer_socket_addr_parse_v4, fer_socket_addr, in, v4 != NULL,
                 is_ip(&value.ip, v4, NULL) && value.port == port && value.scope_id == 0 && value.flowinfo == 0);
    CHECK_PARSER(fer_socket_addr, fer_socket_addr_parse_v6, fer_socket_addr, in, v6 != NULL,
                 is_ip(&value.ip, NULL, v6) && value.port == port && value.scope_id == scope && value.flowinfo == 0);
    CHECK_PARSER(fer_socket_addr, fer_socket_addr_parse, fer_socket_addr, in, v4 != NULL || v6 != NULL,
                 is_ip(&value.ip, v4, v6) && value.port == port && value.scope_id == scope && value.flowinfo == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_copy(data, size);
    char *terminated = NULL;
    if (size == 0 || memchr(data, '\0', size) == NULL) {
        terminated = malloc(size + 1);
        FUZZ_CHECK(terminated != NULL);
        memcpy(terminated, text, size);
        terminated[size] = '\0';
    }
    const input in = {text, size, terminated};
    check_ip(&in);
    check_socket(&in);
    free(terminated);
    free(text);
    return 0;
}
