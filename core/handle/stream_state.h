/* stream_state.h: the state of a socket handle, defined by tables: the events that each state
 * allows, the next state, and the answer to each request. All fields share one 32-bit word, so
 * threads change it without a lock. No system call and no handle here. */
#ifndef FERI_STREAM_STATE_H
#define FERI_STREAM_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "ferrule/error.h"

/* X(name, text for docs/STATE.md). The first of each has the value 0: a word of 0 is a NEW
 * handle. */
#define FERI_PHASES(X)                                                                           \
    X(NEW, "never opened, or the call that opened it failed")                                    \
    X(OPENING, "a call is filling the handle, which has no socket yet")                          \
    X(UNCONNECTED, "has a stream socket that is neither connected nor listening")                \
    X(CONNECTING, "a connect of its socket is in progress")                                      \
    X(CONNECT_FAILED, "a connect of its socket failed; the handle keeps the socket until close") \
    X(OPEN, "has a socket that is ready for use")                                                \
    X(CLOSED, "closed, or its socket was passed to the caller or to another handle")

#define FERI_READ_HALVES(X)             \
    X(OPEN, "bytes can arrive")         \
    X(EOF, "end of file was seen")      \
    X(SHUT, "this handle shut it down") \
    X(RESET, "a fatal error was seen; later reads return it too")

#define FERI_WRITE_HALVES(X)            \
    X(OPEN, "bytes can be sent")        \
    X(SHUT, "this handle shut it down") \
    X(GONE, "a fatal error or a broken pipe was seen")

/* Whether this handle has seen the end of the connection. The value remains when the read half
 * changes from EOF to SHUT (rule L6). */
#define FERI_ENDINGS(X)                            \
    X(UNSEEN, "no end of the connection was seen") \
    X(SEEN, "end of file or a fatal error was seen")

#define FERI_EVENTS(X)                                                                \
    X(OPEN_BEGIN, "a call begins to fill the handle")                                 \
    X(OPEN_ABANDON, "the call failed; its socket is closed")                          \
    X(OPEN_UNCONNECTED, "the call created a stream socket that is not connected yet") \
    X(CONNECT_BEGIN, "the socket starts to connect")                                  \
    X(CONNECT_ABANDON, "the connect did not start")                                   \
    X(CONNECT_OK, "the socket is connected, listening or bound")                      \
    X(CONNECT_FAIL, "the connect failed")                                             \
    X(SHUT_READ, "shutdown(READ)")                                                    \
    X(SHUT_WRITE, "shutdown(WRITE)")                                                  \
    X(SHUT_BOTH, "shutdown(BOTH)")                                                    \
    X(GOT_EOF, "a read or peek returned end of file")                                 \
    X(GOT_RESET, "a call returned a fatal error")                                     \
    X(GOT_PIPE, "a write returned a broken pipe")                                     \
    X(CLOSE, "close, or into_raw")

/* The groups of calls that the state answers alike. */
#define FERI_REQUESTS(X)                               \
    X(READ, "read, peek and their variants")           \
    X(WRITE, "write and its variants")                 \
    X(SHUTDOWN, "shutdown")                            \
    X(PEER_ADDR, "peer_addr")                          \
    X(TAKE_ERROR, "take_error")                        \
    X(CONNECT, "connect and listen of a built socket") \
    X(CLONE, "try_clone")                              \
    X(RAW, "as_raw")                                   \
    X(USE, "every other call that needs a socket")

/* The state's answers to a request, before any system call. */
#define FERI_ANSWERS(X)                                                                 \
    X(CALL_OS, "the OS decides")                                                        \
    X(CHECK_CONNECT,                                                                    \
      "the status of the connect is queried and applied, then the state answers again") \
    X(CHECK_QUEUED, "queued bytes are read; if there are none, the saved error")        \
    X(END, "OK with 0 bytes, or with no error")                                         \
    X(PIPE, "BROKEN_PIPE")                                                              \
    X(SAVED_ERROR, "the saved error, or BROKEN_PIPE if there is none")                  \
    X(UNCONNECTED, "NOT_CONNECTED")                                                     \
    X(PENDING, "WOULD_BLOCK")                                                           \
    X(MISUSE, "MISUSE")

