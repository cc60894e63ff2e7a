/* modes.c: what all handles of a socket share, if the OS does not keep it.
 *
 * The settings are in words. A word is in one place at a time: in the handle, and after
 * feri_modes_share in the record. The move of a word is one compare-and-swap in the handle, which
 * adds the mark MOVED to the value. Every change of the handle's word is a compare-and-swap too,
 * and expects a word without the mark. It therefore either precedes the move, and the moved value
 * contains it, or it fails, finds the mark and is made in the record instead. No change is lost,
 * and none is made twice.
 *
 * The record's word begins as UNSET. A call that finds the mark gives it the moved value, with a
 * compare-and-swap that expects UNSET. The value with the mark never changes again, so all of them
 * would store the same, and only the first one does. A reader takes UNSET for the moved value. The
 * mark is added after the record's address is in the handle, so a call that finds the mark finds
 * the record. A clone is filled after all words have moved: it never finds UNSET. */
#include "core/handle/modes.h"

#include <stddef.h>
#include <stdint.h>

#include "core/base/compiler.h"
#include "core/base/error.h"
#include "core/handle/handle.h"
#include "platform/platform.h"

/* The words: the timeouts of both directions, which have the numbers of the directions, and the
 * rest. */
enum { AT_MARKS = 2, WORD_COUNT = 3 };

#define MOVED 0x80000000u
#define UNSET MOVED /* a record's word has no other use for the mark */

/* A timeout: milliseconds, 0 for none. */
#define MILLIS_MAX 0x3FFFFFFFu

/* The marks, and the seconds of linger. */
#define NONBLOCKING 0x40000000u
#define READ_ENDED 0x20000000u
#define LINGER_IS_SET 0x10000000u
#define LINGER_IS_ON 0x08000000u
#define LINGER_SECONDS 0x0000FFFFu
#define LINGER (LINGER_IS_SET | LINGER_IS_ON | LINGER_SECONDS)
/* The socket of a listener is nonblocking in the kernel, whatever the mode is. */
#define CORE_WAITS 0x04000000u

struct feri_shared_modes {
    uint32_t references; /* the handles that point to the record */
    uint32_t words[WORD_COUNT];
};

static feri_shared_modes *record_of(const fer_handle *handle)
{
    return feri_atomic_load_pointer(&handle->p_.shared_);
}

/* ---- Words */

/* Where a word of the handle is now. */
static uint32_t *place_of(fer_handle *handle, size_t index)
{
    uint32_t own = feri_atomic_load(&handle->p_.modes_[index]);
    if ((own & MOVED) == 0) {
        return &handle->p_.modes_[index];
    }
    feri_shared_modes *record = record_of(handle);
    FERI_ASSERT(record != NULL);
    (void)feri_atomic_replace(&record->words[index], UNSET, own & ~MOVED);
    return &record->words[index];
}

/* Replaces the bits of mask with those of value. */
static void change(fer_handle *handle, size_t index, uint32_t mask, uint32_t value)
{
    for (;;) {
        uint32_t *place = place_of(handle, index);
        uint32_t old = feri_atomic_load(place);
        bool has_moved = (old & MOVED) != 0; /* meanwhile */
        if (!has_moved && feri_atomic_replace(place, old, (old & ~mask) | value)) {
            return;
        }
    }
}

static uint32_t word_of(const fer_handle *handle, size_t index)
{
    uint32_t own = feri_atomic_load(&handle->p_.modes_[index]);
    if ((own & MOVED) == 0) {
        return own;
    }
    uint32_t shared = feri_atomic_load(&record_of(handle)->words[index]);
    return shared == UNSET ? own & ~MOVED : shared;
}

/* ---- Listeners */

bool feri_modes_are_kept(const fer_handle *handle)
{
    return !ferp_traits()->io_waits_in_kernel || feri_handle_has_flag(handle, FERI_FLAG_LISTENING);
}

