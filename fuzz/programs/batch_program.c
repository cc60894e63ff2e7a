/* batch_program.c: the steps of a program of batches. */
#include "fuzz/programs/batch_program.h"

#include <string.h>

#include "fuzz/driver/choice.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/driver/windows.h"

enum { STEPS = 24, MESSAGES = 4, RECEIVED = 8, TRIES = 16, PAUSE_MS = 10 };

/* ---- Sending */

static void fill(int serial, uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf[i] = batch_byte(serial, i);
    }
}

/* Numbers the datagrams of a message, and stores the number of the first one. False: the account is
 * full. */
static bool enter(struct batch_program *program, int end, const fer_datagram_send *message,
                  uint8_t *buf, int *first)
{
    struct batch_model *model = &program->model;
    size_t size = message->segment_size != 0 ? message->segment_size : message->len;
    size_t count = message->len == 0 ? 1 : (message->len + size - 1) / size;
    size_t at = 0;
    *first = model->count;
    if (count + (size_t)model->count > BATCH_DATAGRAMS) {
        program->is_comparable = false; /* what else there is space for depends on the messages */
        return false;
    }
    do {
        size_t len = size < message->len - at ? size : message->len - at;
        fill(model->count, buf + at, len);
        batch_model_add(model, end, message, len);
        at += len;
    } while (at < message->len);
    return true;
}

/* One datagram of the message by a call of its own. */
static fer_error send_single(fer_udp_socket *socket, fer_datagram_send *message, size_t *n)
{
    fer_datagram_send part = *message;
    fer_error error = {FER_OK, 0};
    *n = 0;
    do {
        size_t left = message->len - message->sent;
        bool is_cut = message->segment_size != 0 && message->segment_size < left;
        part.len = is_cut ? message->segment_size : left;
        part.buf = message->len == 0 ? NULL : (const uint8_t *)message->buf + message->sent;
        part.sent = 0;
        part.segment_size = 0;
        error = fer_udp_socket_send_batch(socket, &part, 1, NULL);
        message->sent += part.sent;
    } while (error.kind == FER_OK && message->sent < message->len);
    *n = error.kind == FER_OK;
    return error;
}

static fer_error send_some(const struct batch_program *program, fer_udp_socket *socket,
                           fer_datagram_send *messages, size_t count, size_t *n)
{
    fer_error error = {FER_OK, 0};
    size_t sent = 1;
    if (!program->as_singles) {
        return program->waits ? fer_udp_socket_send_batch(socket, messages, count, n)
                              : fer_udp_socket_try_send_batch(socket, messages, count, n);
    }
    for (*n = 0; *n < count && error.kind == FER_OK; *n += sent) {
        error = send_single(socket, &messages[*n], &sent);
    }
    return error;
}

static bool is_passing(const struct batch_program *program, fer_error_kind kind)
{
    return (kind == FER_NETWORK_UNREACHABLE && program->has_paths) || kind == FER_INTERRUPTED ||
           kind == FER_WOULD_BLOCK || kind == FER_TIMED_OUT || kind == FER_NO_BUFFER_SPACE ||
           kind == FER_CONNECTION_REFUSED;
}

/* Accounts for the messages of one call. */
static void note_sent(struct batch_model *model, const fer_datagram_send *messages,
                      const int *firsts, size_t *before, size_t count, size_t n)
{
    for (size_t i = 0; i < count; i++) {
        batch_must(model, i <= n || messages[i].sent == before[i],
                   "B1: a message after messages[*n] was sent");
        batch_model_sent(model, &messages[i], firsts[i], before[i], i < n);
        before[i] = messages[i].sent;
    }
}

