/* stream_state.h: the state of a socket handle, defined by tables: its phase, the ends that it has
 * seen and the kind of its saved error, in one 32-bit word, so threads change it without a lock. No
 * system call and no handle here. */
#ifndef FERI_STREAM_STATE_H
#define FERI_STREAM_STATE_H

#include <stdint.h>

#include "ferrule/error.h"

/* X(name, text for docs/STATE.md). A word of 0 is a NEW handle. */
#define FERI_PHASES(X)                                                                           \
    X(NEW, "never opened, or the call that opened it failed")                                    \
    X(OPENING, "a call is filling the handle, which has no socket yet")                          \
    X(UNCONNECTED, "has a stream socket that is neither connected nor listening")                \
    X(CONNECTING, "a connect of its socket is in progress")                                      \
    X(CONNECT_FAILED, "a connect of its socket failed; the handle keeps the socket until close") \
    X(OPEN, "has a socket that is ready for use")                                                \
    X(CLOSED, "closed, or its socket was passed to the caller or to another handle")

/* What has ended in an OPEN handle, one bit each: X(name, bit, text). Another end, of both halves,
 * is the saved error. An event only adds ends, so none is lost, whatever is added later. */
#define FERI_ENDS(X)                                            \
    X(SHUT_READ, 0x10, "this handle shut down the read half")   \
    X(SHUT_WRITE, 0x20, "this handle shut down the write half") \
    X(EOF, 0x40, "end of file was seen")                        \
    X(PIPE, 0x80, "a write returned a broken pipe")

/* X(name, phases in which it is possible, next phase, ends that it adds, text). */
#define FERI_IN(phase) (1u << FERI_PHASE_##phase)
#define FERI_IN_ANY ((1u << FERI_PHASE_COUNT) - 1)
#define FERI_EVENTS(X)                                                                            \
    X(OPEN_BEGIN, FERI_IN(NEW) | FERI_IN(CLOSED), OPENING, 0, "a call begins to fill the handle") \
    X(OPEN_ABANDON, FERI_IN(OPENING), NEW, 0, "the call failed; its socket is closed")            \
    X(OPEN_UNCONNECTED, FERI_IN(OPENING), UNCONNECTED, 0,                                         \
      "the call created a stream socket that is not connected yet")                               \
    X(CONNECT_BEGIN, FERI_IN(UNCONNECTED), CONNECTING, 0, "the socket starts to connect")         \
    X(CONNECT_ABANDON, FERI_IN(CONNECTING), UNCONNECTED, 0, "the connect did not start")          \
    X(CONNECT_OK, FERI_IN(OPENING) | FERI_IN(UNCONNECTED) | FERI_IN(CONNECTING), OPEN, 0,         \
      "the socket is connected, listening or bound")                                              \
    X(CONNECT_FAIL, FERI_IN(CONNECTING), CONNECT_FAILED, 0, "the connect failed")                 \
    X(SHUT_READ, FERI_IN(OPEN), OPEN, FERI_END_SHUT_READ, "shutdown(READ)")                       \
    X(SHUT_WRITE, FERI_IN(OPEN), OPEN, FERI_END_SHUT_WRITE, "shutdown(WRITE)")                    \
    X(SHUT_BOTH, FERI_IN(OPEN), OPEN, FERI_END_SHUT_BOTH, "shutdown(BOTH)")                       \
    X(GOT_EOF, FERI_IN(OPEN), OPEN, FERI_END_EOF, "a read or peek returned end of file")          \
    X(GOT_RESET, FERI_IN(OPEN), OPEN, 0, "a call returned a fatal error")                         \
    X(GOT_PIPE, FERI_IN(OPEN), OPEN, FERI_END_PIPE, "a write returned a broken pipe")             \
    X(CLOSE, FERI_IN_ANY, CLOSED, 0, "close, or into_raw")

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

#define FERI_PHASE_ITEM(name, text) FERI_PHASE_##name,
#define FERI_END_ITEM(name, bit, text) FERI_END_##name = (bit),
#define FERI_EVENT_ITEM(name, from, to, ends, text) FERI_EVENT_##name,
#define FERI_REQUEST_ITEM(name, text) FERI_REQUEST_##name,
#define FERI_ANSWER_ITEM(name, text) FERI_ANSWER_##name,

typedef enum feri_phase { FERI_PHASES(FERI_PHASE_ITEM) FERI_PHASE_COUNT } feri_phase;
enum { FERI_ENDS(FERI_END_ITEM) FERI_END_SHUT_BOTH = FERI_END_SHUT_READ | FERI_END_SHUT_WRITE };
typedef enum feri_event { FERI_EVENTS(FERI_EVENT_ITEM) FERI_EVENT_COUNT } feri_event;
typedef enum feri_request { FERI_REQUESTS(FERI_REQUEST_ITEM) FERI_REQUEST_COUNT } feri_request;
typedef enum feri_answer { FERI_ANSWERS(FERI_ANSWER_ITEM) FERI_ANSWER_COUNT } feri_answer;

/* The word: phase in bits 0-3, ends in bits 4-7, kind of the saved error in bits 16-23. */
typedef uint32_t feri_state;
#define FERI_STATE_SAVED 0xFF0000u

static inline feri_phase feri_state_phase(feri_state state)
{
    return (feri_phase)(state & 0xF);
}

/* The kind of the saved error, FER_OK if there is none. */
static inline fer_error_kind feri_state_saved_kind(feri_state state)
{
    return (fer_error_kind)(state >> 16 & 0xFF);
}

/* Returned by feri_state_next for an event that the state forbids. No word has this value. */
#define FERI_STATE_MISUSE UINT32_MAX

/* The word after an event, or FERI_STATE_MISUSE. kind is that of the fatal error for GOT_RESET and
 * CONNECT_FAIL, else FER_OK. The first one is saved. */
feri_state feri_state_next(feri_state state, feri_event event, fer_error_kind kind);

feri_answer feri_state_answer(feri_state state, feri_request request);

/* The word of a handle that is OPEN and has seen no end. The tables then answer CALL_OS to every
 * request but CONNECT (a test checks this), and the calls that move bytes skip the lookup. */
#define FERI_STATE_FULLY_OPEN ((feri_state)FERI_PHASE_OPEN)

/* Reports a visited cell of the tables to a fuzzer, because coverage reports edges only. A column
 * is an event, or FERI_EVENT_COUNT plus a request. Defined in fuzz/driver/engine.c. */
#if defined(FERI_FUZZ_CELLS)
void feri_visit(feri_state state, unsigned column);
#else
#define feri_visit(state, column) ((void)0)
#endif

#endif
