/* resolve_model.h: the results of fer_to_socket_addrs and fer_lookup_host, by the reference parser
 * and a list of names. Only for fuzz_resolve_text.c. */
#ifndef FUZZ_RESOLVE_MODEL_H
#define FUZZ_RESOLVE_MODEL_H

#include <stdbool.h>

#include "ferrule/resolve.h"
#include "ferrule/sim.h"
#include "fuzz/models/address_reference.h"

/* The limits of fer_to_socket_addrs_with, and its resolver. */
typedef enum resolve_limits {
    WITHIN_NONE,
    WITHIN_FAR_DEADLINE,
    WITHIN_NEAR_DEADLINE,
    WITHIN_PAST_DEADLINE,
    WITHIN_TOKEN,
    WITHIN_CANCELLED_TOKEN,
    WITHIN_CLOSED_TOKEN,
    WITHIN_RESOLVER,
    WITHIN_COUNT
} resolve_limits;

enum { NAMES_MOST = 3, ADDRS_MOST = 4, CAP_MOST = 6, TEXT_MOST = 1024, STEPS_MOST = 40 };

/* The names of the resolver, the texts to look up, and a program of lookups with keys. */
typedef struct resolve_query {
    char text[TEXT_MOST + 1], host_text[TEXT_MOST + 1];
    fer_sim_name names[NAMES_MOST];
    fer_socket_addr addrs[NAMES_MOST][ADDRS_MOST];
    size_t name_count, cap;
    bool resolver_fails;
    resolve_limits limits;
    size_t step_count; /* of resolve_keys */
    uint8_t steps[STEPS_MOST][2];
} resolve_query;

/* The expected kind and addresses. is_from_resolver: the resolver decides, by an unknown name or an
 * injected failure. has_no_code: the resolver is not called for a host with a blank. */
typedef struct answer {
    fer_error_kind kind;
    bool is_from_resolver, has_no_code;
    size_t count;
    fer_socket_addr addrs[ADDRS_MOST];
} answer;

static inline answer answer_of_ip(const fer_ip_addr *ip, uint32_t port, uint32_t scope_id)
{
    answer made = {FER_OK, false, false, 1, {fer_socket_addr_new(*ip, (uint16_t)port)}};
    made.addrs[0].scope_id = scope_id;
    return made;
}

static inline char lower(char byte)
{
    return (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
}

/* Ignores case; the host may have a trailing dot. */
static inline bool is_named(const char *name, piece host)
{
    const size_t len = strlen(name);
    bool same = len == host.len || (len > 0 && len + 1 == host.len && host.text[len] == '.');
    for (size_t i = 0; i < len && same; i++) {
        same = lower(name[i]) == lower(host.text[i]);
    }
    return same;
}

/* Decodes each character to its scalar value. */
static inline bool is_utf_8(piece host)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    size_t more = 0, len = 0;
    uint32_t scalar = 0;
    for (size_t i = 0; i < host.len; i++) {
        const uint8_t byte = (uint8_t)host.text[i];
        const bool is_continuation = byte >= 0x80 && byte < 0xc0;
        if ((more > 0) != is_continuation || byte >= 0xf8) {
            return false;
        }
        if (more == 0) {
            len = more = byte < 0x80 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
            scalar = byte & (0x7fu >> (len == 0 ? 0 : len + 1));
        } else {
            more--;
            scalar = scalar << 6 | (byte & 0x3fu);
        }
        if (more == 0 &&
            (scalar < least[len] || scalar > 0x10ffff || (scalar >= 0xd800 && scalar < 0xe000))) {
            return false;
        }
    }
    return more == 0;
}

static inline answer model_lookup(const resolve_query *query, piece host, uint16_t port)
{
    const answer refused = {FER_INVALID_INPUT, false, true, 0, {{{0}, 0, 0, 0}}};
    answer found = {FER_HOST_NOT_FOUND, true, false, 0, {{{0}, 0, 0, 0}}};
    fer_ip_addr ip = {FER_IP_V4, {{{0}}}};
    const size_t dot = host.len > 0 && host.text[host.len - 1] == '.';
    if (host.len == 0 || host.len - dot > 253) {
        return refused;
    }
    if (reference_v4(host.text, host.len, ip.u.v4.octets)) {
        return answer_of_ip(&ip, port, 0);
    }
    ip.family = FER_IP_V6;
    if (reference_v6(host.text, host.len, ip.u.v6.octets)) {
        return answer_of_ip(&ip, port, 0);
    }
    if (!is_utf_8(host)) {
        return refused;
    }
    for (size_t i = 0; i < host.len; i++) {
        const uint8_t byte = (uint8_t)host.text[i];
        if (byte <= 0x20 || byte == 0x7f) {
            return (answer){.kind = FER_HOST_NOT_FOUND, .has_no_code = true};
        }
    }
    for (size_t i = 0; i < query->name_count && !query->resolver_fails; i++) {
        const fer_sim_name *name = &query->names[i];
        if (is_named(name->host, host)) {
            found.is_from_resolver = false;
            found.kind = name->failure != FER_OK ? name->failure
                         : name->count == 0      ? FER_HOST_NOT_FOUND
                                                 : FER_OK;
            found.count = found.kind == FER_OK ? name->count : 0;
            for (size_t k = 0; k < found.count; k++) {
                found.addrs[k] = name->addrs[k];
                found.addrs[k].port = port;
            }
            break;
        }
    }
    return found;
}

static inline answer model_text(const resolve_query *query)
{
    const answer refused = {FER_INVALID_INPUT, false, true, 0, {{{0}, 0, 0, 0}}};
    const size_t len = strlen(query->text);
    fer_ip_addr ip = {FER_IP_V6, {{{0}}}};
    uint32_t port = 0, scope_id = 0;
    if (reference_socket_v6(query->text, len, ip.u.v6.octets, &scope_id, &port)) {
        return answer_of_ip(&ip, port, scope_id);
    }
    const char *colon = strrchr(query->text, ':');
    if (colon == NULL) {
        return refused;
    }
    piece host = {query->text, (size_t)(colon - query->text)};
    const piece digits = {colon + 1, strlen(colon + 1)};
    if (host.len == 0 || !reference_number(digits, "65535", &port)) {
        return refused;
    }
    if (host.text[0] == '[' && host.text[host.len - 1] == ']' && reference_count(host, ':') > 0) {
        host.text++;
        host.len -= 2;
    }
    return model_lookup(query, host, (uint16_t)port);
}

#endif