bool feri_modes_core_waits(const fer_handle *handle)
{
    return !ferp_traits()->io_waits_in_kernel || (word_of(handle, AT_MARKS) & CORE_WAITS) != 0;
}

fer_error feri_modes_wait_in_core(fer_handle *handle, fer_raw_socket raw)
{
    if (!feri_modes_are_kept(handle) || feri_modes_core_waits(handle)) {
        return feri_ok();
    }
    FER_TRY(ferp_set_nonblocking(raw, true));
    change(handle, AT_MARKS, CORE_WAITS, CORE_WAITS);
    return feri_ok();
}

/* ---- Timeouts and marks */

static uint32_t millis_from(fer_duration timeout)
{
    FERI_ASSERT(timeout.nanos > 0);
    if (timeout.nanos == FER_DURATION_NONE_NANOS) {
        return 0;
    }
    uint64_t millis =
        timeout.nanos / FERP_NANOS_PER_MILLI + (timeout.nanos % FERP_NANOS_PER_MILLI != 0);
    return millis < MILLIS_MAX ? (uint32_t)millis : MILLIS_MAX;
}

void feri_modes_set_timeout(fer_handle *handle, ferp_direction direction, fer_duration timeout)
{
    change(handle, direction, MILLIS_MAX, millis_from(timeout));
}

fer_duration feri_modes_timeout(const fer_handle *handle, ferp_direction direction)
{
    uint32_t millis = word_of(handle, direction);
    return millis == 0 ? FER_DURATION_NONE : fer_duration_from_millis(millis);
}

/* The socket of a nonblocking listener is nonblocking, and stays so. */
void feri_modes_set_nonblocking(fer_handle *handle, bool nonblocking)
{
    if (nonblocking) {
        change(handle, AT_MARKS, NONBLOCKING | CORE_WAITS, NONBLOCKING | CORE_WAITS);
    } else {
        change(handle, AT_MARKS, NONBLOCKING, 0);
    }
}

bool feri_modes_is_nonblocking(const fer_handle *handle)
{
    return (word_of(handle, AT_MARKS) & NONBLOCKING) != 0;
}

void feri_modes_end_reading(fer_handle *handle)
{
    change(handle, AT_MARKS, READ_ENDED, READ_ENDED);
}

bool feri_modes_has_ended_reading(const fer_handle *handle)
{
    return (word_of(handle, AT_MARKS) & READ_ENDED) != 0;
}

void feri_modes_record_linger(fer_handle *handle, struct ferp_linger linger)
{
    FERI_ASSERT(linger.seconds <= LINGER_SECONDS);
    uint32_t on = linger.on ? LINGER_IS_ON | (linger.seconds & LINGER_SECONDS) : 0;
    change(handle, AT_MARKS, LINGER, LINGER_IS_SET | on);
}

bool feri_modes_shared_linger(const fer_handle *handle, struct ferp_linger *out)
{
    if (record_of(handle) == NULL) {
        return false;
    }
    uint32_t marks = word_of(handle, AT_MARKS);
    *out = (struct ferp_linger){(marks & LINGER_IS_ON) != 0, marks & LINGER_SECONDS};
    return (marks & LINGER_IS_SET) != 0;
}

/* ---- Clones */

fer_error feri_modes_new_record(const fer_handle *handle, feri_shared_modes **out)
{
    *out = NULL;
    if (!feri_modes_are_kept(handle) || record_of(handle) != NULL) {
        return feri_ok();
    }
    feri_shared_modes *made = ferp_alloc(sizeof *made);
    FERI_REQUIRE(made != NULL, FER_OUT_OF_MEMORY);
    *made = (feri_shared_modes){1, {UNSET, UNSET, UNSET}};
    *out = made;
    return feri_ok();
}

