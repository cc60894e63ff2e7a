/* modes.c: the blocking mode and the timeouts of a socket, and what else all its handles share if
 * the OS does not keep it.
 *
 * The settings are words: those of the handle, and from its first clone on those of the record. The
 * first clone copies the words to the record, and every change of a word finds out where the word
 * is. Both hold the handle's lock, so no change is lost. A reader needs no lock, because a word of
 * the handle keeps its value after the copy. */
#include "core/handle/modes.h"

#include "core/base/error.h"
#include "core/base/time.h"
#include <stddef.h>

/* The words: the timeouts of both directions, which have the numbers of the directions, and the
 * rest. */
enum { AT_MARKS = 2, WORD_COUNT = 3 };

/* A timeout: milliseconds, 0 for none. */
#define MILLIS_MAX 0x3FFFFFFFu

/* Beside the marks: the linger setting. */
#define LINGER_IS_SET 0x10000000u
#define LINGER_IS_ON 0x08000000u
#define LINGER_SECONDS 0x0000FFFFu
#define LINGER (LINGER_IS_SET | LINGER_IS_ON | LINGER_SECONDS)

struct feri_shared_modes {
    uint32_t references; /* the handles that point to the record */
    uint32_t words[WORD_COUNT];
    fer_raw_socket raw; /* of the handle that was cloned first, or of its clone;
                         * FER_RAW_SOCKET_NONE if each handle calls with its own */
};

/* ---- The lock of a handle */

/* The attempts before a thread pauses between two of them. The lock is held for a few instructions,
 * but its holder does not run while a real-time thread of a higher priority repeats. */
#define LOCK_ATTEMPTS_MAX 100
#define LOCK_PAUSE_NANOS FERP_NANOS_PER_MILLI

void feri_handle_before_attempt(uint32_t *attempts)
{
    if (++*attempts > LOCK_ATTEMPTS_MAX) {
        FER_IGNORE(ferp_token_wait(NULL, NULL, ferp_now() + LOCK_PAUSE_NANOS));
    }
}

uint32_t feri_handle_lock(fer_handle *handle)
{
    uint32_t attempts = 0;
    for (;;) {
        feri_handle_before_attempt(&attempts);
        uint32_t version = feri_atomic_load(&handle->p_.lock_);
        bool is_free = (version & 1) == 0;
        if (is_free && feri_atomic_replace(&handle->p_.lock_, version, version + 1)) {
            return version;
        }
    }
}

void feri_handle_unlock(fer_handle *handle, uint32_t version)
{
    feri_atomic_store(&handle->p_.lock_, version + 2);
}

/* ---- Words */

static uint32_t *mode_word(const fer_handle *handle, size_t index)
{
    feri_shared_modes *record = feri_atomic_load_pointer(&handle->p_.shared_);
    return record != NULL ? &record->words[index]
                          : &((fer_handle *)(uintptr_t)handle)->p_.modes_[index];
}

/* Replaces the bits of mask with those of value. Other handles change the record's words too. */
static void update_mode_word(fer_handle *handle, size_t index, uint32_t mask, uint32_t value)
{
    uint32_t version = feri_handle_lock(handle);
    feri_atomic_change_bits(mode_word(handle, index), value, mask);
    feri_handle_unlock(handle, version);
}

void feri_modes_mark(fer_handle *handle, uint32_t marks, bool is_set)
{
    update_mode_word(handle, AT_MARKS, marks, is_set ? marks : 0);
}

bool feri_modes_has_mark(const fer_handle *handle, feri_mark mark)
{
    return (feri_atomic_load(mode_word(handle, AT_MARKS)) & mark) != 0;
}

bool feri_read_has_ended(const fer_handle *handle)
{
    return ferp_traits()->shutdown_read_resets_on_data &&
           feri_modes_has_mark(handle, FERI_MARK_READ_ENDED);
}

/* ---- Listeners */

