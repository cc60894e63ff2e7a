/* fuzz_addr_parse.c: any bytes to every address parser: both forms of each parser agree with the
 * reference parser, and each parsed value has a text that parses to it. */
#include <stdbool.h>

#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/models/address_reference.h"

#if defined(__GLIBC__)
#include <arpa/inet.h>
#include <sys/socket.h>
#endif

/* The input in a block that ends with it, and again with a NUL at the end if it contains none. */
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

/* How the functions of a type take a value, given a pointer to it. */
#define BY_VALUE(pointer) (*(pointer))
#define BY_POINTER(pointer) (pointer)

/* For each parser: the formatted value parses to the same value and formats to the same text, both
 * forms return the same, and a refusal leaves the output alone. There are two functions because a
 * sanitizer pays for every variable of a called function, and most texts are refused. */
#define DEFINE_PARSER(NAME, TYPE, PARSER, PREFIX, PASS)                                     \
    static void again_of_##NAME(const input *in, const TYPE *value)                         \
    {                                                                                       \
        char text[FER_SOCKET_ADDR_TEXT_CAP];                                                \
        char again[FER_SOCKET_ADDR_TEXT_CAP];                                               \
        TYPE other;                                                                         \
        const size_t len = PREFIX##_format(PASS(value), text, sizeof text);                 \
        FUZZ_CHECK(len > 0 && len < sizeof text && strlen(text) == len);                    \
        FUZZ_CHECK(is_success(PARSER##_n(&other, text, len)) &&                             \
                   PREFIX##_eq(PASS(&other), PASS(value)));                                 \
        FUZZ_CHECK(PREFIX##_format(PASS(&other), again, sizeof again) == len &&             \
                   memcmp(again, text, len + 1) == 0);                                      \
        memset(&other, FUZZ_UNTOUCHED, sizeof other);                                       \
        FUZZ_CHECK(in->terminated == NULL || (is_success(PARSER(&other, in->terminated)) && \
                                              PREFIX##_eq(PASS(&other), PASS(value))));     \
    }                                                                                       \
                                                                                            \
    static bool NAME(const input *in, TYPE *value)                                          \
    {                                                                                       \
        memset(value, FUZZ_UNTOUCHED, sizeof *value);                                       \
        const fer_error error = PARSER##_n(value, in->text, in->len);                       \
        if (is_success(error)) {                                                            \
            again_of_##NAME(in, value);                                                     \
            return true;                                                                    \
        }                                                                                   \
        FUZZ_CHECK(is_refusal(error));                                                      \
        FUZZ_CHECK(in->terminated == NULL || is_refusal(PARSER(value, in->terminated)));    \
        FUZZ_CHECK(fuzz_is_untouched(value, sizeof *value));                                \
        return false;                                                                       \
    }

DEFINE_PARSER(parsed_v4, fer_ipv4_addr, fer_ipv4_addr_parse, fer_ipv4_addr, BY_VALUE)
DEFINE_PARSER(parsed_v6, fer_ipv6_addr, fer_ipv6_addr_parse, fer_ipv6_addr, BY_VALUE)
DEFINE_PARSER(parsed_ip, fer_ip_addr, fer_ip_addr_parse, fer_ip_addr, BY_VALUE)
DEFINE_PARSER(parsed_socket, fer_socket_addr, fer_socket_addr_parse, fer_socket_addr, BY_POINTER)

#if defined(__GLIBC__)
/* glibc's inet_pton has the same grammar: inet_pton(3). Those of other systems accept leading
 * zeros, or a zone. */
static void compare_with_inet_pton(const input *in, const uint8_t *v4, const uint8_t *v6)
{
    uint8_t octets[16] = {0};
    if (in->terminated != NULL) {
        FUZZ_CHECK((inet_pton(AF_INET, in->terminated, octets) == 1) == (v4 != NULL));
        FUZZ_CHECK(v4 == NULL || memcmp(octets, v4, 4) == 0);
        FUZZ_CHECK((inet_pton(AF_INET6, in->terminated, octets) == 1) == (v6 != NULL));
        FUZZ_CHECK(v6 == NULL || memcmp(octets, v6, 16) == 0);
    }
}
#else
#define compare_with_inet_pton(in, v4, v6) ((void)0)
#endif

static bool is_ip(const fer_ip_addr *value, const uint8_t *v4, const uint8_t *v6)
{
    if (v4 != NULL) {
        return value->family == FER_IP_V4 && memcmp(value->u.v4.octets, v4, 4) == 0;
    }
    return v6 != NULL && value->family == FER_IP_V6 && memcmp(value->u.v6.octets, v6, 16) == 0;
}

static bool has_rest(const fer_socket_addr *addr, uint32_t port, uint32_t scope_id)
{
    return addr->port == port && addr->scope_id == scope_id && addr->flowinfo == 0;
}

static void check_ip(const input *in)
{
    uint8_t v4_octets[4] = {0}, v6_octets[16] = {0};
    const uint8_t *v4 = reference_v4(in->text, in->len, v4_octets) ? v4_octets : NULL;
    const uint8_t *v6 = reference_v6(in->text, in->len, v6_octets) ? v6_octets : NULL;
    fer_ip_addr value;
    FUZZ_CHECK(parsed_v4(in, &value.u.v4) == (v4 != NULL));
    FUZZ_CHECK(v4 == NULL || memcmp(value.u.v4.octets, v4, 4) == 0);
    FUZZ_CHECK(parsed_v6(in, &value.u.v6) == (v6 != NULL));
    FUZZ_CHECK(v6 == NULL || memcmp(value.u.v6.octets, v6, 16) == 0);
    FUZZ_CHECK(parsed_ip(in, &value) == (v4 != NULL || v6 != NULL));
    FUZZ_CHECK((v4 == NULL && v6 == NULL) || is_ip(&value, v4, v6));
    compare_with_inet_pton(in, v4, v6);
}

static void check_socket(const input *in)
{
    uint8_t octets[16] = {0};
    uint32_t port = 0, scope_id = 0;
    fer_socket_addr value;
    const bool is_v4 = reference_socket_v4(in->text, in->len, octets, &port);
    const bool is_v6 = !is_v4 && reference_socket_v6(in->text, in->len, octets, &scope_id, &port);
    FUZZ_CHECK(parsed_socket(in, &value) == (is_v4 || is_v6));
    FUZZ_CHECK(!is_v4 || (is_ip(&value.ip, octets, NULL) && has_rest(&value, port, 0)));
    FUZZ_CHECK(!is_v6 || (is_ip(&value.ip, NULL, octets) && has_rest(&value, port, scope_id)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_copy(data, size);
    char *terminated = fuzz_terminated(data, size);
    const input in = {text, size, terminated};
    check_ip(&in);
    check_socket(&in);
    free(terminated);
    free(text);
    return 0;
}
