/* tracker.c: tracks the data in flight between the program's sockets, by the rules of TCP and of
 * the two systems. */
#include "fidelity/fidelity.h"

bool tracker_has_space(const struct program *program)
{
    return program->end_count + 2 <= SOCKETS;
}

int tracker_connect(struct program *program, int listening)
{
    struct listening *queue = &program->listenings[listening];
    if (!tracker_has_space(program) || queue->queued == QUEUE_MAX) {
        return NONE;
    }
    int client = program->end_count++;
    int server = program->end_count++;
    program->ends[client] = (struct end){.other = server, .handles = 1};
    program->ends[server] = (struct end){.other = client, .is_queued = true};
    queue->queue[queue->queued++] = server;
    queue->is_in_flight = true;
    return client;
}

static int take_first(struct listening *queue)
{
    int first = queue->queue[0];
    queue->queued--;
    for (int i = 0; i < queue->queued; i++) {
        queue->queue[i] = queue->queue[i + 1];
    }
    return first;
}

/* Linux returns a connection that was reset in the queue. On Windows and the BSDs accept fails for
 * it, on macOS for one of IPv6 or of a shared listener, and is retried ("reset_in_queue"). */
bool tracker_skips(const struct program *program, const struct listening *queue,
                   const struct end *end)
{
    bool macos_skips = queue->is_shared || queue->addr.ip.family == FER_IP_V6;
    bool skips = program->winsock || (program->bsd && (!program->macos || macos_skips));
    return skips && end->is_reset;
}

int tracker_accept(struct program *program, int listening)
{
    struct listening *queue = &program->listenings[listening];
    while (queue->queued > 0) {
        int first = take_first(queue);
        program->ends[first].is_queued = false;
        if (!tracker_skips(program, queue, &program->ends[first])) {
            program->ends[first].handles = 1;
            return first;
        }
        program->ends[first].is_closed = true;
    }
    return NONE;
}

bool tracker_is_over(const struct program *program, const struct end *end)
{
    return end->fin_arrived && end->fin_sent;
}

bool tracker_ignores_options(const struct program *program, const struct end *end)
{
    bool reads_end = end->shut_read || end->fin_arrived;
    return program->macos && (end->is_reset || (reads_end && end->fin_sent));
}

/* After a reset one system may keep data that another discards. */
static void mark_reset(const struct program *program, struct end *end)
{
    end->is_reset = true;
    end->is_in_flight = true;
    if (program->winsock && end->mask == NULL && end->fin_arrived) {
        end->mask = "end_then_reset";
    } else if (program->winsock && end->mask == NULL && end->shut_read) {
        end->mask = "shut_and_reset";
    } else if (program->winsock && end->mask == NULL && end->unread > 0) {
        end->mask = "reset_loses_input";
    }
}

static void send_reset(struct program *program, struct end *end)
{
    struct end *other = &program->ends[end->other];
    mark_reset(program, end);
    if (!other->is_closed && !other->is_reset) {
        mark_reset(program, other);
    }
}

static void send_end(struct program *program, struct end *end)
{
    if (!end->fin_sent && !end->is_reset) {
        end->fin_sent = true;
        end->is_in_flight = true; /* both directions may have ended */
        program->ends[end->other].fin_arrived = true;
        program->ends[end->other].is_in_flight = true;
    }
}

void tracker_wrote(struct program *program, int number, size_t n)
{
    struct end *end = &program->ends[number];
    struct end *other = &program->ends[end->other];
    end->sent += n;
    if (n == 0 || end->is_reset) {
        return;
    }
    if (other->is_closed) {
        mark_reset(program, end);
    } else if (program->bsd && !program->macos && other->shut_read) {
        end->is_in_flight = true; /* the BSDs discard it (sorflush, SB_DROP) */
        end->peer_discards = true;
    } else if (other->shut_read && other->fin_sent) {
        send_reset(program, other); /* RFC 1122, 4.2.2.13 */
    } else {
        other->unread += n;
        other->is_in_flight = true;
    }
}

/* Windows and macOS: core passes a shutdown of the read half to the system only together with that
 * of the write half, on Windows only if that cannot cause a reset (stream_shutdown.c). */
static bool shuts_read_in_system(const struct program *program, const struct stream *stream,
                                 const struct end *end, fer_shutdown how)
{
    if (!program->winsock && !program->macos) {
        return how != FER_SHUTDOWN_WRITE;
    }
    bool both =
        (stream->shut_read && stream->shut_write) || (stream->is_shared && end->marked_read);
    bool is_passed = how != FER_SHUTDOWN_READ || (stream->shut_read && stream->shut_write);
    return both && is_passed && (program->macos || end->unread == 0);
}