/* Sends the messages, and resumes after each failure; one that cannot succeed is left out. */
static void send_all(struct batch_program *program, int end, fer_datagram_send *messages,
                     const int *firsts, size_t count)
{
    struct batch_model *model = &program->model;
    size_t before[RECEIVED] = {0}, at = 0;
    for (int i = 0; i < TRIES && at < count; i++) {
        size_t n = SIZE_MAX;
        fer_error error = send_some(program, &program->sockets[end], messages + at, count - at, &n);
        batch_must(model, n <= count - at, "B1: the count is larger than the batch");
        note_sent(model, messages + at, firsts + at, before + at, count - at, n);
        for (size_t j = at; j < at + n; j++) {
            batch_must(model, batch_expected(model, end, &messages[j]) == FER_OK,
                       "B7: a message was sent that cannot be");
        }
        at += n;
        batch_must(model, (error.kind == FER_OK) == (at == count), "B1: OK, and not all was sent");
        if (error.kind != FER_OK && !is_passing(program, error.kind)) {
            batch_must(model, error.kind == batch_expected(model, end, &messages[at]),
                       "B1: the error of a message is wrong");
            program->is_comparable = false;
            at++;
        }
    }
    program->is_comparable = program->is_comparable && at == count;
}

static fer_socket_addr destination(const struct batch_model *model, int end, unsigned which)
{
    fer_socket_addr to = model->local[which % BATCH_ENDS];
    if (which % BATCH_ENDS == BATCH_SERVER) {
        to.ip = model->addresses[which / BATCH_ENDS % BATCH_ADDRESSES];
    }
    to.port = which % 16 == 15 ? 9 : to.port;
    if (end == BATCH_SERVER && model->is_dual && which % 32 >= 16) {
        to.ip = fer_ip_addr_from_v6(fer_ipv4_addr_to_ipv6_mapped(to.ip.u.v4));
    }
    return to;
}

static fer_ip_addr source(const struct batch_model *model, int end, unsigned which)
{
    static const fer_ip_addr none;
    if (which % 8 == 7) {
        return batch_address(model->is_v6 ? "2001:db8::1" : "192.0.2.1", 0).ip;
    }
    if (which % 32 == 9) {
        return batch_address(which % 64 == 9 ? "::" : "0.0.0.0", 0).ip;
    }
    if (which % 8 < 3) {
        return none;
    }
    return end == BATCH_CLIENT && which % 8 != 6 ? model->local[BATCH_CLIENT].ip
                                                 : model->addresses[which % BATCH_ADDRESSES];
}

/* Up to four messages, each made of the next bits of the numbers. */
static void do_send(struct batch_program *program, int end, unsigned one, unsigned two)
{
    static const size_t lens[] = {5, 0, 1, 2, 64, 65, BATCH_LONGEST, 100};
    static const size_t sizes[] = {0, 1, 2, 5, 50, 64, 65507, 100};
    static uint8_t buf[MESSAGES][BATCH_LONGEST];
    fer_datagram_send messages[MESSAGES];
    fer_socket_addr to[MESSAGES];
    int firsts[MESSAGES];
    const struct batch_model *model = &program->model;
    size_t count = 0;
    unsigned mixed = one * 7 + two * 13;
    for (unsigned i = 0; i < 1 + (one & 3); i++) {
        fer_datagram_send *message = &messages[count];
        bool is_to_peer = end == BATCH_CLIENT && (model->is_connected || mixed % 64 == 63);
        to[count] = destination(model, end, two + i * 5);
        *message = (fer_datagram_send){.buf = buf[count],
                                       .len = lens[((one >> 2) + i) & 7],
                                       .segment_size = sizes[((one >> 5) + i * 3) & 7],
                                       .to = is_to_peer ? NULL : &to[count],
                                       .from = source(model, end, mixed >> 3),
                                       .ecn = (fer_ecn)(mixed >> i & 3),
                                       .has_traffic_class = mixed % 32 == 21,
                                       .traffic_class = (uint8_t)mixed,
                                       .hop_limit = mixed % 32 == 10 ? (uint8_t)two : 0};
        if (enter(program, end, message, buf[count], &firsts[count])) {
            count++;
        }
        mixed = mixed * 5 + 1;
    }
    send_all(program, end, messages, firsts, count);
}

/* ---- Receiving */

static uint8_t received_bytes[RECEIVED][FER_UDP_COALESCED_MAX];

