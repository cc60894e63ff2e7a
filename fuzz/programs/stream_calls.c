/* stream_calls.c: the calls of a program on streams, and the bytes and lengths that they
 * transfer. */
#include "fuzz/programs/stream_calls.h"

#include <string.h>

#include "platform/platform.h"

#define SECOND UINT64_C(1000000000)
#define MILLI UINT64_C(1000000)

/* The bytes that are sent: one sequence with a long period, from a different start for each
 * direction of each connection. */
static const uint8_t *bytes_at(int connection, int side, size_t at)
{
    enum { PERIOD = 251 * 256 };
    static uint8_t bytes[PERIOD + PROGRAM_BUFFER];
    if (bytes[1] == 0) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (uint8_t)(i * 7 + i / 251);
        }
    }
    return &bytes[(at + (size_t)connection * 7919 + (size_t)side * 3001) % PERIOD];
}

void program_fill(uint8_t *buf, size_t len, int connection, int side, size_t at)
{
    memcpy(buf, bytes_at(connection, side, at), len);
}

bool program_is_right(const uint8_t *buf, size_t len, int connection, int side, size_t at)
{
    return memcmp(buf, bytes_at(connection, side, at), len) == 0;
}

/* Lengths of every size: zero, small, and about the size of the buffers. */
size_t program_length(uint8_t arg)
{
    return arg < 64 ? arg : (size_t)(arg - 63) * 10;
}

uint64_t program_timeout(uint8_t arg)
{
    return arg == 0    ? 0
           : arg > 250 ? FER_DURATION_NONE_NANOS
                       : (uint64_t)(1 + arg % 40) * 4 * MILLI;
}

struct connection *program_connection(struct program *program, int handle)
{
    int at = program->connection_of[handle];
    return at < 0 ? NULL : &program->connections[at];
}

/* ---- Bytes */

/* Vectored calls have one slice for each byte if that exceeds the limits of systems, else a few
 * with an empty one, or one. */
enum { SLICES = 1100 };

static size_t slice_count(size_t len)
{
    return len == SLICES ? SLICES : len % 4 == 3 ? 1 : 4;
}

static size_t slice_begin(size_t len, size_t at)
{
    size_t thirds[] = {0, len / 3, len / 3, 2 * (len / 3), len};
    return slice_count(len) == 4 ? thirds[at] : slice_count(len) == 1 ? at * len : at;
}

static void cut_buffers(fer_io_slice_mut slices[SLICES], uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < slice_count(len); i++) {
        size_t begin = slice_begin(len, i);
        slices[i] = (fer_io_slice_mut){slice_begin(len, i + 1) > begin ? buf + begin : NULL,
                                       slice_begin(len, i + 1) - begin};
    }
}

static void cut_bytes(fer_io_slice slices[SLICES], const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < slice_count(len); i++) {
        size_t begin = slice_begin(len, i);
        slices[i] = (fer_io_slice){slice_begin(len, i + 1) > begin ? buf + begin : NULL,
                                   slice_begin(len, i + 1) - begin};
    }
}

static fer_error read_into(fer_tcp_stream *stream, enum program_op op, uint8_t *buf, size_t len,
                           size_t *n)
{
    static fer_io_slice_mut slices[SLICES];
    switch (op) {
    case OP_READ: return fer_tcp_stream_read(stream, buf, len, n);
    case OP_PEEK: return fer_tcp_stream_peek(stream, buf, len, n);
    case OP_READ_VECTORED:
        cut_buffers(slices, buf, len);
        return fer_tcp_stream_read_vectored(stream, slices, slice_count(len), n);
    case OP_READ_EXACT: return fer_tcp_stream_read_exact(stream, buf, len, n);
    default: return fer_tcp_stream_read_to_end(stream, buf, len, n);
    }
}

void program_do_read(struct program *program, int handle, uint8_t arg, struct record *record)
{
    uint8_t buf[PROGRAM_BUFFER];
    struct connection *connection = program_connection(program, handle);
    record->requested = program_length(arg);
    record->has_length = record->requested > 0;
    record->n = SIZE_MAX;
    record->error =
        read_into(&program->streams[handle], record->op, buf, record->requested, &record->n);
    if (connection != NULL && record->n <= record->requested) {
        record->bytes_are_right =
            program_is_right(buf, record->n, record->connection, 1, connection->received);
        connection->received += record->op == OP_PEEK ? 0 : record->n;
    }
}