#define FERI_COUNT_ONE(name, text) +1
#define FERI_COUNT(LIST) (0 LIST(FERI_COUNT_ONE))

#define FERI_PHASE_ENUMERATOR(name, text) FERI_PHASE_##name,
#define FERI_READ_ENUMERATOR(name, text) FERI_READ_##name,
#define FERI_WRITE_ENUMERATOR(name, text) FERI_WRITE_##name,
#define FERI_ENDING_ENUMERATOR(name, text) FERI_ENDING_##name,
#define FERI_EVENT_ENUMERATOR(name, text) FERI_EVENT_##name,
#define FERI_REQUEST_ENUMERATOR(name, text) FERI_REQUEST_##name,
#define FERI_ANSWER_ENUMERATOR(name, text) FERI_ANSWER_##name,

typedef enum feri_phase { FERI_PHASES(FERI_PHASE_ENUMERATOR) FERI_PHASE_COUNT } feri_phase;
typedef enum feri_read_half {
    FERI_READ_HALVES(FERI_READ_ENUMERATOR) FERI_READ_COUNT
} feri_read_half;
typedef enum feri_write_half {
    FERI_WRITE_HALVES(FERI_WRITE_ENUMERATOR) FERI_WRITE_COUNT
} feri_write_half;
typedef enum feri_ending { FERI_ENDINGS(FERI_ENDING_ENUMERATOR) FERI_ENDING_COUNT } feri_ending;
typedef enum feri_event { FERI_EVENTS(FERI_EVENT_ENUMERATOR) FERI_EVENT_COUNT } feri_event;
typedef enum feri_request {
    FERI_REQUESTS(FERI_REQUEST_ENUMERATOR) FERI_REQUEST_COUNT
} feri_request;
typedef enum feri_answer { FERI_ANSWERS(FERI_ANSWER_ENUMERATOR) FERI_ANSWER_COUNT } feri_answer;

/* The word: phase in bits 0-3, read half 4-7, write half 8-11, ending 12-15, kind of the saved
 * error 16-23. */
typedef uint32_t feri_state;

/* Returned by feri_state_next for an event that the state forbids. No word has this value. */
#define FERI_STATE_MISUSE UINT32_MAX

feri_phase feri_state_phase(feri_state state);
feri_read_half feri_state_read_half(feri_state state);
feri_write_half feri_state_write_half(feri_state state);
feri_ending feri_state_ending(feri_state state);

/* The kind of the saved error, FER_OK if there is none. */
fer_error_kind feri_state_saved_kind(feri_state state);

/* The word after an event, or FERI_STATE_MISUSE. kind is that of the fatal error for GOT_RESET and
 * CONNECT_FAIL, else FER_OK. The first one is saved. */
feri_state feri_state_next(feri_state state, feri_event event, fer_error_kind kind);

/* The answer of a state to a request. */
feri_answer feri_state_answer(feri_state state, feri_request request);

/* The word of a handle that is OPEN with both halves open and no end seen. The tables then answer
 * CALL_OS to every request but CONNECT (a test checks this), and the calls that move bytes skip the
 * lookup. */
#define FERI_STATE_FULLY_OPEN ((feri_state)FERI_PHASE_OPEN)

/* Whether this handle has shut down both halves. */
bool feri_state_both_halves_shut(feri_state state);

/* ---- FERI_VISIT, which reports each visited cell of the state tables to a fuzzer, because
 * coverage reports edges only. Empty in a build without a fuzzer. */

#if defined(FERI_FUZZ_CELLS)
/* A column is an event, or FERI_EVENT_COUNT plus a request. Defined in fuzz/driver/engine.c. */
void feri_visit(feri_state state, unsigned column);
#define FERI_VISIT(state, column) feri_visit(state, (unsigned)(column))
#else
#define FERI_VISIT(state, column) ((void)0)
#endif

#endif
