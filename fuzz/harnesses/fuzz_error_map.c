/* fuzz_error_map.c: any code through the error maps of both systems, the text of any error in
 * buffers of every size, and any bytes as the text of a system. */
#include <stdbool.h>

#include "core/base/text.h"
#include "ferrule/error.h"
#include "ferrule/resolve.h"
#include "ferrule/sim.h"
#include "fuzz/driver/choice.h"
#include "fuzz/driver/fuzz.h"
#include "fuzz/models/error_reference.h"

enum { NEAR = 4 };

/* The error of a run whose text is checked in buffers of every size, which takes most of the time;
 * the others' in one that is large enough. */
enum wanted { OF_LINUX, OF_WINDOWS, OF_ANY };

/* The number of <errno.h> is 0 for FER_OK alone. The text of a lookup's failure is the system's,
 * and that of any other error is its phrase. */
static void check_other_forms(fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    const size_t len = fer_resolve_error_text(error, text, sizeof text);
    FUZZ_CHECK((fer_error_to_errno(error) == 0) == (error.kind == FER_OK));
    FUZZ_CHECK(len > 0 && len == strlen(text));
    FUZZ_CHECK((reference_is_of_lookup(error.kind) && error.os_code != 0) ||
               strcmp(text, fer_error_kind_text(error.kind)) == 0);
}

/* The text of the system is checked for its shape, and then for every capacity. */
static void check_system_text(fer_error error, char text[FER_ERROR_TEXT_CAP])
{
    char end[32];
    const size_t len = fer_error_format(error, text, FER_ERROR_TEXT_CAP);
    snprintf(end, sizeof end, " (os error %ld)", (long)error.os_code);
    FUZZ_CHECK(len < FER_ERROR_TEXT_CAP && len >= 19 + strlen(end));
    FUZZ_CHECK(memcmp(text, "uncategorized error", 19) == 0);
    FUZZ_CHECK(strcmp(text + len - strlen(end), end) == 0);
    for (size_t i = 0; i < len; i++) {
        FUZZ_CHECK((unsigned char)text[i] >= ' ');
    }
}

static size_t format_error(const void *value, char *buf, size_t cap)
{
    return fer_error_format(*(const fer_error *)value, buf, cap);
}

static void check_text(fer_error error, bool at_every_size)
{
    char expected[FER_ERROR_TEXT_CAP], text[FER_ERROR_TEXT_CAP];
    const char *known = reference_phrase(error.kind);
    const char *phrase = known != NULL ? known : "unknown error";
    if (error.os_code == 0) {
        snprintf(expected, sizeof expected, "%s", phrase);
    } else if (error.kind == FER_UNCATEGORIZED) {
        check_system_text(error, expected);
    } else {
        snprintf(expected, sizeof expected, "%s (%s error %ld)", phrase,
                 reference_is_of_lookup(error.kind) ? "resolver" : "os", (long)error.os_code);
    }
    FUZZ_CHECK(strlen(expected) < FER_ERROR_TEXT_CAP);
    FUZZ_CHECK((strcmp(fer_error_kind_name(error.kind), "Unknown") == 0) == (known == NULL));
    FUZZ_CHECK(strcmp(fer_error_kind_text(error.kind), phrase) == 0);
    check_other_forms(error);
    FUZZ_CHECK(fer_error_format(error, text, sizeof text) == strlen(expected));
    FUZZ_CHECK(strcmp(text, expected) == 0);
    if (at_every_size) {
        fuzz_check_every_cap(format_error, &error, expected);
    }
}

/* A text of the system may be cut within a character. The buffer ends where its block does. */
static void check_tidy_text(choices *from)
{
    const size_t cap = 1 + choose_up_to(from, 23);
    char *text = malloc(cap);
    FUZZ_CHECK(text != NULL);
    for (size_t i = 0; i < cap; i++) {
        text[i] = (char)choose_byte(from);
    }
    const size_t len = feri_text_tidy(text, cap);
    FUZZ_CHECK(len < cap && strlen(text) == len);
    for (size_t i = 0; i < len; i++) {
        FUZZ_CHECK((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
    }
    FUZZ_CHECK(len == 0 || (text[len - 1] != ' ' && text[len - 1] != '.'));
    /* no first byte of a longer character is at the end */
    FUZZ_CHECK(len == 0 || (unsigned char)text[len - 1] < 0xc0);
    free(text);
}

/* The code and its neighbours: the rows of a table are no branches that coverage could lead to. */
static void check_codes(fer_sim_dialect dialect, int32_t code, bool at_every_size)
{
    for (int64_t near = (int64_t)code - NEAR; near <= (int64_t)code + NEAR; near++) {
        if (near >= INT32_MIN && near <= INT32_MAX) {
            const fer_error error = fer_error_from_raw_os_error((int32_t)near);
            FUZZ_CHECK(error.os_code == near);
            FUZZ_CHECK(error.kind == (dialect == FER_SIM_DIALECT_POSIX
                                          ? reference_linux_kind(error.os_code)
                                          : reference_windows_kind(error.os_code)));
        }
    }
    check_text(fer_error_from_raw_os_error(code), at_every_size);
}

static void check_dialect(fer_sim_dialect dialect, int32_t code, bool at_every_size)
{
    fer_sim_config config;
    memset(&config, 0, sizeof config);
    config.dialect = dialect;
    config.max_sockets = 1;
    config.send_buffer = 1;
    config.receive_buffer = 1;
    FUZZ_CHECK(fer_sim_start(&config).kind == FER_OK);
    check_codes(dialect, code, at_every_size);
    FUZZ_CHECK(fer_sim_stop(NULL).kind == FER_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    choices from = choices_of(data, size);
    const uint8_t shape = choose_byte(&from);
    const enum wanted wanted = (enum wanted)((shape >> 2) % 3);
    /* Known codes are rare among all numbers: half of the inputs stay near them. */
    int32_t code = (int32_t)choose_up_to(&from, 12000);
    if ((shape & 1) != 0) {
        const uint32_t bits = choose_u32(&from);
        memcpy(&code, &bits, sizeof code);
    }
    const fer_error any = {(fer_error_kind)choose_up_to(&from, (shape & 2) != 0 ? UINT32_MAX : 130),
                           code};
    for (int kind = -1; kind <= FER_UNCATEGORIZED; kind++) {
        check_other_forms((fer_error){(fer_error_kind)kind, code});
    }
    check_dialect(FER_SIM_DIALECT_POSIX, code, wanted == OF_LINUX);
    check_dialect(FER_SIM_DIALECT_WINSOCK, code, wanted == OF_WINDOWS);
    check_text(any, wanted == OF_ANY);
    check_tidy_text(&from);
    return 0;
}
