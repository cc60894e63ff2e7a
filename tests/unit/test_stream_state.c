/* test_stream_state.c: the state tables against an independent model of the same rules in plain
 * ifs; and the fields. */
#include <stdbool.h>
#include <string.h>

#include "core/handle/stream_state.h"
#include "support/group.h"

/* The model's state of a handle. */
struct model {
    feri_phase phase;
    feri_read_half read;
    feri_write_half write;
    bool saw_end;
    fer_error_kind error;
};

static const fer_error_kind some_errors[] = {FER_OK, FER_CONNECTION_RESET, FER_TIMED_OUT,
                                             FER_UNCATEGORIZED};
#define ERROR_COUNT (sizeof some_errors / sizeof some_errors[0])
#define WORD_COUNT                                                                       \
    ((size_t)FERI_PHASE_COUNT * FERI_READ_COUNT * FERI_WRITE_COUNT * FERI_ENDING_COUNT * \
     ERROR_COUNT)

static feri_state word_of(struct model model)
{
    return (uint32_t)model.phase | (uint32_t)model.read << 4 | (uint32_t)model.write << 8 |
           (uint32_t)model.saw_end << 12 | (uint32_t)model.error << 16;
}

/* Returns the n-th of all words whose fields are in range, including words that no handle ever
 * has. */
static struct model nth_model(size_t n)
{
    struct model model;
    model.phase = (feri_phase)(n % FERI_PHASE_COUNT);
    n /= FERI_PHASE_COUNT;
    model.read = (feri_read_half)(n % FERI_READ_COUNT);
    n /= FERI_READ_COUNT;
    model.write = (feri_write_half)(n % FERI_WRITE_COUNT);
    n /= FERI_WRITE_COUNT;
    model.saw_end = n % 2 != 0;
    model.error = some_errors[n / 2];
    return model;
}

static bool has_error(feri_event event)
{
    return event == FERI_EVENT_CONNECT_FAIL || event == FERI_EVENT_GOT_RESET;
}

/* ---- The model */

static void reset_fields(struct model *model)
{
    model->read = FERI_READ_OPEN;
    model->write = FERI_WRITE_OPEN;
    model->saw_end = false;
    model->error = FER_OK;
}

static void shut_read(struct model *model)
{
    model->read = FERI_READ_SHUT;
}

static void shut_write(struct model *model)
{
    model->write = FERI_WRITE_SHUT;
}

/* A fatal error is saved, whichever call detects it first. */
static void apply_reset(struct model *model, fer_error_kind error)
{
    if (model->read == FERI_READ_OPEN) {
        model->read = FERI_READ_RESET;
    }
    if (model->write == FERI_WRITE_OPEN) {
        model->write = FERI_WRITE_GONE;
    }
    if (model->error == FER_OK) {
        model->error = error;
    }
    model->saw_end = true;
}

static void apply_eof(struct model *model)
{
    if (model->read == FERI_READ_SHUT) {
        return; /* the handle's own shutdown, which says nothing about the peer */
    }
    if (model->read == FERI_READ_OPEN) {
        model->read = FERI_READ_EOF;
    }
    model->saw_end = true;
}

static void apply_pipe(struct model *model)
{
    if (model->write == FERI_WRITE_OPEN) {
        model->write = FERI_WRITE_GONE;
    }
}

/* Applies an event to an open handle. */
static void apply_when_open(struct model *model, feri_event event, fer_error_kind error)
{
    if (event == FERI_EVENT_SHUT_READ || event == FERI_EVENT_SHUT_BOTH) {
        shut_read(model);
    }
    if (event == FERI_EVENT_SHUT_WRITE || event == FERI_EVENT_SHUT_BOTH) {
        shut_write(model);
    }
    if (event == FERI_EVENT_GOT_EOF) {
        apply_eof(model);
    }
    if (event == FERI_EVENT_GOT_RESET) {
        apply_reset(model, error);
    }
    if (event == FERI_EVENT_GOT_PIPE) {
        apply_pipe(model);
    }
}

static bool is_step_to_open(feri_event event)
{
    return event == FERI_EVENT_OPEN_ABANDON || event == FERI_EVENT_OPEN_UNCONNECTED ||
           event == FERI_EVENT_CONNECT_BEGIN || event == FERI_EVENT_CONNECT_ABANDON ||
           event == FERI_EVENT_CONNECT_OK || event == FERI_EVENT_CONNECT_FAIL;
}

