/* lookup_within.c: lookups within limits (rule K8). The system's lookup can neither be cancelled
 * nor limited in time (getaddrinfo(3)), so it runs in another thread, and the call waits for an
 * event of the lookup and for its limits. A lookup that is cancelled or late is abandoned. */
#include "core/names/lookup_within.h"

#include "core/base/result.h"
#include "core/names/resolver.h"
#include "core/wait/false_hints.h"
#include "platform/platform.h"

/* A result that is available is returned even if the limits are reached. */
static fer_error await_event(const fer_cancel_token *event, const feri_limits *limits)
{
    feri_false_hints false_hints = {0, 0};
    for (;;) {
        fer_error error = ferp_token_wait(event, limits->token, limits->deadline);
        if (fer_cancel_token_is_cancelled(event)) {
            return feri_ok();
        }
        FER_TRY(feri_limits_check(limits));
        if (error.kind == FER_OK) {
            feri_pause_after_false_hint(&false_hints, limits->deadline, limits->token);
        } else if (error.kind != FER_INTERRUPTED || limits->interruptible) {
            return error;
        }
    }
}

static fer_error look_up_with_event(fer_resolver *resolver, const feri_address_query *query,
                                    const feri_limits *limits, fer_cancel_token *event,
                                    feri_address_list *list)
{
    fer_lookup lookup = {0};
    const feri_lookup_notice notice = {.event = event};
    FER_TRY(feri_lookup_start(resolver, query, &notice, &lookup));
    fer_error error = await_event(event, limits);
    if (error.kind == FER_OK) {
        error = feri_lookup_take(&lookup, list);
    }
    fer_lookup_close(&lookup);
    return error;
}

/* The event belongs to this call: no other thread uses it once the lookup is closed. */
static fer_error look_up_in_background(fer_resolver *resolver, const feri_address_query *query,
                                       const feri_limits *limits, feri_address_list *list)
{
    fer_cancel_token event = {0};
    FER_TRY(fer_cancel_token_new(&event));
    fer_error error = look_up_with_event(resolver, query, limits, &event, list);
    fer_cancel_token_close(&event);
    return error;
}

fer_error feri_lookup_check_resolver(fer_resolver *resolver)
{
    if (resolver == NULL || feri_resolver_is_usable(resolver)) {
        return feri_ok();
    }
    return feri_own_error(FER_MISUSE);
}

fer_error feri_lookup_within(const feri_address_query *query, const feri_limits *limits,
                             fer_resolver *resolver, feri_address_list *list)
{
    bool is_limited =
        limits->token != NULL || limits->deadline != FERP_NO_DEADLINE || limits->interruptible;
    if (query->is_literal || (resolver == NULL && !is_limited)) {
        return feri_address_list_of_query(list, query);
    }
    if (resolver != NULL) {
        return look_up_in_background(resolver, query, limits, list);
    }
    fer_resolver own = {0};
    static const fer_resolver_options one = {.threads = 1, .queue_cap = FER_RESOLVER_NO_QUEUE};
    FER_TRY(fer_resolver_new(&own, &one));
    fer_error error = look_up_in_background(&own, query, limits, list);
    fer_resolver_close(&own);
    return error;
}