void feri_modes_share(fer_handle *handle, feri_shared_modes *made)
{
    if (made != NULL && !feri_atomic_replace_pointer(&handle->p_.shared_, NULL, made)) {
        ferp_free(made); /* another thread makes a clone too and was first */
    }
    if (record_of(handle) == NULL) {
        return;
    }
    for (size_t i = 0; i < WORD_COUNT; i++) {
        feri_atomic_change_bits(&handle->p_.modes_[i], MOVED, 0);
        (void)place_of(handle, i);
    }
}

void feri_modes_join(fer_handle *clone, const fer_handle *source)
{
    feri_shared_modes *record = record_of(source);
    if (record == NULL) {
        return;
    }
    (void)feri_atomic_add(&record->references, 1);
    clone->p_.shared_ = record;
    for (size_t i = 0; i < WORD_COUNT; i++) {
        clone->p_.modes_[i] = MOVED;
    }
}

void feri_modes_clear(fer_handle *handle)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        handle->p_.modes_[i] = 0;
    }
    handle->p_.shared_ = NULL;
}

void feri_modes_move(fer_handle *from, fer_handle *to)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        to->p_.modes_[i] = feri_atomic_load(&from->p_.modes_[i]);
    }
    to->p_.shared_ = record_of(from);
    feri_modes_clear(from);
}

void feri_modes_leave(fer_handle *handle)
{
    feri_shared_modes *record = record_of(handle);
    feri_modes_clear(handle);
    if (record != NULL && feri_atomic_add(&record->references, UINT32_MAX) == 0) {
        ferp_free(record);
    }
}

/* ---- The socket's own settings */

static fer_error read_timeouts(fer_raw_socket raw, fer_handle *handle)
{
    fer_duration timeouts[2];
    FER_TRY(ferp_timeout(raw, FERP_READING, &timeouts[FERP_READING]));
    FER_TRY(ferp_timeout(raw, FERP_WRITING, &timeouts[FERP_WRITING]));
    feri_modes_set_timeout(handle, FERP_READING, timeouts[FERP_READING]);
    feri_modes_set_timeout(handle, FERP_WRITING, timeouts[FERP_WRITING]);
    return feri_ok();
}

fer_error feri_modes_read_from(fer_raw_socket raw, bool is_listener, fer_handle *handle)
{
    struct ferp_linger linger = {false, 0};
    if (ferp_traits()->io_waits_in_kernel) {
        return is_listener ? read_timeouts(raw, handle) : feri_ok();
    }
    FER_TRY(read_timeouts(raw, handle));
    /* a datagram socket lacks the option */
    if (ferp_linger(raw, &linger).kind == FER_OK && linger.on) {
        feri_modes_record_linger(handle, linger);
    }
    return feri_ok();
}

static bool has_timeout(const fer_handle *handle)
{
    return word_of(handle, FERP_READING) != 0 || word_of(handle, FERP_WRITING) != 0;
}

fer_error feri_modes_apply_timeouts(fer_handle *handle, fer_raw_socket raw)
{
    return has_timeout(handle) ? feri_modes_wait_in_core(handle, raw) : feri_ok();
}

void feri_modes_before_close(const fer_handle *handle, fer_raw_socket raw)
{
    struct ferp_linger linger;
    if (feri_modes_shared_linger(handle, &linger)) {
        FER_IGNORE(ferp_set_linger(raw, linger));
    }
}

void feri_modes_write_to(fer_handle *handle, fer_raw_socket raw)
{
    if (!feri_modes_core_waits(handle)) {
        return; /* the socket has its modes */
    }
    if (ferp_traits()->io_waits_in_kernel) {
        change(handle, AT_MARKS, CORE_WAITS, 0); /* for the clones */
    }
    feri_modes_before_close(handle, raw);
    FER_IGNORE(ferp_set_timeout(raw, FERP_READING, feri_modes_timeout(handle, FERP_READING)));
    FER_IGNORE(ferp_set_timeout(raw, FERP_WRITING, feri_modes_timeout(handle, FERP_WRITING)));
    FER_IGNORE(ferp_set_nonblocking(raw, feri_modes_is_nonblocking(handle)));
}
