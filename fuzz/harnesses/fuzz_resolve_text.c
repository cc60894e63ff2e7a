/* fuzz_resolve_text.c: any "host:port" text, and a simulated resolver with names of any shape, in
 * both dialects: the answer is that of a model, stored no further than the room goes, and nothing
 * of the resolver's is left open. Never the system's resolver. */
#include <stdbool.h>

#include "ferrule/resolve.h"
#include "ferrule/sim.h"
#include "fuzz/driver/choice.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/models/resolve_model.h"

/* Whether the call's answer is the wanted one. The room, of cap addresses, ends where its block
 * does. */
static void check_answer(const answer *wanted, fer_error error, const fer_socket_addr *room,
                         size_t cap, size_t count)
{
    if (wanted->is_system) {
        /* 127.1 and the like are addresses to systems' resolvers. */
        const bool is_failure = error.kind == FER_HOST_NOT_FOUND ||
                                error.kind == FER_RESOLVE_TRY_AGAIN ||
                                error.kind == FER_RESOLVE_FAILED;
        FUZZ_CHECK(is_failure || (error.kind == FER_OK && count >= 1 && count <= 2));
    } else {
        FUZZ_CHECK(error.kind == wanted->kind);
        FUZZ_CHECK(error.kind != FER_OK || count == wanted->count);
    }
    FUZZ_CHECK((error.os_code != 0) == (error.kind != FER_OK && error.kind != FER_INVALID_INPUT));
    size_t stored = error.kind == FER_OK ? count : 0;
    FUZZ_CHECK(error.kind == FER_OK || count == 12345);
    stored = stored < cap ? stored : cap;
    for (size_t i = 0; i < stored && !wanted->is_system; i++) {
        FUZZ_CHECK(fer_socket_addr_eq(&room[i], &wanted->addrs[i]));
    }
    for (size_t i = stored; i < cap; i++) {
        FUZZ_CHECK(fuzz_is_untouched(&room[i], sizeof room[i]));
    }
}

static void ask(const question *asked, fer_sim_dialect dialect)
{
    fer_sim_config config = {.dialect = dialect,
                             .send_buffer = 1,
                             .receive_buffer = 1,
                             .max_sockets = 2,
                             .names = asked->names,
                             .name_count = asked->name_count};
    fer_sim_report report;
    FUZZ_CHECK(fer_sim_start(&config).kind == FER_OK);
    fer_socket_addr *room = malloc(asked->cap > 0 ? asked->cap * sizeof *room : 1);
    FUZZ_CHECK(room != NULL);
    for (int form = 0; form < 2; form++) {
        size_t count = 12345;
        const piece host = {asked->own_host, strlen(asked->own_host)};
        const answer wanted = form == 0 ? model_text(asked) : model_lookup(asked, host, 7);
        FUZZ_CHECK(!asked->fails ||
                   fer_sim_fault_at(FER_SIM_FAULT_RESOLVE_FAILS, 1).kind == FER_OK);
        memset(room, FUZZ_UNTOUCHED, asked->cap * sizeof *room);
        fer_error error =
            form == 0
                ? fer_to_socket_addrs(asked->text, asked->cap > 0 ? room : NULL, asked->cap, &count)
                : fer_lookup_host(asked->own_host, 7, asked->cap > 0 ? room : NULL, asked->cap,
                                  &count);
        check_answer(&wanted, error, room, asked->cap, count);
        (void)fer_sim_clear_faults();
    }
    free(room);
    FUZZ_CHECK(fer_sim_stop(&report).kind == FER_OK && report.leaked_lookups == 0 &&
               report.leaked_handles == 0);
}

static void choose_name(question *asked, choices *from, size_t at)
{
    static const fer_error_kind kinds[] = {FER_OK, FER_OK, FER_HOST_NOT_FOUND,
                                           FER_RESOLVE_TRY_AGAIN, FER_RESOLVE_FAILED};
    const char *const hosts[] = {asked->own_host, "a.test", "localhost", "x:y", "[x:y]"};
    fer_sim_name *name = &asked->names[at];
    name->host = hosts[choose_below(from, 5)];
    name->failure = kinds[choose_below(from, 5)];
    name->count = choose_below(from, ADDRS_MOST + 1);
    name->addrs = asked->addrs[at];
    name->delay = fer_duration_from_secs(choose_below(from, 8));
    for (size_t i = 0; i < name->count; i++) {
        const fer_ipv4_addr v4 = fer_ipv4_addr_from_bits(choose_u32(from));
        const fer_ipv6_addr v6 = fer_ipv4_addr_to_ipv6_mapped(&v4);
        asked->addrs[at][i] = choose_bool(from)
                                  ? fer_socket_addr_new_v6(&v6, 9, 0, choose_byte(from))
                                  : fer_socket_addr_new_v4(&v4, 9);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static question asked;
    choices from = choices_of(data, size);
    memset(&asked, 0, sizeof asked);
    asked.fails = choose_byte(&from) % 8 == 7;
    asked.cap = choose_below(&from, CAP_MOST + 1);
    asked.name_count = choose_below(&from, NAMES_MOST + 1);
    for (size_t i = 0; i < asked.name_count; i++) {
        choose_name(&asked, &from, i);
    }
    size_t len = 0;
    const uint8_t *text = choose_bytes(&from, TEXT_MOST, &len);
    memcpy(asked.text, text, len);
    /* What lookup_host is asked for, and a name of the resolver's: the part before the last colon,
     * which is all where there is none. */
    const char *colon = strrchr(asked.text, ':');
    len = colon != NULL ? (size_t)(colon - asked.text) : strlen(asked.text);
    memcpy(asked.own_host, asked.text, len);
    while (len > 0 && asked.own_host[len - 1] == '.') {
        len--;
        asked.own_host[len] = '\0';
    }
    ask(&asked, FER_SIM_POSIX);
    ask(&asked, FER_SIM_WINSOCK);
    return 0;
}
