/* error.c: errors from the host's codes, the text of errors, and the version of the library. The
 * platform maps codes to kinds, and kinds to errno. */
#include "core/base/error.h"

#include <string.h>

#include "core/base/compiler.h"
#include "core/base/text.h"
#include "ferrule/version.h"
#include "platform/platform.h"

_Static_assert(sizeof(fer_error) == 8, "a fer_error travels in one register");

/* The room of the system's text beside "uncategorized error: " and " (os error -2147483648)". */
#define SYSTEM_TEXT_CAP (FER_ERROR_TEXT_CAP - 44)

struct error_text {
    size_t len;
    char bytes[FER_ERROR_TEXT_CAP];
};

fer_error fer_error_from_raw_os_error(int32_t os_code)
{
    return (fer_error){ferp_error_kind(os_code), os_code};
}

const char *fer_error_kind_name(fer_error_kind kind)
{
    switch (kind) {
#define KIND_NAME(name, value, rust_name, phrase) \
    case name: return rust_name;
        FER_ERROR_KINDS(KIND_NAME)
#undef KIND_NAME
    }
    return "Unknown";
}

const char *fer_error_kind_text(fer_error_kind kind)
{
    switch (kind) {
#define KIND_PHRASE(name, value, rust_name, phrase) \
    case name: return phrase;
        FER_ERROR_KINDS(KIND_PHRASE)
#undef KIND_PHRASE
    }
    return "unknown error";
}

int fer_error_to_errno(fer_error error)
{
    return ferp_errno(error);
}

static void append_char(struct error_text *text, char byte)
{
    FERI_ASSERT(text->len < FER_ERROR_TEXT_CAP);
    text->bytes[text->len] = byte;
    text->len++;
}

static void append_bytes(struct error_text *text, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        append_char(text, bytes[i]);
    }
}

static void append_piece(struct error_text *text, const char *piece)
{
    append_bytes(text, piece, strlen(piece));
}

static void append_number(struct error_text *text, int32_t number)
{
    /* INT32_MIN has no positive counterpart, so the sign is written first and the rest is
     * unsigned. */
    uint32_t rest = number < 0 ? 0u - (uint32_t)number : (uint32_t)number;
    char digits[10] = {0};
    size_t at = sizeof digits;
    append_piece(text, number < 0 ? "-" : "");
    do {
        FERI_ASSERT(at > 0);
        at--;
        digits[at] = (char)('0' + (char)(rest % 10u));
        rest /= 10u;
    } while (rest != 0);
    append_bytes(text, digits + at, sizeof digits - at);
}

size_t fer_error_format(fer_error error, char *buf, size_t cap)
{
    struct error_text text = {0};
    append_piece(&text, fer_error_kind_text(error.kind));
    if (error.os_code != 0) {
        if (error.kind == FER_UNCATEGORIZED) {
            char system_text[SYSTEM_TEXT_CAP];
            ferp_error_text(error, system_text, sizeof system_text);
            size_t len = feri_text_tidy(system_text, sizeof system_text);
            append_piece(&text, len > 0 ? ": " : "");
            append_bytes(&text, system_text, len);
        }
        append_piece(&text,
                     feri_is_lookup_failure(error.kind) ? " (resolver error " : " (os error ");
        append_number(&text, error.os_code);
        append_char(&text, ')');
    }
    return feri_text_store(text.bytes, text.len, buf, cap);
}

/* ---- Maps errors by operation, and decides which errors end a stream. */

/* In bytes, because the smallest client has the whole table. */
typedef struct mapping {
    uint8_t operation; /* a feri_operation */
    uint8_t from, to;  /* of fer_error_kind */
    bool keeps_code;
} mapping;

#define MAPPING(operation, from, to, keeps_code, why) \
    {FERI_OPERATION_##operation, from, to, keeps_code},
static const mapping mappings[] = {FERI_OPERATION_ERRORS(MAPPING)};
#undef MAPPING

fer_error feri_map_failure(feri_operation operation, fer_error error)
{
    FERI_ASSERT((unsigned)operation <= FERI_OPERATION_UNADDRESSED);
    for (size_t i = 0; i < sizeof mappings / sizeof mappings[0]; i++) {
        if (mappings[i].operation == operation && mappings[i].from == error.kind) {
            return (fer_error){(fer_error_kind)mappings[i].to,
                               mappings[i].keeps_code ? error.os_code : 0};
        }
    }
    return error;
}

/* The cases are the errors that do not change a stream. Every other error is fatal (rule S5): an
 * unknown error must never be followed by an apparent end of file. connection.c adds the errors of
 * a send that may have moved bytes. */
bool feri_error_is_fatal(fer_error error)
{
    switch (error.kind) {
    case FER_OK:
    case FER_WOULD_BLOCK:
    case FER_INTERRUPTED:
    case FER_INVALID_INPUT:
    case FER_MISUSE:
    case FER_PERMISSION_DENIED:
    case FER_OUT_OF_MEMORY:
    case FER_NO_BUFFER_SPACE:
    case FER_MESSAGE_TOO_LONG:
    case FER_TOO_MANY_OPEN_FILES:
    case FER_BAD_HANDLE:
    case FER_UNSUPPORTED:
    case FER_CANCELLED:
    case FER_DEADLOCK:
    case FER_TIMED_OUT:
    case FER_BROKEN_PIPE: return false;
    default: return true;
    }
}

/* The nonfatal kinds that a connection can end with, after an ICMP message or the loss of its
 * route. The system returns such an error once, and then the end of file (Linux: net/ipv4/icmp.c,
 * icmp_err_convert, net/ipv6/icmp.c, icmpv6_err_convert, and tcp_timer.c, tcp_write_err; the BSDs:
 * tcp_timer.c, t_softerror). If it has refused only the call (a security module, a filter), the
 * stream keeps its peer. */
bool feri_error_is_fatal_without_peer(fer_error error)
{
    return error.kind == FER_INVALID_INPUT || error.kind == FER_PERMISSION_DENIED ||
           error.kind == FER_UNSUPPORTED;
}

/* ---- The version. */

FER_STATIC_ASSERT(FER_VERSION_NUMBER ==
                      FER_VERSION_MAJOR * 10000 + FER_VERSION_MINOR * 100 + FER_VERSION_PATCH,
                  "the number has the three parts");

uint32_t fer_version_number(void)
{
    return FER_VERSION_NUMBER;
}

const char *fer_version(void)
{
    return FER_VERSION_TEXT;
}