fer_error feri_modes_wait_in_core(fer_handle *handle, fer_raw_socket raw)
{
    if (!ferp_traits()->io_waits_in_kernel || !feri_handle_has_flag(handle, FERI_FLAG_LISTENING) ||
        feri_modes_has_mark(handle, FERI_MARK_CORE_WAITS)) {
        return feri_ok();
    }
    FER_TRY(ferp_set_nonblocking(raw, true));
    feri_modes_mark(handle, FERI_MARK_CORE_WAITS, true);
    return feri_ok();
}

/* ---- The timeouts and the linger setting */

void feri_modes_set_timeout(fer_handle *handle, ferp_direction direction, fer_duration timeout)
{
    FERI_ASSERT(timeout.nanos > 0);
    bool has_none = timeout.nanos == FER_DURATION_NONE_NANOS;
    uint32_t millis = has_none ? 0 : feri_units_of(timeout, FERP_NANOS_PER_MILLI, MILLIS_MAX);
    update_mode_word(handle, direction, MILLIS_MAX, millis);
}

fer_duration feri_modes_timeout(const fer_handle *handle, ferp_direction direction)
{
    uint32_t millis = feri_atomic_load(mode_word(handle, direction));
    return millis == 0 ? FER_DURATION_NONE : fer_duration_from_millis(millis);
}

void feri_modes_record_linger(fer_handle *handle, struct ferp_linger linger)
{
    FERI_ASSERT(linger.seconds <= LINGER_SECONDS);
    uint32_t on = linger.on ? LINGER_IS_ON | (linger.seconds & LINGER_SECONDS) : 0;
    update_mode_word(handle, AT_MARKS, LINGER, LINGER_IS_SET | on);
}

bool feri_modes_shared_linger(const fer_handle *handle, struct ferp_linger *out)
{
    if (!feri_modes_have_record(handle)) {
        return false;
    }
    uint32_t marks = feri_atomic_load(mode_word(handle, AT_MARKS));
    *out = (struct ferp_linger){(marks & LINGER_IS_ON) != 0, marks & LINGER_SECONDS};
    return (marks & LINGER_IS_SET) != 0;
}

/* ---- Clones */

fer_error feri_modes_new_record(const fer_handle *handle, feri_shared_modes **out)
{
    *out = NULL;
    bool needs_none = !feri_core_keeps_modes(handle) && !feri_marks_read_end(handle);
    if (needs_none || feri_modes_have_record(handle)) {
        return feri_ok();
    }
    *out = ferp_alloc(sizeof **out);
    return *out != NULL ? feri_ok() : feri_own_error(FER_OUT_OF_MEMORY);
}

fer_raw_socket feri_modes_raw_of_record(const fer_handle *handle)
{
    const feri_shared_modes *record = feri_atomic_load_pointer(&handle->p_.shared_);
    return record->raw == FER_RAW_SOCKET_NONE ? handle->p_.raw_ : record->raw;
}

void feri_modes_share(fer_handle *handle, feri_shared_modes *made, fer_raw_socket clone)
{
    if (made == NULL) {
        return;
    }
    bool has_raw =
        !ferp_traits()->io_waits_in_kernel && feri_handle_has_flag(handle, FERI_FLAG_DATAGRAM);
    fer_raw_socket raw = feri_handle_has_flag(handle, FERI_FLAG_BORROWED) ? clone : handle->p_.raw_;
    *made = (feri_shared_modes){.references = 1, .raw = has_raw ? raw : FER_RAW_SOCKET_NONE};
    uint32_t version = feri_handle_lock(handle);
    bool is_first = !feri_modes_have_record(handle);
    if (is_first) {
        memcpy(made->words, handle->p_.modes_, sizeof made->words);
        feri_atomic_store_pointer(&handle->p_.shared_, made);
    }
    feri_handle_unlock(handle, version);
    if (!is_first) {
        ferp_free(made); /* another thread makes a clone too and was first */
    }
}

void feri_modes_join(fer_handle *clone, const fer_handle *source)
{
    feri_shared_modes *record = feri_atomic_load_pointer(&source->p_.shared_);
    if (record == NULL) {
        return;
    }
    (void)feri_atomic_add(&record->references, 1);
    clone->p_.shared_ = record;
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
    memcpy(to->p_.modes_, from->p_.modes_, sizeof to->p_.modes_);
    to->p_.shared_ = feri_atomic_load_pointer(&from->p_.shared_);
    feri_modes_clear(from);
}