/* Receives messages of at most cap bytes: waits for the first one only. */
static fer_error receive_some(struct batch_program *program, int end, fer_datagram_recv *messages,
                              size_t count, size_t *n)
{
    fer_udp_socket *socket = &program->sockets[end];
    bool tries = !program->waits;
    size_t most = program->as_singles ? 1 : count;
    fer_error error = tries ? fer_udp_socket_try_recv_batch(socket, messages, most, n)
                            : fer_udp_socket_recv_batch(socket, messages, most, n);
    while (program->as_singles && *n > 0 && *n < count &&
           fer_udp_socket_try_recv_batch(socket, messages + *n, 1, NULL).kind == FER_OK) {
        ++*n;
    }
    return error;
}

static size_t receive(struct batch_program *program, int end, size_t count, size_t cap,
                      fer_datagram_recv *messages)
{
    struct batch_model *model = &program->model;
    size_t n = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        messages[i] = (fer_datagram_recv){
            .buf = received_bytes[i],
            .cap = program->wants_coalescing[end] ? FER_UDP_COALESCED_MAX : cap};
    }
    fer_error error = receive_some(program, end, messages, count, &n);
    batch_must(model, n <= count && (error.kind == FER_OK) == (n > 0),
               "B3: the count and the result do not match");
    batch_must(model, error.kind == FER_OK || is_passing(program, error.kind), "a receive fails");
    for (size_t i = 0; i < n; i++) {
        batch_model_received(model, end, &messages[i]);
        /* a fault may have moved the datagram to a receive with another length */
        program->is_comparable = program->is_comparable && !messages[i].truncated;
    }
    return n;
}

/* B3: the failure behind the messages of a batch is the result of take_error, or of the next
 * receive, also of a single datagram; or it is left for a later step. */
static void take_saved(struct batch_program *program, int end, unsigned which)
{
    uint8_t buf[1];
    fer_udp_received got;
    fer_error saved = {FER_OK, 0};
    fer_udp_socket *socket = &program->sockets[end];
    if (which == 0) {
        return;
    }
    if (which == 1) {
        FUZZ_CHECK(fer_udp_socket_take_error(socket, &saved).kind == FER_OK);
    } else {
        saved = program->waits ? fer_udp_socket_recv_from(socket, buf, sizeof buf, &got)
                               : fer_udp_socket_try_recv_from(socket, buf, sizeof buf, &got);
    }
    batch_must(&program->model, saved.kind == FER_NO_BUFFER_SPACE,
               "B3: the failure behind the messages of a batch is lost");
}

/* All of them, if their number depends on how many are in a message. */
static void do_receive(struct batch_program *program, int end, size_t count, unsigned two,
                       int fault)
{
    static const size_t caps[] = {BATCH_LONGEST, 64, 1, 5};
    size_t cap = caps[two % 4];
    fer_datagram_recv in[RECEIVED];
    size_t n = 0;
    do {
        n = receive(program, end, count, cap, in);
    } while (n > 0 && program->wants_coalescing[end]);
    if (n > 0 && n < count && fault < 0 && !program->waits && !program->model.has_unordered) {
        batch_must(&program->model, receive(program, end, count, cap, in) == 0,
                   "B3: fewer messages than are queued");
    }
    if (n > 0 && fault == FER_SIM_FAULT_NO_BUFFERS && !program->as_singles) {
        if (fer_sim_clear_faults() == 0) {
            take_saved(program, end, two / 4 % 4);
        } else {
            FUZZ_CHECK(fer_sim_fault_at((fer_sim_fault)fault, 1).kind == FER_OK); /* not hit */
        }
    }
}

/* The server answers every datagram of others from the address that it was sent to. The answers
 * have other bytes, and so have their boundaries. */
