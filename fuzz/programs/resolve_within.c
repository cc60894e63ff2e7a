/* resolve_within.c: a lookup within limits, and that of a service. */
#include "fuzz/programs/resolve_within.h"

#include <stdbool.h>
#include <string.h>

#include "ferrule/cancel.h"
#include "ferrule/resolve.h"
#include "fuzz/driver/fuzz.h"

/* Names take whole seconds, so no lookup ends at the near deadline. */
#define NEAR_NANOS UINT64_C(2500000000)
#define FAR_NANOS UINT64_C(100000000000)

static fer_limits limits_of(resolve_limits kind, fer_cancel_token *token)
{
    fer_limits limits = {.token = NULL};
    switch (kind) {
    case WITHIN_FAR_DEADLINE:
        limits.deadline = fer_instant_after(fer_duration_from_nanos(FAR_NANOS));
        break;
    case WITHIN_NEAR_DEADLINE:
        limits.deadline = fer_instant_after(fer_duration_from_nanos(NEAR_NANOS));
        break;
    case WITHIN_PAST_DEADLINE: limits.deadline = fer_instant_now(); break;
    case WITHIN_TOKEN:
    case WITHIN_CANCELLED_TOKEN:
    case WITHIN_CLOSED_TOKEN: limits.token = token; break;
    default: break;
    }
    return limits;
}

fer_error_kind resolve_end_by_limits(resolve_limits kind, uint64_t elapsed)
{
    switch (kind) {
    case WITHIN_NEAR_DEADLINE: return elapsed > NEAR_NANOS ? FER_TIMED_OUT : FER_OK;
    case WITHIN_PAST_DEADLINE: return FER_TIMED_OUT;
    case WITHIN_CANCELLED_TOKEN: return FER_CANCELLED;
    case WITHIN_CLOSED_TOKEN: return FER_MISUSE;
    default: return FER_OK;
    }
}

fer_error resolve_within(const resolve_query *query, fer_socket_addr *addrs, size_t *count)
{
    fer_cancel_token token = {0};
    fer_resolver resolver = {0};
    bool has_resolver = query->limits == WITHIN_RESOLVER;
    FUZZ_CHECK(fer_cancel_token_new(&token).kind == FER_OK);
    FUZZ_CHECK(
        !has_resolver ||
        fer_resolver_new(&resolver,
                         &(fer_resolver_options){.threads = 1, .queue_cap = FER_RESOLVER_NO_QUEUE})
                .kind == FER_OK);
    FUZZ_CHECK(query->limits != WITHIN_CANCELLED_TOKEN ||
               fer_cancel_token_cancel(&token).kind == FER_OK);
    if (query->limits == WITHIN_CLOSED_TOKEN) {
        fer_cancel_token_close(&token);
    }
    const fer_limits limits = limits_of(query->limits, &token);
    fer_duration left = fer_instant_remaining(limits.deadline);
    FUZZ_CHECK(query->limits != WITHIN_NEAR_DEADLINE || left.nanos == NEAR_NANOS);
    FUZZ_CHECK(query->limits != WITHIN_PAST_DEADLINE || left.nanos == 0);
    FUZZ_CHECK(query->limits < WITHIN_TOKEN ||
               (query->limits < WITHIN_COUNT && left.nanos == FER_DURATION_NONE_NANOS));
    fer_lookup_options options = {.resolver = has_resolver ? &resolver : NULL};
    options.limits = query->limits == WITHIN_NONE ? options.limits : limits;
    fer_error error = fer_to_socket_addrs_with(query->text, &options, query->cap > 0 ? addrs : NULL,
                                               query->cap, count);
    fer_resolver_close(&resolver);
    fer_cancel_token_close(&token);
    return error;
}

/* ---- Services */

/* The port of a text of digits, 65536 if it is too large, or -1 if it is no such text. */
static long number_of(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    size_t zeros = strspn(text, "0");
    long number = 0;
    if (digits == 0 || text[digits] != '\0' || digits - zeros > 5) {
        return digits == 0 || text[digits] != '\0' ? -1 : 65536;
    }
    for (size_t i = zeros; i < digits; i++) {
        number = number * 10 + text[i] - '0';
    }
    return number < 65536 ? number : 65536;
}

/* 1 to 63 visible characters, one of them a letter. */
static bool is_name(const char *text)
{
    size_t len = strlen(text);
    bool is_visible = len > 0 && len < 64;
    for (size_t i = 0; i < len; i++) {
        is_visible = is_visible && (unsigned char)text[i] > 32 && (unsigned char)text[i] < 127;
    }
    return is_visible &&
           strcspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") < len;
}

/* Which names are known is the simulation's: it knows "http" for streams alone. */
void resolve_service(const char *text)
{
    static const fer_type types[] = {FER_TYPE_STREAM, FER_TYPE_DGRAM};
    for (size_t i = 0; i < 2; i++) {
        uint16_t port = 54321;
        long expected = number_of(text);
        fer_error error = fer_service_port(text, types[i], &port);
        bool is_port = expected >= 0 && expected < 65536;
        bool is_known = !is_port && is_name(text) && error.kind == FER_OK;
        FUZZ_CHECK(error.kind == (is_port || is_known ? FER_OK
                                  : is_name(text)     ? FER_NOT_FOUND
                                                      : FER_INVALID_INPUT));
        FUZZ_CHECK(is_known || port == (is_port ? expected : 54321));
        FUZZ_CHECK(strcmp(text, "http") != 0 || (is_known ? port == 80 : i == 1));
    }
}
