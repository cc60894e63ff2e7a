/* misuse_calls.c: which call a step makes, and the arguments that calls of several files have; see
 * misuse_calls.h. */
#include "fuzz/programs/misuse_calls.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

/* The file of each call number, the highest numbers first. from is the row of the first number: a
 * file whose calls have no room has some of them at a second place. */
static const struct {
    uint8_t first;
    uint8_t from;
    const struct misuse_family *family;
} families[] = {
    {249, 0, &misuse_poller_family},   {247, 0, &misuse_connector_family},
    {245, 0, &misuse_batch_family},    {244, 0, &misuse_passing_family},
    {242, 32, &misuse_socket_family},  {220, 0, &misuse_ready_family},
    {180, 0, &misuse_udp_family},      {120, 0, &misuse_unix_family},
    {116, 0, &misuse_resolver_family}, {112, 0, &misuse_copy_family},
    {80, 0, &misuse_socket_family},    {64, 0, &misuse_limits_family},
    {0, 0, &misuse_tcp_family},
};
enum { FAMILY_COUNT = sizeof families / sizeof *families };

static const struct misuse_family *find_family(uint8_t call, uint8_t which,
                                               const struct misuse_row **row)
{
    size_t i = 0;
    while (call < families[i].first) {
        i++;
    }
    const struct misuse_family *family = families[i].family;
    size_t at = family->is_by_which ? (size_t)which >> 4
                                    : families[i].from + (size_t)call - families[i].first;
    *row = &family->rows[at % family->count];
    return family;
}

const char *misuse_call_name(uint8_t call, uint8_t which)
{
    const struct misuse_row *row = NULL;
    (void)find_family(call, which, &row);
    return row->name;
}

/* Whether some call number is the last row of the family at a place. */
static bool reaches_last_row(size_t place)
{
    const struct misuse_family *family = families[place].family;
    const struct misuse_row *row = NULL;
    for (unsigned call = 0; call < 4096; call++) {
        bool is_found = find_family((uint8_t)call, (uint8_t)(call >> 4), &row) == family;
        if (is_found && row == &family->rows[family->count - 1]) {
            return true;
        }
    }
    return false;
}

/* ---- Arguments */

void misuse_set_addr(const struct misuse_arguments *a, const char *text)
{
    fer_socket_addr *addr = &a->values->addr;
    FER_IGNORE(fer_socket_addr_parse(addr, text));
    addr->ip.family = a->arg % 8 == 7 ? (fer_ip_family)9 : addr->ip.family;
}

static void choose_handles(struct misuse_arguments *a)
{
    struct misuse_state *state = a->state;
    uint8_t one = a->which;
    uint8_t other = a->which >> 2;
    if ((a->nulls & 1) == 0) {
        a->stream = &state->streams[one % MISUSE_STREAMS];
        a->udp = &state->sockets[one % MISUSE_SOCKETS];
        a->unix_stream = &state->unix_streams[one % MISUSE_STREAMS];
        a->unix_listener = &state->unix_listeners[one % MISUSE_LISTENERS];
        a->unix_datagram = &state->unix_datagrams[one % MISUSE_LISTENERS];
        a->socket = &state->built.sockets[one % MISUSE_SOCKETS];
        a->poller = &state->pollers[one % MISUSE_POLLERS];
    }
    if ((a->nulls & 2) == 0) {
        a->other_stream = &state->streams[other % MISUSE_STREAMS];
        a->other_udp = &state->sockets[other % MISUSE_SOCKETS];
        a->other_unix_stream = &state->unix_streams[other % MISUSE_STREAMS];
        a->other_unix_listener = &state->unix_listeners[other % MISUSE_LISTENERS];
        a->other_unix_datagram = &state->unix_datagrams[other % MISUSE_LISTENERS];
        a->other_socket = &state->built.sockets[other % MISUSE_SOCKETS];
    }
}

