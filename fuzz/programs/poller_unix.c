/* poller_unix.c: the Unix streams of a program of pollers; see poller_program.h. Who plays the
 * other end is the program itself: what one handle does arrives at another one at once, or in the
 * queue of a listener. */
#include "fuzz/programs/poller_program.h"

#include <string.h>

#include "fuzz/driver/fuzz.h"

static void arrives(int socket, poller_arrival what, size_t count)
{
    poller_model_arrives(socket, what, count, fer_sim_now().nanos);
}

/* A path for each listener. */
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
    int socket = poller_bear(program, POLLER_LISTENER);
    fer_unix_addr at = address_of(socket);
    FUZZ_CHECK(fer_unix_listener_bind_addr(&handle->as.unix_listener, &at).kind == FER_OK);
    poller_hold(handle, POLLER_UNIX_LISTENS, socket);
}

/* The other end is there from now on, in the queue, without a number. */
void poller_unix_connect(struct poller_program *program, const poller_handle *listener,
                         poller_handle *out)
{
    fer_unix_addr to = address_of(listener->socket);
    if (out->holds != POLLER_NOTHING || poller_is_out_of_room(program, 2)) {
        return;
    }
    memset(out, 0, sizeof *out);
    FUZZ_CHECK(fer_unix_stream_connect_addr(&out->as.unix_stream, &to).kind == FER_OK);
    poller_hold(out, POLLER_UNIX, poller_bear(program, POLLER_STREAM));
    int twin = poller_bear(program, POLLER_STREAM);
    program->ends[twin].twin = out->socket;
    program->ends[twin].listener = listener->socket;
    program->ends[out->socket].twin = twin;
    arrives(listener->socket, POLLER_BYTES, 1);
}

/* The first in a listener's queue, which is the oldest, or nobody. */
static int first_of(const struct poller_program *program, int listener)
{
    int at = 0;
    while (at < program->born && program->ends[at].listener != listener) {
        at++;
    }
    return at < program->born ? at : POLLER_NOBODY;
}

void poller_unix_accept(struct poller_program *program, poller_handle *listener, poller_handle *out)
{
    int first = first_of(program, listener->socket);
    memset(out, 0, sizeof *out);
    fer_error error =
        fer_unix_listener_accept(&listener->as.unix_listener, &out->as.unix_stream, NULL);
    FUZZ_CHECK(error.kind == (first == POLLER_NOBODY ? FER_WOULD_BLOCK : FER_OK));
    if (error.kind == FER_OK) {
        program->ends[first].listener = POLLER_NOBODY;
        poller_model_taken(listener->socket, 1);
        poller_hold(out, POLLER_UNIX, first);
    }
}

/* ---- What one end does, and the other sees */

void poller_unix_gave(const struct poller_program *program, int socket, size_t count)
{
    if (program->ends[socket].twin != POLLER_NOBODY) {
        arrives(program->ends[socket].twin, POLLER_BYTES, count);
    }
}

void poller_unix_took(struct poller_program *program, int socket, size_t count)
{
    int twin = program->ends[socket].twin;
    if (twin != POLLER_NOBODY) {
        program->ends[twin].outstanding -= count;
        poller_model_room(twin, program->ends[twin].outstanding < POLLER_BUFFER ? POLLER_ROOM
                                                                                : POLLER_UNSURE);
    }
}

/* Who shuts its reading shuts the other's writing, on POSIX; on Windows bytes that come then are
 * answered by a reset. */
void poller_unix_shut(const struct poller_program *program, int socket, fer_shutdown how)
{
    int twin = program->ends[socket].twin;
    if (twin != POLLER_NOBODY && how != FER_SHUTDOWN_READ) {
        arrives(twin, POLLER_END, 0);
    }
    if (twin != POLLER_NOBODY && how != FER_SHUTDOWN_WRITE) {
        poller_model_shut(twin, FER_SHUTDOWN_READ);
    }
}

/* Both halves are shut for the other one, whether it is a reset or not: EPOLLHUP (unix_poll). AFD
 * tells of an end as what is read. */
static void leave_twin(struct poller_program *program, int socket, bool was_refused)
{
    int twin = program->ends[socket].twin;
    if (twin == POLLER_NOBODY) {
        return;
    }
    poller_end *left = &program->ends[twin];
    poller_arrival on_windows = was_refused || left->outstanding > 0 ? POLLER_RESET : POLLER_END;
    left->twin = POLLER_NOBODY;
    left->peer_gone = true;
    if (left->outstanding >= POLLER_BUFFER) {
        poller_model_room(twin, POLLER_UNSURE);
    }
    arrives(twin, program->dialect == FER_SIM_POSIX ? POLLER_FAILED : on_windows, 0);
}

void poller_unix_gone(struct poller_program *program, int socket)
{
    leave_twin(program, socket, false);
    for (int child = first_of(program, socket); child != POLLER_NOBODY;
         child = first_of(program, socket)) {
        program->ends[child].listener = POLLER_NOBODY;
        leave_twin(program, child, true);
    }
}
