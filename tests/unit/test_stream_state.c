/* test_stream_state.c: how the fields of a state combine. docs/STATE.md has the table of each
 * field, which check_copies compares; here each word behaves as the tables of its fields. */
#include <stdbool.h>

#include "core/handle/stream_state.h"
#include "support/group.h"

static const fer_error_kind some_errors[] = {FER_OK, FER_CONNECTION_RESET, FER_TIMED_OUT,
                                             FER_UNCATEGORIZED};
#define ERROR_COUNT (sizeof some_errors / sizeof some_errors[0])
#define WORD_COUNT                                                                       \
    ((size_t)FERI_PHASE_COUNT * FERI_READ_COUNT * FERI_WRITE_COUNT * FERI_ENDING_COUNT * \
     ERROR_COUNT)

enum { PHASE = 0xF, READ = 0xF0, WRITE = 0xF00, ENDING = 0xF000, SAVED = 0xFF0000 };

/* Returns the n-th of all words whose fields are in range, including words that no handle ever
 * has. */
static feri_state nth_word(size_t n)
{
    size_t phase = n % FERI_PHASE_COUNT;
    size_t read = n / FERI_PHASE_COUNT % FERI_READ_COUNT;
    size_t write = n / FERI_PHASE_COUNT / FERI_READ_COUNT % FERI_WRITE_COUNT;
    size_t rest = n / FERI_PHASE_COUNT / FERI_READ_COUNT / FERI_WRITE_COUNT;
    return (feri_state)(phase | read << 4 | write << 8 | rest % 2 << 12) |
           (feri_state)some_errors[rest / 2] << 16;
}

/* The own shutdown says nothing about the peer, and a fatal error is saved, whichever call detects
 * it first. */
static feri_state next_of_fields(feri_state word, feri_event event, fer_error_kind kind)
{
    feri_state of_phase = feri_state_next(word & PHASE, event, kind);
    bool is_shut_eof = event == FERI_EVENT_GOT_EOF && feri_state_read_half(word) == FERI_READ_SHUT;
    if (of_phase == FERI_STATE_MISUSE || event == FERI_EVENT_OPEN_BEGIN ||
        event == FERI_EVENT_OPEN_ABANDON || event == FERI_EVENT_CLOSE) {
        return of_phase;
    }
    feri_state ending = is_shut_eof ? word : feri_state_next(word & (PHASE | ENDING), event, kind);
    return (of_phase & PHASE) | (feri_state_next(word & (PHASE | READ), event, kind) & READ) |
           (feri_state_next(word & (PHASE | WRITE), event, kind) & WRITE) | (ending & ENDING) |
           ((word & SAVED) != 0 ? word & SAVED : (feri_state)kind << 16);
}

TEST(every_event_changes_each_field_of_every_word_as_its_table_requires)
{
    for (size_t n = 0; n < WORD_COUNT; n++) {
        for (unsigned e = 0; e < FERI_EVENT_COUNT; e++) {
            feri_event event = (feri_event)e;
            bool has_error = event == FERI_EVENT_CONNECT_FAIL || event == FERI_EVENT_GOT_RESET;
            for (size_t r = has_error; r < (has_error ? ERROR_COUNT : 1); r++) {
                feri_state got = feri_state_next(nth_word(n), event, some_errors[r]);
                feri_state want = next_of_fields(nth_word(n), event, some_errors[r]);
                if (got != want) {
                    fail_msg("event %u of word %08lx: %08lx, not %08lx", e,
                             (unsigned long)nth_word(n), (unsigned long)got, (unsigned long)want);
                }
            }
        }
    }
}

/* The phase answers first, and then the field that the request is about. */
static feri_answer answer_of_fields(feri_state word, feri_request request)
{
    feri_answer of_phase = feri_state_answer(word & PHASE, request);
    feri_state field = request == FERI_REQUEST_READ         ? READ
                       : request == FERI_REQUEST_WRITE      ? WRITE
                       : request == FERI_REQUEST_PEER_ADDR  ? ENDING
                       : request == FERI_REQUEST_TAKE_ERROR ? SAVED
                                                            : 0;
    return of_phase != FERI_ANSWER_CALL_OS || field == 0
               ? of_phase
               : feri_state_answer(FERI_PHASE_OPEN | (word & field), request);
}

TEST(every_request_is_answered_by_the_phase_or_its_field)
{
    for (size_t n = 0; n < WORD_COUNT; n++) {
        for (unsigned r = 0; r < FERI_REQUEST_COUNT; r++) {
            feri_answer got = feri_state_answer(nth_word(n), (feri_request)r);
            if (got != answer_of_fields(nth_word(n), (feri_request)r)) {
                fail_msg("request %u of word %08lx: %d", r, (unsigned long)nth_word(n), (int)got);
            }
        }
    }
}

TEST(the_fields_of_every_word_are_read_back)
{
    for (size_t n = 0; n < WORD_COUNT; n++) {
        feri_state word = nth_word(n);
        assert_int_equal(feri_state_saved_kind(word), word >> 16);
        assert_int_equal(feri_state_both_halves_shut(word),
                         (word & (READ | WRITE)) == (FERI_READ_SHUT << 4 | FERI_WRITE_SHUT << 8));
        assert_int_equal(word == FERI_STATE_FULLY_OPEN, word == FERI_PHASE_OPEN);
    }
}

TEST_MAIN("stream_state")
