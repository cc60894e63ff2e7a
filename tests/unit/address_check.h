/* address_check.h: runs every address parser on one text and compares each result with
 * address_reference.h. For tests. */
#ifndef ADDRESS_CHECK_H
#define ADDRESS_CHECK_H

#include <stdlib.h>
#include <string.h>

#include "ferrule/ip.h"
#include "ferrule/socket_addr.h"
#include "fuzz/models/address_reference.h"
#include "support/group.h"

enum { UNTOUCHED = 0xA5 };

/* Fails the test and prints the text, which may contain any byte. */
static inline void check_failed(const char *what, const char *text, size_t len)
{
    print_error("%s: \"", what);
    for (size_t i = 0; i < len; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte >= ' ' && byte <= '~') {
            print_error("%c", byte);
        } else {
            print_error("\\x%02x", byte);
        }
    }
    print_error("\"\n");
    fail();
}

static inline void check_true(bool condition, const char *what, const char *text, size_t len)
{
    if (!condition) {
        check_failed(what, text, len);
    }
}

static inline bool is_untouched(const void *value, size_t size)
{
    const unsigned char *bytes = value;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != UNTOUCHED) {
            return false;
        }
    }
    return true;
}

static inline bool is_refusal(fer_error error)
{
    return error.kind == FER_INVALID_INPUT && error.os_code == 0;
}

static inline bool is_success(fer_error error)
{
    return error.kind == FER_OK && error.os_code == 0;
}

/* If wanted is NULL, returns whether error is a refusal that did not change value. Otherwise
 * returns whether error is a success with the value wanted. */
static inline bool is_answer(fer_error error, const void *value, const void *wanted, size_t size)
{
    if (wanted == NULL) {
        return is_refusal(error) && is_untouched(value, size);
    }
    return is_success(error) && memcmp(value, wanted, size) == 0;
}

static inline bool is_ip_answer(fer_error error, const fer_ip_addr *value, const uint8_t *v4,
                                const uint8_t *v6)
{
    if (v4 != NULL) {
        return is_success(error) && value->family == FER_IP_V4 &&
               memcmp(value->u.v4.octets, v4, 4) == 0;
    }
    if (v6 != NULL) {
        return is_success(error) && value->family == FER_IP_V6 &&
               memcmp(value->u.v6.octets, v6, 16) == 0;
    }
    return is_refusal(error) && is_untouched(value, sizeof *value);
}

typedef struct wanted_socket {
    const uint8_t *v4;
    const uint8_t *v6;
    uint32_t port;
    uint32_t scope_id;
} wanted_socket;

static inline bool is_socket_answer(fer_error error, const fer_socket_addr *value,
                                    const wanted_socket *wanted)
{
    if (wanted->v4 == NULL && wanted->v6 == NULL) {
        return is_refusal(error) && is_untouched(value, sizeof *value);
    }
    return is_ip_answer(error, &value->ip, wanted->v4, wanted->v6) && value->port == wanted->port &&
           value->scope_id == wanted->scope_id && value->flowinfo == 0;
}

/* Checks both forms of one parser. The NUL-terminated form runs only if the text contains no
 * NUL. */
#define CHECK_PARSER(TYPE, NAME, TEXT, LEN, TERMINATED, IS_ANSWER) \
    do {                                                           \
        TYPE value;                                                \
        memset(&value, UNTOUCHED, sizeof value);                   \
        fer_error error = NAME##_n(&value, TEXT, LEN);             \
        check_true(IS_ANSWER, #NAME "_n", TEXT, LEN);              \
        if ((TERMINATED) != NULL) {                                \
            memset(&value, UNTOUCHED, sizeof value);               \
            error = NAME(&value, TERMINATED);                      \
            check_true(IS_ANSWER, #NAME, TEXT, LEN);               \
        }                                                          \
    } while (0)

static inline void check_ip_parsers(const char *text, size_t len, const char *terminated)
{
    uint8_t v4_octets[4] = {0};
    uint8_t v6_octets[16] = {0};
    const uint8_t *v4 = reference_v4(text, len, v4_octets) ? v4_octets : NULL;
    const uint8_t *v6 = reference_v6(text, len, v6_octets) ? v6_octets : NULL;
    CHECK_PARSER(fer_ipv4_addr, fer_ipv4_addr_parse, text, len, terminated,
                 is_answer(error, &value, v4, 4));
    CHECK_PARSER(fer_ipv6_addr, fer_ipv6_addr_parse, text, len, terminated,
                 is_answer(error, &value, v6, 16));
    CHECK_PARSER(fer_ip_addr, fer_ip_addr_parse, text, len, terminated,
                 is_ip_answer(error, &value, v4, v6));
}

static inline void check_socket_parsers(const char *text, size_t len, const char *terminated)
{
    uint8_t v4_octets[4] = {0};
    uint8_t v6_octets[16] = {0};
    wanted_socket none = {NULL, NULL, 0, 0};
    wanted_socket v4 = none;
    wanted_socket v6 = none;
    v4.v4 = reference_socket_v4(text, len, v4_octets, &v4.port) ? v4_octets : NULL;
    v6.v6 = reference_socket_v6(text, len, v6_octets, &v6.scope_id, &v6.port) ? v6_octets : NULL;
    const wanted_socket either = v4.v4 != NULL ? v4 : v6;
    CHECK_PARSER(fer_socket_addr, fer_socket_addr_parse, text, len, terminated,
                 is_socket_answer(error, &value, &either));
}

/* Passes a text to every parser in heap blocks that end with the text, so that a sanitizer detects
 * a read of one byte too many. */
static inline void check_parsers_n(const char *text, size_t len)
{
    char *exact = malloc(len + 1);
    char *terminated = memchr(text, '\0', len) == NULL ? malloc(len + 1) : NULL;
    assert_non_null(exact);
    memcpy(exact + 1, text, len);
    if (terminated != NULL) {
        memcpy(terminated, text, len);
        terminated[len] = '\0';
    }
    check_ip_parsers(exact + 1, len, terminated);
    check_socket_parsers(exact + 1, len, terminated);
    free(terminated);
    free(exact);
}

static inline void check_parsers(const char *text)
{
    check_parsers_n(text, strlen(text));
}

/* Checks the text with each byte replaced by every byte value, with every byte value inserted at
 * each position, and with each byte removed. */
static inline void check_every_mutation(const char *text)
{
    const size_t len = strlen(text);
    char changed[128];
    for (size_t at = 0; at <= len; at++) {
        for (int byte = 0; byte < 256; byte++) {
            memcpy(changed, text, at);
            changed[at] = (char)byte;
            memcpy(changed + at + 1, text + at, len - at);
            check_parsers_n(changed, len + 1); /* inserted */
            if (at < len) {
                memcpy(changed, text, len);
                changed[at] = (char)byte;
                check_parsers_n(changed, len); /* replaced */
            }
        }
        if (at < len) {
            memcpy(changed, text, at);
            memcpy(changed + at, text + at + 1, len - at - 1);
            check_parsers_n(changed, len - 1); /* removed */
        }
    }
}

/* Checks every prefix and every suffix of the text. */
static inline void check_every_part(const char *text)
{
    const size_t len = strlen(text);
    for (size_t i = 0; i <= len; i++) {
        check_parsers_n(text, i);
        check_parsers_n(text + i, len - i);
    }
}

#endif