/* Returns whether a step on the way to an open handle can happen in this phase. */
static bool may_step(feri_phase phase, feri_event event)
{
    switch (event) {
    case FERI_EVENT_OPEN_ABANDON:
    case FERI_EVENT_OPEN_UNCONNECTED: return phase == FERI_PHASE_OPENING;
    case FERI_EVENT_CONNECT_BEGIN: return phase == FERI_PHASE_UNCONNECTED;
    case FERI_EVENT_CONNECT_OK:
        return phase == FERI_PHASE_OPENING || phase == FERI_PHASE_UNCONNECTED ||
               phase == FERI_PHASE_CONNECTING;
    default: return phase == FERI_PHASE_CONNECTING;
    }
}

static bool step_to_open(struct model *model, feri_event event, fer_error_kind error)
{
    if (!may_step(model->phase, event)) {
        return false;
    }
    if (event == FERI_EVENT_CONNECT_OK) {
        model->phase = FERI_PHASE_OPEN;
    }
    if (event == FERI_EVENT_OPEN_ABANDON) {
        model->phase = FERI_PHASE_NEW;
        reset_fields(model);
    }
    if (event == FERI_EVENT_OPEN_UNCONNECTED || event == FERI_EVENT_CONNECT_ABANDON) {
        model->phase = FERI_PHASE_UNCONNECTED;
    }
    if (event == FERI_EVENT_CONNECT_BEGIN) {
        model->phase = FERI_PHASE_CONNECTING;
    }
    if (event == FERI_EVENT_CONNECT_FAIL) {
        model->phase = FERI_PHASE_CONNECT_FAILED;
        model->error = model->error == FER_OK ? error : model->error;
    }
    return true;
}

/* Returns false for misuse. */
static bool apply(struct model *model, feri_event event, fer_error_kind error)
{
    if (event == FERI_EVENT_OPEN_BEGIN) {
        if (model->phase != FERI_PHASE_NEW && model->phase != FERI_PHASE_CLOSED) {
            return false;
        }
        model->phase = FERI_PHASE_OPENING;
        reset_fields(model);
        return true;
    }
    if (event == FERI_EVENT_CLOSE) {
        model->phase = model->phase == FERI_PHASE_NEW ? FERI_PHASE_NEW : FERI_PHASE_CLOSED;
        reset_fields(model);
        return true;
    }
    if (is_step_to_open(event)) {
        return step_to_open(model, event, error);
    }
    apply_when_open(model, event, error);
    return model->phase == FERI_PHASE_OPEN;
}

static feri_answer answer_when_open(struct model model, feri_request request)
{
    if (request == FERI_REQUEST_CONNECT) {
        return FERI_ANSWER_MISUSE;
    }
    if (request == FERI_REQUEST_READ && model.read == FERI_READ_RESET) {
        return FERI_ANSWER_CHECK_QUEUED;
    }
    if (request == FERI_REQUEST_READ && model.read != FERI_READ_OPEN) {
        return FERI_ANSWER_END;
    }
    if (request == FERI_REQUEST_WRITE && model.write == FERI_WRITE_SHUT) {
        return FERI_ANSWER_PIPE;
    }
    if (request == FERI_REQUEST_WRITE && model.write == FERI_WRITE_GONE) {
        return FERI_ANSWER_SAVED_ERROR;
    }
    if (request == FERI_REQUEST_PEER_ADDR && model.saw_end) {
        return FERI_ANSWER_UNCONNECTED;
    }
    if (request == FERI_REQUEST_TAKE_ERROR && model.error != FER_OK) {
        return FERI_ANSWER_END; /* the error was reported once and cannot be taken again */
    }
    return FERI_ANSWER_CALL_OS;
}

/* Returns whether the request needs the result of a connect. */
static bool needs_connection(feri_request request)
{
    return request == FERI_REQUEST_READ || request == FERI_REQUEST_WRITE ||
           request == FERI_REQUEST_PEER_ADDR || request == FERI_REQUEST_TAKE_ERROR;
}

