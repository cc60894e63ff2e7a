/* stream_poller.c: a poller with registrations of a program's streams. Each step checks the events
 * of one stream. */
#include "fuzz/programs/stream_calls.h"

enum { EVENTS = 64, READABLE = 1, WRITABLE = 2 };

/* No edge-triggered mode: only one dialect has it. */
static fer_poll_mode mode_of(uint8_t arg)
{
    return arg / 4 % 2 == 0 ? FER_POLL_LEVEL : FER_POLL_ONESHOT;
}

/* Each registration has a new key, which identifies the handle too. */
static fer_event interest_of(struct program *program, int handle, uint8_t arg)
{
    program->keys[handle] += PROGRAM_HANDLES;
    return (fer_event){.key = program->keys[handle] + (uint64_t)handle,
                       .interest = (arg % 4 != 1 ? FER_READABLE : 0) |
                                   (arg % 4 != 0 && arg % 4 != 3 ? FER_WRITABLE : 0)};
}

static void register_stream(struct program *program, int handle, uint8_t arg, struct record *record)
{
    fer_raw_socket raw = fer_tcp_stream_as_raw(&program->streams[handle]);
    uint64_t before = program->keys[handle];
    fer_event interest = interest_of(program, handle, arg);
    record->error = record->op == OP_POLLER_ADD
                        ? fer_poller_add(&program->poller, raw, interest, mode_of(arg))
                        : fer_poller_modify(&program->poller, raw, interest, mode_of(arg));
    program->keys[handle] = record->error.kind == FER_OK ? program->keys[handle] : before;
}

/* Records only the events of the handle's own stream: those of other streams belong to other
 * connections. */
static void wait_for_stream(struct program *program, int handle, struct record *record)
{
    fer_event events[EVENTS];
    uint64_t key = program->keys[handle] + (uint64_t)handle;
    record->error =
        fer_poller_wait(&program->poller, (fer_duration){0}, events, EVENTS, &record->n, NULL);
    for (size_t i = 0; i < record->n; i++) {
        if (events[i].key == key) {
            record->value = ((events[i].interest & FER_READABLE) != 0 ? READABLE : 0) |
                            ((events[i].interest & FER_WRITABLE) != 0 ? WRITABLE : 0);
        }
    }
    record->n = 0;
}

/* No fault but an interruption is injected here: which stream is reported as spuriously ready
 * depends on earlier events. */
void program_do_poller(struct program *program, int handle, uint8_t arg, struct record *record)
{
    if (record->fault != FER_SIM_FAULT_INTERRUPTED) {
        program_clear_faults(record);
    }
    if (record->op == OP_POLLER_WAIT) {
        wait_for_stream(program, handle, record);
    } else if (record->op == OP_POLLER_DELETE) {
        record->error =
            fer_poller_delete(&program->poller, fer_tcp_stream_as_raw(&program->streams[handle]));
    } else {
        register_stream(program, handle, arg, record);
    }
}