/* A shutdown of the read half discards the input (sorflush). FreeBSD does nothing once the
 * connection has ended (soshutdown: ENOTCONN), macOS once the read half has
 * (soshutdownlock_final). */
static bool discards_input(const struct program *program, const struct end *end)
{
    bool has_ended = end->is_reset || tracker_is_over(program, end);
    bool does_nothing = (program->system == FIDELITY_FREEBSD && has_ended) ||
                        (program->macos && (has_ended || end->fin_arrived));
    return program->bsd && end->shut_read && !does_nothing;
}

void tracker_shut(struct program *program, struct stream *stream, fer_shutdown how)
{
    struct end *end = &program->ends[stream->end];
    if (program->winsock && end->is_reset && end->mask == NULL) {
        end->mask = "shut_and_reset";
    }
    stream->shut_read = stream->shut_read || how != FER_SHUTDOWN_WRITE;
    stream->shut_write = stream->shut_write || how != FER_SHUTDOWN_READ;
    end->marked_read = end->marked_read || ((program->winsock || program->macos) &&
                                            stream->is_shared && how != FER_SHUTDOWN_WRITE);
    bool shuts_read = shuts_read_in_system(program, stream, end, how);
    bool is_ignored = tracker_ignores_options(program, end);
    end->shut_read = end->shut_read || shuts_read;
    if (program->bsd && shuts_read && end->unread > 0 && !is_ignored) {
        end->resets_at_close =
            true; /* by the library, which then finds no unread input (rule S7) */
    }
    if (discards_input(program, end)) {
        end->unread = 0;
    }
    if (how != FER_SHUTDOWN_READ) {
        send_end(program, end);
    }
}

static void close_end(struct program *program, struct end *end, bool resets_unread)
{
    if (!end->is_reset && !tracker_is_over(program, end)) {
        if (end->resets_at_close || (end->unread > 0 && resets_unread)) {
            send_reset(program, end);
        } else {
            send_end(program, end);
        }
    }
    end->is_closed = true;
}

void tracker_closed(struct program *program, int number, bool resets_unread)
{
    struct end *end = &program->ends[number];
    end->handles--;
    if (end->handles == 0) {
        close_end(program, end, resets_unread || !program->bsd || program->macos);
    }
}

void tracker_stopped_listening(struct program *program, int listening)
{
    struct listening *queue = &program->listenings[listening];
    while (queue->queued > 0) {
        struct end *end = &program->ends[take_first(queue)];
        if (!end->is_reset && !tracker_is_over(program, end)) {
            send_reset(program, end);
        }
        end->is_closed = true;
    }
}

/* ---- Waiting */

static bool has_arrived(const struct program *program, const struct stream *stream, struct end *end)
{
    end->is_in_flight =
        !os_has_arrived(fer_tcp_stream_as_raw(&stream->handle), end, tracker_is_over(program, end));
    return !end->is_in_flight;
}

static bool is_queued(const struct listener *listener, struct listening *listening)
{
    listening->is_in_flight =
        !os_is_queued(fer_tcp_listener_as_raw(&listener->handle), listening->queued);
    return !listening->is_in_flight;
}

/* Checks only the sockets with data in flight. */
static bool have_all_arrived(struct program *program)
{
    for (int i = 0; i < STREAMS; i++) {
        const struct stream *stream = &program->streams[i];
        struct end *end = stream->end == NONE ? NULL : &program->ends[stream->end];
        if (end != NULL && end->is_in_flight && !has_arrived(program, stream, end)) {
            return false;
        }
    }
    for (int i = 0; i < LISTENERS; i++) {
        const struct listener *listener = &program->listeners[i];
        struct listening *listening =
            listener->listening == NONE ? NULL : &program->listenings[listener->listening];
        if (listening != NULL && listening->is_in_flight && !is_queued(listener, listening)) {
            return false;
        }
    }
    return true;
}

/* A reset of a queued connection cannot be detected, so it gets some time to arrive. */
static void wait_for_queued_resets(struct program *program)
{
    for (int i = 0; i < program->end_count; i++) {
        struct end *end = &program->ends[i];
        if (end->is_queued && end->is_reset && end->is_in_flight) {
            end->is_in_flight = false;
            (void)os_yield(1000);
        }
    }
}

bool tracker_wait(struct program *program)
{
    os_wait_for_arrival();
    if (program->bsd) {
        wait_for_queued_resets(program);
    }
    for (unsigned attempts = 0; !have_all_arrived(program); attempts++) {
        if (!os_yield(attempts)) {
            return false;
        }
    }
    return true;
}