static void choose_outputs(struct misuse_arguments *a)
{
    struct misuse_values *values = a->values;
    values->ready = MISUSE_UNTOUCHED;
    values->n = MISUSE_UNTOUCHED;
    a->n = a->nulls & 8 ? NULL : &values->n;
    if ((a->nulls & 2) == 0) {
        a->addr_out = &values->addr_out;
        a->unix_addr_out = &values->unix_addr_out;
        a->datagram_out = &values->datagram_out;
        a->received_out = &values->received_out;
        a->duration_out = &values->duration_out;
        a->keepalive_out = &values->keepalive_out;
        a->error_out = &values->error_out;
        a->flag_out = &values->flag_out;
        a->number_out = &values->number_out;
        a->size_out = &values->size_out;
        a->ready = &values->ready;
    }
}

static void choose_inputs(struct misuse_arguments *a)
{
    static const char *const texts[] = {
        "127.0.0.1:80", "127.0.0.1:0", "",        ":",
        "nowhere:1",    "10.0.0.1",    "[::1]:0", "localhost:99999"};
    static const size_t lengths[] = {0, 1, 7, 64, SIZE_MAX, SIZE_MAX / 2, 65536};
    static const uint64_t nanos[] = {
        0, 1, 1000000, 999999999, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2, 4000000};
    static const uint32_t numbers[] = {0, 1, 2, 64, 255, 256, UINT32_MAX};
    a->values->addr = a->state->server;
    a->values->addr.ip.family = a->arg % 8 == 7 ? (fer_ip_family)9 : a->state->server.ip.family;
    a->values->addr.port = a->arg % 4 == 0 ? 0 : a->state->server.port;
    a->buf = a->nulls & 4 ? NULL : a->state->buf;
    a->len = a->nulls & 4 ? lengths[a->arg % 7] : lengths[a->arg % 4];
    a->addr = a->nulls & 16 ? NULL : &a->values->addr;
    a->unix_addr = a->nulls & 16 ? NULL : &a->values->unix_addr;
    a->text = a->nulls & 16 ? NULL : texts[a->arg % 8];
    a->raw = a->arg % 2 == 0 ? FER_RAW_SOCKET_NONE : misuse_raw_of_none(a->arg);
    a->duration.nanos = nanos[a->arg % 8];
    a->number = numbers[a->arg % 7];
    a->how = (fer_shutdown)(a->arg % 5);
}

/* Bits of nulls, of most calls: handle, output or other handle, buffer, n, address or text. */
fer_error misuse_call(struct misuse_state *state, uint8_t call, uint8_t which, uint8_t nulls,
                      uint8_t arg)
{
    const struct misuse_row *row = NULL;
    const struct misuse_family *family = find_family(call, which, &row);
    struct misuse_values values;
    struct misuse_arguments a = {
        .state = state, .values = &values, .which = which, .nulls = nulls, .arg = arg};
    choose_handles(&a);
    choose_outputs(&a);
    choose_inputs(&a);
    if (family->choose != NULL) {
        family->choose(&a);
    }
    return row->function(&a);
}

/* ---- The run */

void misuse_begin(struct misuse_state *state, fer_sim_dialect dialect, fer_sim_windows windows,
                  fer_sim_bsd bsd)
{
    static const uint8_t no_tape[1];
    fer_sim_config config = {.dialect = dialect,
                             .tape = no_tape,
                             .max_sockets = 50,
                             .send_buffer = 128,
                             .receive_buffer = 128,
                             .windows = windows,
                             .bsd = bsd};
    static size_t checked;
    for (; checked < FAMILY_COUNT; checked++) {
        FUZZ_CHECK(reaches_last_row(checked));
    }
    memset(state, 0, sizeof *state);
    FER_IGNORE(fer_sim_start(&config));
    misuse_tcp_begin(state);
    misuse_udp_begin(state);
    misuse_poller_begin(state);
    misuse_socket_begin(state);
    misuse_unix_begin(state);
    misuse_resolver_begin(state);
    misuse_limits_begin(state);
    misuse_passing_begin(state);
    misuse_connector_begin(state);
}

void misuse_end(struct misuse_state *state)
{
    misuse_connector_end(state);
    misuse_passing_end(state);
    misuse_resolver_end(state);
    misuse_unix_end(state);
    misuse_poller_end(state);
    misuse_udp_end(state);
    misuse_socket_end(state);
    misuse_tcp_end(state);
    misuse_limits_end(state);
}
