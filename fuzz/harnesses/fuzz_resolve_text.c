/* fuzz_resolve_text.c: any "host:port" text and a simulated resolver with names of any shape, in
 * both dialects. The result is that of a model, no more is stored than fits, and no lookup leaks.
 * Within limits the result is the same, unless the limits end the call (rules K1, K8). The keys of
 * lookups in the background are those of a model (rule N9). The system's resolver is never
 * called. */
#include <stdbool.h>

#include "ferrule/resolve.h"
#include "ferrule/sim.h"
#include "fuzz/driver/choice.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/programs/resolve_keys.h"
#include "fuzz/programs/resolve_within.h"

/* Compares the result of a call with the expected one. The block of addrs holds cap addresses. */
static void check_answer(const answer *expected, fer_error error, const fer_socket_addr *addrs,
                         size_t cap, size_t count)
{
    if (expected->is_from_resolver) {
        /* Systems' resolvers take 127.1 and similar texts as addresses. */
        const bool is_failure = error.kind == FER_HOST_NOT_FOUND ||
                                error.kind == FER_RESOLVE_TRY_AGAIN ||
                                error.kind == FER_RESOLVE_FAILED;
        FUZZ_CHECK(is_failure || (error.kind == FER_OK && count >= 1 && count <= 2));
    } else {
        FUZZ_CHECK(error.kind == expected->kind);
        FUZZ_CHECK(error.kind != FER_OK || count == expected->count);
    }
    FUZZ_CHECK((error.os_code != 0) == (error.kind != FER_OK && !expected->has_no_code));
    size_t stored = error.kind == FER_OK ? count : 0;
    FUZZ_CHECK(error.kind == FER_OK || count == 12345);
    stored = stored < cap ? stored : cap;
    for (size_t i = 0; i < stored && !expected->is_from_resolver; i++) {
        FUZZ_CHECK(fer_socket_addr_eq(&addrs[i], &expected->addrs[i]));
    }
    for (size_t i = stored; i < cap; i++) {
        FUZZ_CHECK(fuzz_is_untouched(&addrs[i], sizeof addrs[i]));
    }
}

/* elapsed: the time of the same lookup without limits. */
static void check_within(const resolve_query *query, fer_socket_addr *addrs, uint64_t elapsed)
{
    answer expected = model_text(query);
    size_t count = 12345;
    fer_error_kind end = resolve_end_by_limits(query->limits, elapsed);
    FUZZ_CHECK(!query->resolver_fails ||
               fer_sim_fault_at(FER_SIM_FAULT_RESOLVE_FAILS, 1).kind == FER_OK);
    memset(addrs, FUZZ_UNTOUCHED, query->cap * sizeof *addrs);
    fer_error error = resolve_within(query, addrs, &count);
    bool is_refused = !expected.is_from_resolver && expected.kind == FER_INVALID_INPUT;
    if (end == FER_OK || is_refused) {
        check_answer(&expected, error, addrs, query->cap, count);
    } else {
        FUZZ_CHECK(error.kind == end && error.os_code == 0 && count == 12345);
    }
    (void)fer_sim_clear_faults();
}

static void run_query(const resolve_query *query, fer_sim_dialect dialect)
{
    fer_sim_config config = {.dialect = dialect,
                             .send_buffer = 1,
                             .receive_buffer = 1,
                             .max_sockets = 2,
                             .names = query->names,
                             .name_count = query->name_count};
    fer_sim_report report;
    FUZZ_CHECK(fer_sim_start(&config).kind == FER_OK);
    fer_socket_addr *addrs = malloc(query->cap > 0 ? query->cap * sizeof *addrs : 1);
    FUZZ_CHECK(addrs != NULL);
    uint64_t elapsed = 0;
    for (int form = 0; form < 2; form++) {
        size_t count = 12345;
        uint64_t begin = fer_sim_now().nanos;
        const piece host = {query->host_text, strlen(query->host_text)};
        const answer expected = form == 0 ? model_text(query) : model_lookup(query, host, 7);
        FUZZ_CHECK(!query->resolver_fails ||
                   fer_sim_fault_at(FER_SIM_FAULT_RESOLVE_FAILS, 1).kind == FER_OK);
        memset(addrs, FUZZ_UNTOUCHED, query->cap * sizeof *addrs);
        fer_error error = form == 0
                              ? fer_to_socket_addrs(query->text, query->cap > 0 ? addrs : NULL,
                                                    query->cap, &count)
                              : fer_lookup_host(query->host_text, 7, query->cap > 0 ? addrs : NULL,
                                                query->cap, &count);
        check_answer(&expected, error, addrs, query->cap, count);
        elapsed = form == 0 ? fer_sim_now().nanos - begin : elapsed;
        (void)fer_sim_clear_faults();
    }
    check_within(query, addrs, elapsed);
    resolve_service(query->text);
    resolve_keys(query);
    free(addrs);
    FUZZ_CHECK(fer_sim_stop(&report).kind == FER_OK && report.leaked_lookups == 0 &&
               report.leaked_handles == 0 && report.leaked_tokens == 0);
}

static void choose_name(resolve_query *query, choices *from, size_t at)
{
    static const fer_error_kind kinds[] = {FER_OK, FER_OK, FER_HOST_NOT_FOUND,
                                           FER_RESOLVE_TRY_AGAIN, FER_RESOLVE_FAILED};
    const char *const hosts[] = {query->host_text, "a.test", "localhost", "x:y", "[x:y]"};
    fer_sim_name *name = &query->names[at];
    name->host = hosts[choose_below(from, 5)];
    name->failure = kinds[choose_below(from, 5)];
    name->count = choose_below(from, ADDRS_MOST + 1);
    name->addrs = query->addrs[at];
    name->delay = fer_duration_from_secs(choose_below(from, 8));
    for (size_t i = 0; i < name->count; i++) {
        const fer_ipv4_addr v4 = fer_ipv4_addr_from_bits(choose_u32(from));
        const fer_ipv6_addr v6 = fer_ipv4_addr_to_ipv6_mapped(v4);
        query->addrs[at][i] = choose_bool(from)
                                  ? fer_socket_addr_v6_new(v6, 9, 0, choose_byte(from))
                                  : fer_socket_addr_v4_new(v4, 9);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static resolve_query query;
    choices from = choices_of(data, size);
    memset(&query, 0, sizeof query);
    const unsigned first = choose_byte(&from);
    query.resolver_fails = first % 8 == 7;
    query.limits = (resolve_limits)(first / 8 % WITHIN_COUNT);
    query.cap = choose_below(&from, CAP_MOST + 1);
    query.name_count = choose_below(&from, NAMES_MOST + 1);
    for (size_t i = 0; i < query.name_count; i++) {
        choose_name(&query, &from, i);
    }
    if (first >= 192) {
        resolve_choose_steps(&query, &from);
    }
    size_t len = 0;
    const uint8_t *text = choose_bytes(&from, TEXT_MOST, &len);
    memcpy(query.text, text, len);
    /* The host that lookup_host gets, which is a name of the resolver too: the text before the last
     * colon, or all of it if there is none. */
    const char *colon = strrchr(query.text, ':');
    len = colon != NULL ? (size_t)(colon - query.text) : strlen(query.text);
    memcpy(query.host_text, query.text, len);
    while (len > 0 && query.host_text[len - 1] == '.') {
        len--;
        query.host_text[len] = '\0';
    }
    run_query(&query, FER_SIM_DIALECT_POSIX);
    run_query(&query, FER_SIM_DIALECT_WINSOCK);
    run_query(&query, FER_SIM_DIALECT_BSD);
    return 0;
}