static fer_error write_from(fer_tcp_stream *stream, enum program_op op, const uint8_t *buf,
                            size_t len, size_t *n)
{
    static fer_io_slice slices[SLICES];
    switch (op) {
    case OP_WRITE: return fer_tcp_stream_write(stream, buf, len, n);
    case OP_WRITE_VECTORED:
        cut_bytes(slices, buf, len);
        return fer_tcp_stream_write_vectored(stream, slices, slice_count(len), n);
    default: return fer_tcp_stream_write_all(stream, buf, len, n);
    }
}

void program_do_write(struct program *program, int handle, uint8_t arg, struct record *record)
{
    uint8_t buf[PROGRAM_BUFFER];
    struct connection *connection = program_connection(program, handle);
    record->requested = program_length(arg);
    record->requested *= program->windows.no_buffers_above > 0 ? PROGRAM_LONG_WRITE : 1;
    record->has_length = record->requested > 0;
    record->n = SIZE_MAX;
    program_fill(buf, record->requested, record->connection, 0,
                 connection == NULL ? 0 : connection->sent);
    record->error =
        write_from(&program->streams[handle], record->op, buf, record->requested, &record->n);
    if (connection != NULL && record->n <= record->requested) {
        connection->sent += record->n;
        connection->facts |= record->error.kind == FER_NO_BUFFER_SPACE ? FACT_SEND_FAILED : 0;
        connection->facts |=
            (connection->facts & FACT_PEER_SHUT) != 0 && record->n > 0 ? FACT_WROTE_AFTER_END : 0;
        connection->facts |=
            (connection->facts & FACT_PEER_CLOSED) != 0 && record->n > 0 ? FACT_RESET : 0;
    }
}

/* ---- Other calls */

void program_do_shutdown(struct program *program, int handle, uint8_t arg, struct record *record)
{
    struct connection *connection = program_connection(program, handle);
    fer_shutdown how = (fer_shutdown)(arg % 3);
    record->expected = (uint64_t)how;
    record->error = fer_tcp_stream_shutdown(&program->streams[handle], how);
    if (connection != NULL) {
        connection->facts |= how != FER_SHUTDOWN_WRITE ? FACT_SHUT_READ : 0;
        connection->facts |= how != FER_SHUTDOWN_READ ? FACT_SHUT_WRITE : 0;
    }
}

void program_do_clone(struct program *program, int handle, uint8_t arg, struct record *record)
{
    int other = arg % PROGRAM_HANDLES;
    record->expected = (uint64_t)other;
    record->error = fer_tcp_stream_try_clone(&program->streams[handle], &program->streams[other]);
    if (record->error.kind == FER_OK) {
        program->connection_of[other] = record->connection;
        program->connections[record->connection].facts |= FACT_CLONED;
    }
}

static void detach(struct program *program, int handle)
{
    program->connection_of[handle] = -1;
    program->shut_later[handle] = 0;
}

void program_do_close(struct program *program, int handle)
{
    fer_tcp_stream_close(&program->streams[handle]);
    detach(program, handle);
    /* Events of the closed handle still have its key. */
    program->keys[handle] += PROGRAM_HANDLES;
}

/* Only for a handle without clones: row raw_mode. The mode is set again because Windows cannot
 * query it. */
void program_do_through_raw(struct program *program, int handle, struct record *record)
{
    if (record->connection < 0 ||
        (program->connections[record->connection].facts & FACT_CLONED) != 0) {
        return;
    }
    fer_raw_socket raw = fer_tcp_stream_into_raw(&program->streams[handle]);
    record->error = fer_tcp_stream_from_raw(&program->streams[handle], raw);
    if (record->error.kind == FER_OK) {
        program->connections[record->connection].facts |= FACT_ADOPTED;
        program->shut_later[handle] = 0;
        record->has_value = true;
        FER_IGNORE(fer_tcp_stream_set_nonblocking(&program->streams[handle], false));
    } else {
        ferp_close(raw);
        detach(program, handle);
    }
}

void program_do_timeout(fer_tcp_stream *stream, uint8_t arg, struct record *record)
{
    fer_duration duration = {program_timeout(arg)};
    record->expected = duration.nanos;
    switch (record->op) {
    case OP_SET_READ_TIMEOUT:
        record->error = fer_tcp_stream_set_read_timeout(stream, duration);
        return;
    case OP_SET_WRITE_TIMEOUT:
        record->error = fer_tcp_stream_set_write_timeout(stream, duration);
        return;
    case OP_READ_TIMEOUT: record->error = fer_tcp_stream_read_timeout(stream, &duration); break;
    default: record->error = fer_tcp_stream_write_timeout(stream, &duration); break;
    }
    record->has_value = true;
    record->value = duration.nanos;
}