bool feri_modes_leave(fer_handle *handle, fer_raw_socket raw)
{
    feri_shared_modes *record = feri_atomic_load_pointer(&handle->p_.shared_);
    feri_modes_clear(handle);
    if (record == NULL) {
        return false;
    }
    fer_raw_socket shared = record->raw;
    if (shared == raw) {
        /* it may stay open for the clones: rule I3 */
        FER_IGNORE(ferp_set_option(raw, FERP_INHERITABLE, false));
    }
    if (feri_atomic_add(&record->references, UINT32_MAX) != 0) {
        return shared == raw;
    }
    if (shared != FER_RAW_SOCKET_NONE && shared != raw) {
        ferp_close(shared);
    }
    ferp_free(record);
    return false;
}

/* ---- The socket's own settings */

fer_error feri_modes_read_from(fer_raw_socket raw, fer_handle *handle)
{
    fer_duration timeouts[2];
    struct ferp_linger linger = {false, 0};
    FER_TRY(ferp_timeout(raw, FERP_READING, &timeouts[FERP_READING]));
    FER_TRY(ferp_timeout(raw, FERP_WRITING, &timeouts[FERP_WRITING]));
    feri_modes_set_timeout(handle, FERP_READING, timeouts[FERP_READING]);
    feri_modes_set_timeout(handle, FERP_WRITING, timeouts[FERP_WRITING]);
    /* a datagram socket lacks the option */
    if (!ferp_traits()->io_waits_in_kernel && ferp_linger(raw, &linger).kind == FER_OK &&
        linger.on) {
        feri_modes_record_linger(handle, linger);
    }
    return feri_ok();
}

fer_error feri_modes_apply_timeouts(fer_handle *handle, fer_raw_socket raw)
{
    bool has_timeout = feri_atomic_load(mode_word(handle, FERP_READING)) != 0 ||
                       feri_atomic_load(mode_word(handle, FERP_WRITING)) != 0;
    return has_timeout ? feri_modes_wait_in_core(handle, raw) : feri_ok();
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
    const uint32_t lent = FERI_FLAG_BORROWED | FERI_FLAG_CLONED;
    /* If not: the socket has its modes, or a clone may wait, and its SOCKET may have the mode of
     * this one (`raw_mode`). */
    bool needs_modes = ferp_traits()->io_waits_in_kernel
                           ? feri_modes_has_mark(handle, FERI_MARK_CORE_WAITS)
                           : (feri_handle_flags(handle) & lent) != lent;
    if (!needs_modes) {
        return;
    }
    feri_modes_mark(handle, FERI_MARK_CORE_WAITS, false); /* for the clones */
    feri_modes_before_close(handle, raw);
    FER_IGNORE(ferp_set_timeout(raw, FERP_READING, feri_modes_timeout(handle, FERP_READING)));
    FER_IGNORE(ferp_set_timeout(raw, FERP_WRITING, feri_modes_timeout(handle, FERP_WRITING)));
    FER_IGNORE(ferp_set_nonblocking(raw, feri_modes_has_mark(handle, FERI_MARK_NONBLOCKING)));
}

/* ---- The mode and the timeouts, wherever they are kept */

bool feri_may_wait(const fer_handle *handle, uint32_t asking)
{
    if (feri_core_keeps_modes(handle)) {
        return !feri_modes_has_mark(handle, FERI_MARK_NONBLOCKING);
    }
    bool never_waits = feri_handle_has_flag(handle, FERI_FLAG_NONBLOCKING);
    if (feri_handle_has_flag(handle, asking)) {
        FER_IGNORE(ferp_is_nonblocking(handle->p_.raw_, &never_waits));
    }
    return !never_waits;
}

