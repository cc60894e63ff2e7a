/* modes.c: the timeouts, the user's blocking mode and the mark of an ended read half, which all
 * handles of a socket share.
 *
 * A SOCKET of this backend is always nonblocking, and nonblocking calls ignore SO_RCVTIMEO and
 * SO_SNDTIMEO. All SOCKETs of one socket share these two options ("Shared Sockets", MSDN), so the
 * library stores words of its own in them. A word is a timeout in milliseconds, 0 for none, with
 * marks in its high bits. The user never reads a mark, and no SOCKET leaves the library with
 * one. */
#include "platform/winsock/winsock.h"

#define MILLIS_MAX 0x3FFFFFFFu
#define NONBLOCKING_MARK 0x40000000u
#define READ_ENDED_MARK 0x80000000u
#define NANOS_PER_MILLI 1000000u

/* A change reads and writes a word. The lock serializes changes, because two threads may change a
 * socket through two handles. Calls that only read do not take it. */
static SRWLOCK words_lock = SRWLOCK_INIT;

fer_error ferp_winsock_set_io_mode(SOCKET socket, u_long nonblocking)
{
    return ferp_winsock_result(ioctlsocket(socket, (long)FIONBIO, &nonblocking));
}

static int word_option(ferp_direction direction)
{
    return direction == FERP_READING ? SO_RCVTIMEO : SO_SNDTIMEO;
}

static fer_error read_word(fer_raw_socket raw, ferp_direction direction, DWORD *out)
{
    DWORD word = 0;
    int size = (int)sizeof word;
    FER_TRY(ferp_winsock_result(getsockopt(ferp_winsock_socket(raw), SOL_SOCKET,
                                           word_option(direction), (char *)&word, &size)));
    *out = word;
    return FERP_WINSOCK_OK;
}

static fer_error write_word(fer_raw_socket raw, ferp_direction direction, DWORD word)
{
    return ferp_winsock_result(setsockopt(ferp_winsock_socket(raw), SOL_SOCKET,
                                          word_option(direction), (const char *)&word,
                                          (int)sizeof word));
}

/* Replaces the bits of mask with those of value. */
static fer_error change_word(fer_raw_socket raw, ferp_direction direction, DWORD mask, DWORD value)
{
    DWORD word = 0;
    AcquireSRWLockExclusive(&words_lock);
    fer_error err = read_word(raw, direction, &word);
    if (err.kind == FER_OK) {
        err = write_word(raw, direction, (word & ~mask) | value);
    }
    ReleaseSRWLockExclusive(&words_lock);
    return err;
}

/* Rounds up to at least 1, because 0 means no timeout; clamps to the word's maximum, 12 days. */
static DWORD millis_from(fer_duration timeout)
{
    if (timeout.nanos == FER_DURATION_NONE_NANOS) {
        return 0;
    }
    uint64_t millis = ferp_winsock_millis(timeout.nanos);
    if (millis == 0) {
        return 1;
    }
    return millis > MILLIS_MAX ? MILLIS_MAX : (DWORD)millis;
}

static fer_duration timeout_from(DWORD word)
{
    uint64_t millis = word & MILLIS_MAX;
    return millis == 0 ? FER_DURATION_NONE : (fer_duration){millis * NANOS_PER_MILLI};
}

fer_error ferp_set_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration timeout)
{
    return change_word(raw, direction, MILLIS_MAX, millis_from(timeout));
}

fer_error ferp_timeout(fer_raw_socket raw, ferp_direction direction, fer_duration *out)
{
    DWORD word = 0;
    FER_TRY(read_word(raw, direction, &word));
    *out = timeout_from(word);
    return FERP_WINSOCK_OK;
}

/* Both words carry the mark, so that a wait in either direction reads one word. */
fer_error ferp_set_nonblocking(fer_raw_socket raw, bool nonblocking)
{
    DWORD mark = nonblocking ? NONBLOCKING_MARK : 0;
    FER_TRY(change_word(raw, FERP_READING, NONBLOCKING_MARK, mark));
    return change_word(raw, FERP_WRITING, NONBLOCKING_MARK, mark);
}

fer_error ferp_is_nonblocking(fer_raw_socket raw, bool *out)
{
    DWORD word = 0;
    FER_TRY(read_word(raw, FERP_READING, &word));
    *out = (word & NONBLOCKING_MARK) != 0;
    return FERP_WINSOCK_OK;
}

fer_error ferp_mark_read_ended(fer_raw_socket raw)
{
    return change_word(raw, FERP_READING, READ_ENDED_MARK, READ_ENDED_MARK);
}

fer_error ferp_wait_terms(fer_raw_socket raw, ferp_direction direction, struct ferp_wait_terms *out)
{
    DWORD word = 0;
    FER_TRY(read_word(raw, direction, &word));
    out->nonblocking = (word & NONBLOCKING_MARK) != 0;
    out->read_ended = direction == FERP_READING && (word & READ_ENDED_MARK) != 0;
    out->timeout = timeout_from(word);
    return FERP_WINSOCK_OK;
}

/* ---- Adopted and released sockets */

struct words {
    DWORD reading;
    DWORD writing;
};

static fer_error read_words(fer_raw_socket raw, struct words *out)
{
    FER_TRY(read_word(raw, FERP_READING, &out->reading));
    return read_word(raw, FERP_WRITING, &out->writing);
}

static fer_error write_words(fer_raw_socket raw, struct words words)
{
    FER_TRY(write_word(raw, FERP_READING, words.reading));
    return write_word(raw, FERP_WRITING, words.writing);
}

/* Sets both words and the SOCKET's real mode, or leaves all unchanged. The mode is set last because
 * Windows cannot read it back. */
static fer_error replace_words(fer_raw_socket raw, struct words before, struct words after,
                               u_long real_mode)
{
    fer_error err = write_words(raw, after);
    if (err.kind == FER_OK) {
        err = ferp_winsock_set_io_mode(ferp_winsock_socket(raw), real_mode);
    }
    if (err.kind != FER_OK) {
        (void)write_words(raw, before);
    }
    return err;
}

static DWORD adopted_word(DWORD millis)
{
    return millis > MILLIS_MAX ? MILLIS_MAX : millis;
}

fer_error ferp_adopt(fer_raw_socket raw)
{
    struct words before = {0, 0};
    AcquireSRWLockExclusive(&words_lock);
    fer_error err = read_words(raw, &before);
    if (err.kind == FER_OK) {
        struct words after = {adopted_word(before.reading), adopted_word(before.writing)};
        err = replace_words(raw, before, after, 1);
    }
    ReleaseSRWLockExclusive(&words_lock);
    return err;
}

fer_error ferp_release(fer_raw_socket raw)
{
    struct words before = {0, 0};
    AcquireSRWLockExclusive(&words_lock);
    fer_error err = read_words(raw, &before);
    if (err.kind == FER_OK) {
        struct words after = {before.reading & MILLIS_MAX, before.writing & MILLIS_MAX};
        err = replace_words(raw, before, after, (before.reading & NONBLOCKING_MARK) != 0);
    }
    ReleaseSRWLockExclusive(&words_lock);
    return err;
}