/* What is ready is not compared: rows of "Not reconciled" differ in it. */
void program_do_ready(fer_tcp_stream *stream, uint8_t arg, struct record *record)
{
    fer_interest ready = 0;
    fer_interest interest = (fer_interest)(1 + arg % 3);
    record->expected = arg % 4 == 0 ? 0 : program_timeout(arg); /* often a check without a wait */
    record->error =
        fer_tcp_stream_ready(stream, interest, (fer_duration){record->expected}, &ready);
    record->bytes_are_right = (ready & ~interest) == 0;
    record->asked = interest;
    record->ready = ready;
}

static uint64_t packed(const fer_tcp_keepalive *keepalive)
{
    return (keepalive->time.nanos / SECOND) << 40 | (keepalive->interval.nanos / SECOND) << 16 |
           (uint64_t)keepalive->retries << 1 | (uint64_t)keepalive->enabled;
}

/* Some fields are 0, which leaves them alone, or exceed a system's maximum. */
static fer_tcp_keepalive keepalive_of(uint8_t arg)
{
    static const uint64_t seconds[] = {0,     1,      7,  32767,
                                       32768, 100000, 90, FER_DURATION_NONE_NANOS / SECOND};
    static const uint32_t retries[] = {0, 1, 127, 200};
    fer_tcp_keepalive made = {arg % 2 == 1,
                              {seconds[arg / 2 % 8] * SECOND},
                              {seconds[arg / 4 % 7] * SECOND},
                              retries[arg / 32 % 4]};
    made.time = seconds[arg / 2 % 8] > 100000 ? FER_DURATION_NONE : made.time;
    return made;
}

void program_do_option(fer_tcp_stream *stream, uint8_t arg, struct record *record)
{
    bool nodelay = false;
    uint32_t ttl = 0;
    fer_duration linger = {0};
    fer_tcp_keepalive keepalive = keepalive_of(arg);
    record->has_value = true;
    switch (record->op) {
    case OP_NODELAY:
        FER_IGNORE(fer_tcp_stream_set_nodelay(stream, arg % 2 == 1));
        record->error = fer_tcp_stream_nodelay(stream, &nodelay);
        record->value = nodelay;
        break;
    case OP_TTL:
        /* Above that the default is read: row system_defaults. */
        if (arg < 200) {
            record->error = fer_tcp_stream_set_ttl(stream, arg * 2u);
        }
        if (record->error.kind == FER_OK) {
            record->error = fer_tcp_stream_ttl(stream, &ttl);
        }
        record->value = ttl;
        break;
    case OP_LINGER:
        record->expected = arg > 250 ? FER_DURATION_NONE_NANOS : (uint64_t)arg * SECOND / 2;
        FER_IGNORE(fer_tcp_stream_set_linger(stream, (fer_duration){record->expected}));
        record->error = fer_tcp_stream_linger(stream, &linger);
        record->value = linger.nanos;
        break;
    default:
        if (arg < 240) {
            record->error = fer_tcp_stream_set_keepalive(stream, &keepalive);
        }
        if (record->error.kind == FER_OK) {
            record->error = fer_tcp_stream_keepalive(stream, &keepalive);
            record->value = packed(&keepalive);
        }
        break;
    }
}

void program_do_query(fer_tcp_stream *stream, struct record *record)
{
    fer_socket_addr addr = {0};
    fer_error pending = {FER_OK, 0};
    if (record->op == OP_TAKE_ERROR) {
        record->error = fer_tcp_stream_take_error(stream, &pending);
        record->has_value = true;
        record->value = (uint64_t)pending.kind;
    } else if (record->op == OP_PEER_ADDR) {
        record->error = fer_tcp_stream_peer_addr(stream, &addr);
    } else {
        record->error = fer_tcp_stream_local_addr(stream, &addr);
    }
}

/* ---- Records */

static const char *system_name(enum program_system system)
{
    static const char *const names[] = {
        [SYSTEM_POSIX] = "posix",     [SYSTEM_WINDOWS] = "winsock", [SYSTEM_MACOS] = "macos",
        [SYSTEM_FREEBSD] = "freebsd", [SYSTEM_NETBSD] = "netbsd",   [SYSTEM_OPENBSD] = "openbsd"};
    return names[system];
}

void program_print_record(const struct record *record)
{
    fprintf(
        stderr,
        "  %-7s %s n %zu value %llu facts %x, then %x, %d actions, elapsed %llu, events at %lld "
        "%lld %lld%s\n",
        system_name(record->system), fer_error_kind_name(record->error.kind), record->n,
        (unsigned long long)record->value, record->facts, record->facts_after, record->actions,
        (unsigned long long)record->elapsed, (long long)record->timeout_in,
        (long long)record->action_in, (long long)record->buffers_in,
        record->bytes_are_right ? "" : " WRONG BYTES");
}
