/* poller_unix.c: the Unix streams of a program of pollers; see poller_program.h. The program itself
 * has both ends: what one handle sends arrives at another handle at once, or in the queue of a
 * listener. */
#include "fuzz/programs/poller_program.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

static void arrives(int socket, poller_arrival what, size_t count)
{
    poller_model_arrives(socket, what, count, fer_sim_now().nanos);
}

/* Each listener has its own path. */
static fer_unix_addr address_of(int socket)
{
    const char path[] = {'/', (char)('A' + socket), '\0'};
    fer_unix_addr addr;
    FUZZ_CHECK(fer_unix_addr_from_pathname(&addr, path).kind == FER_OK);
    return addr;
}

/* ---- Listeners and connections */

void poller_unix_listen(struct poller_program *program, poller_handle *handle)
{
    int socket = poller_create_socket(program, POLLER_LISTENER);
    fer_unix_addr at = address_of(socket);
    FUZZ_CHECK(fer_unix_listener_bind_addr(&handle->as.unix_listener, &at).kind == FER_OK);
    poller_assign(handle, POLLER_UNIX_LISTENER, socket);
}

/* The other end exists from now on, in the queue, without a raw socket. */
void poller_unix_connect(struct poller_program *program, const poller_handle *listener,
                         poller_handle *out)
{
    fer_unix_addr to = address_of(listener->socket);
    if (out->type != POLLER_EMPTY || poller_is_full(program, 2)) {
        return;
    }
    memset(out, 0, sizeof *out);
    FUZZ_CHECK(fer_unix_stream_connect_addr(&out->as.unix_stream, &to).kind == FER_OK);
    poller_assign(out, POLLER_UNIX, poller_create_socket(program, POLLER_STREAM));
    int other_end = poller_create_socket(program, POLLER_STREAM);
    program->links[other_end].other_end = out->socket;
    program->links[other_end].listener = listener->socket;
    program->links[out->socket].other_end = other_end;
    arrives(listener->socket, POLLER_BYTES, 1);
}

/* The first connection in the queue of a listener, the oldest; or POLLER_NO_SOCKET. */
static int first_of(const struct poller_program *program, int listener)
{
    int at = 0;
    while (at < program->socket_count && program->links[at].listener != listener) {
        at++;
    }
    return at < program->socket_count ? at : POLLER_NO_SOCKET;
}

void poller_unix_accept(struct poller_program *program, poller_handle *listener, poller_handle *out)
{
    int first = first_of(program, listener->socket);
    memset(out, 0, sizeof *out);
    fer_error error =
        fer_unix_listener_accept(&listener->as.unix_listener, &out->as.unix_stream, NULL);
    FUZZ_CHECK(error.kind == (first == POLLER_NO_SOCKET ? FER_WOULD_BLOCK : FER_OK));
    if (error.kind == FER_OK) {
        program->links[first].listener = POLLER_NO_SOCKET;
        poller_model_received(listener->socket, 1);
        poller_assign(out, POLLER_UNIX, first);
    }
}

/* ---- Effects of one end on the other */

void poller_unix_sent(const struct poller_program *program, int socket, size_t count)
{
    if (program->links[socket].other_end != POLLER_NO_SOCKET) {
        arrives(program->links[socket].other_end, POLLER_BYTES, count);
    }
}

void poller_unix_received(struct poller_program *program, int socket, size_t count)
{
    int other_end = program->links[socket].other_end;
    if (other_end != POLLER_NO_SOCKET) {
        program->links[other_end].outstanding -= count;
        poller_model_space(other_end, program->links[other_end].outstanding < POLLER_BUFFER
                                          ? POLLER_SPACE
                                          : POLLER_UNSURE);
    }
}

/* On Linux a shutdown of reading ends the writing of the other end. On Windows later bytes are
 * answered by a reset. On the BSDs it changes nothing for the other end. */
void poller_unix_shut(const struct poller_program *program, int socket, fer_shutdown how)
{
    int other_end = program->links[socket].other_end;
    if (other_end != POLLER_NO_SOCKET && how != FER_SHUTDOWN_READ) {
        arrives(other_end, POLLER_EOF, 0);
    }
    if (other_end != POLLER_NO_SOCKET && how != FER_SHUTDOWN_WRITE) {
        poller_model_shut(other_end, FER_SHUTDOWN_READ);
    }
}

/* Both halves are shut down for the other end, after a reset and after an end of file: EPOLLHUP
 * (unix_poll, soisdisconnected). AFD reports an end of file as readable. */
static void close_other_end(struct poller_program *program, int socket, bool was_queued)
{
    int other_end = program->links[socket].other_end;
    if (other_end == POLLER_NO_SOCKET) {
        return;
    }
    poller_link *left = &program->links[other_end];
    poller_arrival on_windows = was_queued || left->outstanding > 0 ? POLLER_RESET : POLLER_EOF;
    left->other_end = POLLER_NO_SOCKET;
    left->peer_is_closed = true;
    if (left->outstanding >= POLLER_BUFFER) {
        poller_model_space(other_end, POLLER_UNSURE);
    }
    arrives(other_end, program->dialect == FER_SIM_DIALECT_WINSOCK ? on_windows : POLLER_FAILED, 0);
}

void poller_unix_closed(struct poller_program *program, int socket)
{
    close_other_end(program, socket, false);
    for (int child = first_of(program, socket); child != POLLER_NO_SOCKET;
         child = first_of(program, socket)) {
        program->links[child].listener = POLLER_NO_SOCKET;
        close_other_end(program, child, true);
    }
}