static void do_reply(struct batch_program *program)
{
    fer_datagram_recv in[RECEIVED];
    fer_datagram_send out[RECEIVED];
    int firsts[RECEIVED];
    size_t n = 0;
    while ((n = receive(program, BATCH_SERVER, RECEIVED, BATCH_LONGEST, in)) > 0) {
        size_t count = 0;
        for (size_t i = 0; i < n; i++) {
            bool can = (program->model.lacks & FER_UDP_SOURCE) == 0;
            out[count] = (fer_datagram_send){
                .buf = in[i].buf, .len = in[i].len, .to = &in[i].from, .ecn = in[i].ecn};
            out[count].segment_size = in[i].segment_size < in[i].len ? in[i].segment_size : 0;
            if (can) {
                out[count].from = in[i].local_ip;
            }
            bool is_own = in[i].from.port == program->model.local[BATCH_SERVER].port;
            if (!is_own && enter(program, BATCH_SERVER, &out[count], in[i].buf, &firsts[count])) {
                count++;
            }
        }
        send_all(program, BATCH_SERVER, out, firsts, count);
    }
}

static void drain_peer(struct batch_program *program, int end)
{
    static uint8_t buf[BATCH_LONGEST];
    fer_sim_peer peer = program->peers[end - BATCH_NEAR];
    fer_udp_received got;
    uint32_t tos = 0;
    while (fer_sim_peer_tos(peer, &tos).kind == FER_OK &&
           fer_sim_peer_recv_from(peer, buf, sizeof buf, &got).kind == FER_OK) {
        batch_model_peer_received(&program->model, end, buf, &got, tos);
    }
}

static void do_peer_send(struct batch_program *program, int end, unsigned which)
{
    static uint8_t buf[BATCH_LONGEST];
    fer_socket_addr to = destination(&program->model, end, which & 1);
    fer_datagram_send message = {.buf = buf, .len = which % 7 * 10, .to = &to};
    int first = 0;
    if (end == BATCH_FAR) {
        to = program->model.local[BATCH_SERVER];
        to.ip = program->model.addresses[1];
    }
    if (enter(program, end, &message, buf, &first)) {
        FUZZ_CHECK(
            fer_sim_peer_send_to(program->peers[end - BATCH_NEAR], buf, message.len, &to).kind ==
            FER_OK);
        message.sent = message.len;
        batch_model_sent(&program->model, &message, first, 0, true);
    }
}

static void do_enable(struct batch_program *program, int end, fer_udp_features wanted)
{
    struct batch_model *model = &program->model;
    fer_udp_capabilities found;
    fer_udp_features enabled = 0;
    fer_udp_socket *socket = &program->sockets[end];
    wanted = (wanted & 31) | ((wanted & 32) != 0 ? FER_UDP_HOP_LIMIT : 0);
    FUZZ_CHECK(fer_udp_socket_enable(socket, wanted, &enabled).kind == FER_OK);
    FUZZ_CHECK(fer_udp_socket_features(socket, &found).kind == FER_OK);
    wanted |= model->enabled[end] & FER_UDP_COALESCING;
    batch_must(model, enabled == (wanted & found.available), "not the features of the system");
    batch_must(model, found.enabled == enabled && (found.available & model->lacks) == 0,
               "features differs from enable");
    model->enabled[end] = enabled;
    program->wants_coalescing[end] =
        program->wants_coalescing[end] || (wanted & FER_UDP_COALESCING) != 0;
}

/* The calls for single datagrams: a peek, which leaves it in the queue, and the pending error. */
static void do_single(struct batch_program *program, int end)
{
    uint8_t buf[8];
    fer_udp_received got;
    fer_error taken = {FER_OK, 0};
    fer_udp_socket *socket = &program->sockets[end];
    bool coalesces = (program->model.enabled[end] & FER_UDP_COALESCING) != 0;
    fer_error error = fer_udp_socket_try_recv_from(socket, buf, 0, NULL);
    batch_must(&program->model, error.kind == FER_MISUSE, "a receive without a result");
    error = fer_udp_socket_peek_from(socket, buf, sizeof buf, &got);
    bool is_right = coalesces ? error.kind == FER_INVALID_INPUT
                              : error.kind == FER_OK || is_passing(program, error.kind);
    batch_must(&program->model, is_right || error.kind == FER_TIMED_OUT,
               "B8: a single receive of coalesced datagrams");
    FUZZ_CHECK(fer_udp_socket_take_error(socket, &taken).kind == FER_OK);
    batch_must(&program->model, taken.kind == FER_OK || is_passing(program, taken.kind),
               "an error that no call has");
}