static feri_answer answer_of(struct model model, feri_request request)
{
    bool is_transfer = request == FERI_REQUEST_READ || request == FERI_REQUEST_WRITE ||
                       request == FERI_REQUEST_SHUTDOWN;
    switch (model.phase) {
    case FERI_PHASE_OPEN: return answer_when_open(model, request);
    case FERI_PHASE_NEW: return is_transfer ? FERI_ANSWER_UNCONNECTED : FERI_ANSWER_MISUSE;
    case FERI_PHASE_OPENING:
        return needs_connection(request)          ? FERI_ANSWER_PENDING
               : request == FERI_REQUEST_SHUTDOWN ? FERI_ANSWER_UNCONNECTED
                                                  : FERI_ANSWER_MISUSE;
    case FERI_PHASE_UNCONNECTED:
        if (request == FERI_REQUEST_TAKE_ERROR && model.error != FER_OK) {
            return FERI_ANSWER_END; /* no handle ever has this state */
        }
        if (request == FERI_REQUEST_CLONE) {
            return FERI_ANSWER_MISUSE;
        }
        return is_transfer || request == FERI_REQUEST_PEER_ADDR ? FERI_ANSWER_UNCONNECTED
                                                                : FERI_ANSWER_CALL_OS;
    case FERI_PHASE_CONNECTING:
        if (request == FERI_REQUEST_CONNECT) {
            return FERI_ANSWER_MISUSE;
        }
        return request == FERI_REQUEST_RAW || request == FERI_REQUEST_USE
                   ? FERI_ANSWER_CALL_OS
                   : FERI_ANSWER_CHECK_CONNECT;
    case FERI_PHASE_CONNECT_FAILED:
        return request == FERI_REQUEST_TAKE_ERROR ? FERI_ANSWER_SAVED_ERROR
               : request == FERI_REQUEST_RAW      ? FERI_ANSWER_CALL_OS
                                                  : FERI_ANSWER_MISUSE;
    default: return FERI_ANSWER_MISUSE;
    }
}

/* ---- The tables against the model */

TEST(every_event_changes_every_word_as_the_rules_require)
{
    for (size_t n = 0; n < WORD_COUNT; n++) {
        for (unsigned e = 0; e < FERI_EVENT_COUNT; e++) {
            for (size_t r = 0; r < ERROR_COUNT; r++) {
                struct model model = nth_model(n);
                if (has_error((feri_event)e) != (some_errors[r] != FER_OK)) {
                    continue;
                }
                feri_state got = feri_state_next(word_of(model), (feri_event)e, some_errors[r]);
                feri_state want = apply(&model, (feri_event)e, some_errors[r]) ? word_of(model)
                                                                               : FERI_STATE_MISUSE;
                if (got != want) {
                    fail_msg("event %u of word %08lx: %08lx, not %08lx", e,
                             (unsigned long)word_of(nth_model(n)), (unsigned long)got,
                             (unsigned long)want);
                }
            }
        }
    }
}

TEST(every_request_is_answered_as_the_rules_require)
{
    for (size_t n = 0; n < WORD_COUNT; n++) {
        for (unsigned r = 0; r < FERI_REQUEST_COUNT; r++) {
            struct model model = nth_model(n);
            feri_answer got = feri_state_answer(word_of(model), (feri_request)r);
            if (got != answer_of(model, (feri_request)r)) {
                fail_msg("request %u of word %08lx: %d, not %d", r, (unsigned long)word_of(model),
                         (int)got, (int)answer_of(model, (feri_request)r));
            }
        }
    }
}

/* The functions that combine fields. */
TEST(the_fields_of_every_word_are_read_back)
{
    for (size_t n = 0; n < WORD_COUNT; n++) {
        struct model model = nth_model(n);
        feri_state word = word_of(model);
        bool is_untouched = model.read == FERI_READ_OPEN && model.write == FERI_WRITE_OPEN &&
                            !model.saw_end && model.error == FER_OK;
        assert_int_equal(feri_state_saved_kind(word), model.error);
        assert_int_equal(feri_state_both_halves_shut(word),
                         model.read == FERI_READ_SHUT && model.write == FERI_WRITE_SHUT);
        assert_int_equal(word == FERI_STATE_FULLY_OPEN,
                         model.phase == FERI_PHASE_OPEN && is_untouched);
    }
}

TEST_MAIN("stream_state")