fer_error feri_timeout(const fer_handle *handle, ferp_direction direction, bool asks,
                       fer_duration *out)
{
    bool is_kept = feri_core_keeps_modes(handle);
    if (!is_kept &&
        (asks || feri_handle_has_flag(handle, FERI_OTHERS | feri_timeout_flag(direction)))) {
        return ferp_timeout(handle->p_.raw_, direction, out);
    }
    *out = is_kept ? feri_modes_timeout(handle, direction) : FER_DURATION_NONE;
    return feri_ok();
}

/* A handle that has set a timeout asks only for the mode, which another process may have set
 * meanwhile (rule T6). */
fer_error feri_map_kernel_timeout(const fer_handle *handle, ferp_direction direction,
                                  fer_error error)
{
    uint32_t flag = feri_timeout_flag(direction);
    uint32_t flags = feri_handle_flags(handle);
    uint32_t asking = (flags & FERI_FLAG_NONBLOCKING) != 0 ? FERI_OTHERS : FERI_OTHERS | flag;
    bool is_set = (flags & (FERI_OTHERS | flag)) == flag;
    fer_duration timeout = {.nanos = 0};
    if (!feri_may_wait(handle, asking)) {
        return error;
    }
    FER_TRY(is_set ? feri_ok() : feri_timeout(handle, direction, true, &timeout));
    return timeout.nanos == FER_DURATION_NONE_NANOS ? error
                                                    : feri_map_error(FERI_OPERATION_EXPIRED, error);
}

fer_error feri_begin_listening(fer_handle *handle)
{
    if (!feri_core_keeps_modes(handle)) {
        bool waits = feri_may_wait(handle, FERI_SHARED);
        if (feri_handle_has_flag(handle, FERI_OTHERS | FERI_TIMEOUT_FLAGS)) {
            FER_TRY(feri_modes_read_from(handle->p_.raw_, handle));
        }
        if (!waits) {
            feri_modes_mark(handle, FERI_MARK_NONBLOCKING | FERI_MARK_CORE_WAITS, true);
        }
    }
    feri_atomic_change_bits(&handle->p_.flags_, FERI_FLAG_LISTENING, 0);
    return feri_modes_apply_timeouts(handle, handle->p_.raw_);
}

/* An accepted stream starts blocking, with no timeout (rule T6). XNU inherits the listener's mode
 * at the time of the accept (accept_nocancel); accept4 of the BSDs does not. All systems but macOS
 * inherit timeouts (sonewconn). Only the socket of an adopted listener can have timeouts, one with
 * a clone that was released and adopted again, or one whose timeout was set before listen. */
fer_error feri_reset_inherited_modes(const fer_handle *listener, fer_raw_socket raw)
{
    if (!ferp_traits()->io_waits_in_kernel) {
        return feri_ok(); /* the modes of the new handle apply */
    }
    if (ferp_traits()->accept_inherits_nonblocking &&
        (feri_handle_has_flag(listener, FERI_SHARED) ||
         feri_modes_has_mark(listener, FERI_MARK_CORE_WAITS))) {
        FER_TRY(ferp_set_nonblocking(raw, false));
    }
    if (!feri_handle_has_flag(listener, FERI_SHARED | FERI_TIMEOUT_FLAGS)) {
        return feri_ok();
    }
    FER_TRY(ferp_set_timeout(raw, FERP_READING, FER_DURATION_NONE));
    return ferp_set_timeout(raw, FERP_WRITING, FER_DURATION_NONE);
}

fer_error feri_set_connect_mode(fer_raw_socket raw, bool nonblocking)
{
    return ferp_traits()->io_waits_in_kernel ? ferp_set_nonblocking(raw, nonblocking) : feri_ok();
}

bool feri_waits_by_system(const fer_handle *handle, ferp_direction direction, bool *waits)
{
    fer_duration timeout = FER_DURATION_NONE;
    *waits = feri_may_wait(handle, FERI_SHARED);
    fer_error error = *waits ? feri_timeout(handle, direction, false, &timeout) : feri_ok();
    return error.kind == FER_OK && timeout.nanos == FER_DURATION_NONE_NANOS;
}