/* ---- The program */

/* Arms a fault for the step. */
static int arm(const struct batch_program *program, uint8_t byte)
{
    static const int faults[] = {
        FER_SIM_FAULT_INTERRUPTED,      FER_SIM_FAULT_WOULD_BLOCK,      FER_SIM_FAULT_NO_BUFFERS,
        FER_SIM_FAULT_DATAGRAM_LOST,    FER_SIM_FAULT_DATAGRAM_DOUBLED, FER_SIM_FAULT_DATAGRAM_LATE,
        FER_SIM_FAULT_SEGMENTS_REFUSED, FER_SIM_FAULT_ECN_REFUSED,      FER_SIM_FAULT_SHORT_BATCH,
        FER_SIM_FAULT_LATE_BATCH_ERROR, FER_SIM_FAULT_CONTROL_LOST,     FER_SIM_FAULT_CONTROL_CUT,
        FER_SIM_FAULT_NO_ROUTE,         FER_SIM_FAULT_PEER_TRANSLATED};
    enum { OF_PATHS = 2 };
    size_t which = byte % 32;
    if (which + (program->has_paths ? 0 : OF_PATHS) >= sizeof faults / sizeof *faults) {
        return -1;
    }
    FUZZ_CHECK(fer_sim_fault_at((fer_sim_fault)faults[which], 1 + byte / 32u).kind == FER_OK);
    return faults[which];
}

/* Some faults are not seen in what is received. The others change it, and occur in other calls
 * where there are no batches. */
static void note_fault(struct batch_program *program, int fault)
{
    bool is_hit = fer_sim_clear_faults() == 0 && fault >= 0;
    bool is_hidden = fault == FER_SIM_FAULT_SEGMENTS_REFUSED ||
                     fault == FER_SIM_FAULT_ECN_REFUSED || fault == FER_SIM_FAULT_SHORT_BATCH;
    program->model.lost +=
        is_hit && (fault == FER_SIM_FAULT_DATAGRAM_LOST || fault == FER_SIM_FAULT_PEER_TRANSLATED);
    program->model.loses_control = false;
    program->is_comparable = program->is_comparable && (!is_hit || is_hidden);
}

/* What may occur is known before the step, in which it is checked. */
static void expect_fault(struct batch_model *model, int fault)
{
    model->doubled += fault == FER_SIM_FAULT_DATAGRAM_DOUBLED;
    model->has_unordered = model->has_unordered || fault == FER_SIM_FAULT_DATAGRAM_LATE ||
                           fault == FER_SIM_FAULT_DATAGRAM_LOST ||
                           fault == FER_SIM_FAULT_DATAGRAM_DOUBLED ||
                           fault == FER_SIM_FAULT_PEER_TRANSLATED;
    model->has_translated = model->has_translated || fault == FER_SIM_FAULT_PEER_TRANSLATED;
    model->ecn_was_refused = model->ecn_was_refused || fault == FER_SIM_FAULT_ECN_REFUSED;
    model->loses_control =
        fault == FER_SIM_FAULT_CONTROL_LOST || fault == FER_SIM_FAULT_CONTROL_CUT;
}

static void let_arrive(void)
{
    FUZZ_CHECK(fer_sim_advance(fer_duration_from_millis(PAUSE_MS)).kind == FER_OK);
}

