/* handles_program.c: the steps of a program with handles, and what each has to return (rules X7 and
 * X8). */
#include "fuzz/programs/handles_program.h"

#include "ferrule/sim.h"
#include "fuzz/driver/fuzz.h"

static void check_references(struct handles_program *p)
{
    for (int i = 0; i < HANDLES_SOCKETS; i++) {
        char byte;
        size_t n = 0;
        fer_error error = fer_unix_stream_try_read(&p->left[i], &byte, 1, &n);
        FUZZ_CHECK(error.kind == (p->references[i] > 0 ? FER_WOULD_BLOCK : FER_OK) && n == 0);
    }
}

static void send(struct handles_program *p, choices *from)
{
    unsigned char buf[2 * HANDLES_BUFFER];
    fer_raw_socket handles[HANDLES_MAX];
    struct handles_message message = {.begin = p->sent,
                                      .count = choose_below(from, HANDLES_MAX + 1)};
    size_t len = 1 + choose_below(from, sizeof buf);
    size_t n = 77;
    for (size_t i = 0; i < len; i++) {
        buf[i] = (unsigned char)(p->sent + i);
    }
    for (size_t i = 0; i < message.count; i++) {
        message.sockets[i] = (int)choose_below(from, HANDLES_SOCKETS);
        handles[i] = fer_unix_stream_as_raw(&p->passed[message.sockets[i]]);
        message.count = handles[i] == FER_RAW_SOCKET_NONE ? i : message.count;
    }
    fer_error error =
        fer_unix_stream_send_handles(&p->writer, buf, len, handles, message.count, &n);
    bool is_full = message.count > 0 && p->count == HANDLES_MESSAGES;
    FUZZ_CHECK(error.kind == FER_OK ? n > 0 && n <= len && !is_full : n == 0);
    FUZZ_CHECK(error.kind == FER_OK || error.kind == FER_WOULD_BLOCK || p->has_fault ||
               (error.kind == FER_TOO_MANY_OPEN_FILES && is_full));
    p->sent += n;
    if (n > 0 && message.count > 0) {
        message.end = p->sent;
        p->messages[p->count++] = message;
        for (size_t i = 0; i < message.count; i++) {
            p->references[message.sockets[i]]++;
        }
    }
}

/* What a receive of n bytes has received: the handles of at most one message, and no byte of the
 * next. */
static void take(struct handles_program *p, const unsigned char *buf, size_t n,
                 const fer_raw_socket *handles, const fer_unix_received_handles *got, size_t cap)
{
    size_t end = p->received + n;
    size_t stored = got == NULL ? 0 : got->count;
    for (size_t i = 0; i < n; i++) {
        FUZZ_CHECK(buf[i] == (unsigned char)(p->received + i));
    }
    p->received = end;
    if (p->count == 0 || p->messages[0].begin >= end) {
        FUZZ_CHECK(stored == 0 && (got == NULL || !got->handles_truncated));
        return;
    }
    const struct handles_message message = p->messages[0];
    p->count--;
    memmove(p->messages, p->messages + 1, p->count * sizeof message);
    FUZZ_CHECK(p->count == 0 || p->messages[0].begin >= end);
    FUZZ_CHECK(stored <= cap && stored <= message.count);
    FUZZ_CHECK(got == NULL || got->handles_truncated == (stored < message.count));
    FUZZ_CHECK(got == NULL || p->has_fault || stored == message.count || stored == cap);
    for (size_t i = 0; i < message.count; i++) {
        p->references[message.sockets[i]] -= i >= stored;
        if (i < stored) {
            p->kept[p->kept_count] = handles[i];
            p->kept_sockets[p->kept_count++] = message.sockets[i];
        }
    }
}