/* Bits: nonblocking mode, a deadline that is reached. Then a batch moves nothing. */
static void set_mode(struct batch_program *program, int end, uint8_t bits)
{
    fer_udp_socket *socket = &program->sockets[end];
    const fer_limits limits = {.deadline = fer_instant_after((fer_duration){0})};
    bool is_nonblocking = !program->waits || (bits & 1) != 0;
    FUZZ_CHECK(fer_udp_socket_set_nonblocking(socket, is_nonblocking).kind == FER_OK);
    FUZZ_CHECK(fer_udp_socket_set_limits(socket, (bits & 2) != 0 ? &limits : NULL).kind == FER_OK);
}

static void run_step(struct batch_program *program, choices *from)
{
    uint8_t op = choose_byte(from);
    uint8_t one = choose_byte(from);
    uint8_t two = choose_byte(from);
    int end = op >> 4 & 1;
    int fault = arm(program, choose_byte(from));
    expect_fault(&program->model, fault);
    switch (op % 8) {
    case 0:
    case 1: do_send(program, end, one, two); break;
    case 2: do_receive(program, end, 1 + one % RECEIVED, two, fault); break;
    case 3: do_reply(program); break;
    case 4: do_peer_send(program, BATCH_NEAR + end, one); break;
    case 5: do_enable(program, end, one); break;
    case 6: drain_peer(program, BATCH_NEAR + end); break;
    default:
        if (one % 4 == 3) {
            set_mode(program, end, two);
        } else if (one % 4 == 2 && !program->waits) {
            do_single(program, end);
        }
        let_arrive();
        break;
    }
    note_fault(program, fault);
}

/* U7: a message without bytes from the peer, also for a clone that was made before, unless
 * clone_receives_on. */
static void shut_down(struct batch_program *program)
{
    fer_udp_socket clone = {0};
    fer_udp_socket *of[] = {&program->sockets[BATCH_CLIENT], &clone};
    fer_socket_addr peer;
    if (fer_udp_socket_peer_addr(of[0], &peer).kind != FER_OK) {
        return;
    }
    FUZZ_CHECK(fer_udp_socket_try_clone(of[0], &clone).kind == FER_OK);
    FUZZ_CHECK(fer_socket_shutdown(fer_udp_socket_as_socket(of[0]), FER_SHUTDOWN_READ).kind ==
               FER_OK);
    for (int i = 0; i < 2; i++) {
        fer_datagram_recv in[2] = {{.buf = received_bytes[0], .cap = 1}};
        size_t n = SIZE_MAX;
        fer_error error = fer_udp_socket_try_recv_batch(of[i], in, 2, &n);
        bool is_end = error.kind == FER_OK && n == 1 && in[0].len == 0 && !in[0].truncated &&
                      fer_socket_addr_eq(&in[0].from, &peer);
        FUZZ_CHECK(is_end || (i == 1 && error.kind == FER_WOULD_BLOCK && n == 0));
    }
    fer_udp_socket_close(&clone);
}

/* Receives what is left, in nonblocking mode. */
static void finish(struct batch_program *program)
{
    fer_datagram_recv in[RECEIVED];
    program->waits = false;
    let_arrive();
    let_arrive();
    for (int end = 0; end < 2; end++) {
        FUZZ_CHECK(fer_udp_socket_set_limits(&program->sockets[end], NULL).kind == FER_OK);
        /* a saved failure of an earlier batch comes first */
        for (int i = 0; i < 2; i++) {
            while (receive(program, end, RECEIVED, BATCH_LONGEST, in) > 0) {
            }
        }
        drain_peer(program, BATCH_NEAR + end);
    }
    shut_down(program);
    for (int end = 0; end < 2; end++) {
        fer_udp_socket_close(&program->sockets[end]);
    }
    batch_model_end(&program->model);
    (void)fuzz_stop();
}

void batch_program_run(struct batch_program *program, fer_sim_dialect dialect, bool as_singles,
                       const uint8_t *data, size_t size)
{
    choices from = choices_of(data, size);
    memset(program, 0, sizeof *program);
    program->as_singles = as_singles;
    program->is_comparable = true;
    batch_start(program, dialect, &from);
    for (int i = 0; i < STEPS && from.left > 0; i++) {
        run_step(program, &from);
    }
    finish(program);
}