static void receive(struct handles_program *p, choices *from, bool with_handles, bool peeks)
{
    unsigned char buf[2 * HANDLES_BUFFER];
    fer_raw_socket handles[HANDLES_MAX];
    fer_unix_received_handles got = {.len = 0};
    size_t len = 1 + choose_below(from, sizeof buf);
    size_t cap = choose_below(from, HANDLES_MAX + 1);
    size_t n = 0;
    cap = cap < HANDLES_KEPT - p->kept_count ? cap : HANDLES_KEPT - p->kept_count;
    fer_error error = with_handles
                          ? fer_unix_stream_recv_handles(&p->reader, buf, len, handles, cap, &got)
                      : peeks ? fer_unix_stream_peek(&p->reader, buf, len, &n)
                              : fer_unix_stream_read(&p->reader, buf, len, &n);
    n = with_handles ? got.len : n;
    FUZZ_CHECK(error.kind == FER_OK ? n > 0 && n <= p->sent - p->received : n == 0);
    FUZZ_CHECK(error.kind == FER_OK || p->has_fault || p->sent == p->received);
    if (error.kind == FER_OK && !peeks) {
        take(p, buf, n, handles, with_handles ? &got : NULL, cap);
    }
}

static void close_kept(struct handles_program *p)
{
    while (p->kept_count > 0) {
        fer_unix_stream adopted = {0};
        p->kept_count--;
        FUZZ_CHECK(fer_unix_stream_from_raw(&adopted, p->kept[p->kept_count]).kind == FER_OK);
        fer_unix_stream_close(&adopted);
        p->references[p->kept_sockets[p->kept_count]]--;
    }
}

void handles_program_step(struct handles_program *p, choices *from)
{
    static const fer_sim_fault faults[] = {
        FER_SIM_FAULT_CONTROL_LOST, FER_SIM_FAULT_CONTROL_CUT,   FER_SIM_FAULT_TOO_MANY_HANDLES,
        FER_SIM_FAULT_PARTIAL_READ, FER_SIM_FAULT_PARTIAL_WRITE, FER_SIM_FAULT_INTERRUPTED};
    uint8_t byte = choose_byte(from);
    int nth = byte / 8 % HANDLES_SOCKETS;
    p->has_fault = byte >= 128;
    if (p->has_fault) {
        FUZZ_CHECK(fer_sim_fault_at(faults[byte / 8 % 6], 1).kind == FER_OK);
    }
    switch (byte % 8) {
    case 0:
    case 1: send(p, from); break;
    case 2: receive(p, from, false, false); break;
    case 3: receive(p, from, false, true); break;
    case 4: close_kept(p); break;
    case 5:
        p->references[nth] -= fer_unix_stream_as_raw(&p->passed[nth]) != FER_RAW_SOCKET_NONE;
        fer_unix_stream_close(&p->passed[nth]);
        break;
    default: receive(p, from, true, false); break;
    }
    (void)fer_sim_clear_faults();
    check_references(p);
}

void handles_program_begin(struct handles_program *p)
{
    memset(p, 0, sizeof *p);
    FUZZ_CHECK(fer_unix_stream_pair(&p->writer, &p->reader).kind == FER_OK);
    FUZZ_CHECK(fer_unix_stream_set_nonblocking(&p->writer, true).kind == FER_OK);
    FUZZ_CHECK(fer_unix_stream_set_nonblocking(&p->reader, true).kind == FER_OK);
    for (int i = 0; i < HANDLES_SOCKETS; i++) {
        FUZZ_CHECK(fer_unix_stream_pair(&p->passed[i], &p->left[i]).kind == FER_OK);
        p->references[i] = 1;
    }
}

void handles_program_end(struct handles_program *p)
{
    fer_unix_stream_close(&p->writer);
    fer_unix_stream_close(&p->reader);
    close_kept(p);
    for (int i = 0; i < HANDLES_SOCKETS; i++) {
        fer_unix_stream_close(&p->passed[i]);
        p->references[i] = 0;
    }
    check_references(p);
    for (int i = 0; i < HANDLES_SOCKETS; i++) {
        fer_unix_stream_close(&p->left[i]);
    }
}
