/* print.c: the lines that are compared. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fidelity/fidelity.h"

static char raw[512];
static size_t raw_len;
static bool is_open; /* the line of a call */

void print_step(struct program *program, const char *op, int handle)
{
    print_end();
    is_open = true;
    printf("%d %s %d", program->step, op, handle);
}

void print_text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
}

/* The kinds that each mask may hide. The first four masks concern Windows and Wine;
 * docs/SIMULATION.md describes each. */
static const struct mask {
    const char *name;
    fer_error_kind kinds[6];
} masks[] = {
    {"end_then_reset",
     {FER_OK, FER_UNEXPECTED_EOF, FER_BUFFER_TOO_SMALL, FER_CONNECTION_RESET, FER_BROKEN_PIPE}},
    {"reset_loses_input",
     {FER_OK, FER_UNEXPECTED_EOF, FER_BUFFER_TOO_SMALL, FER_CONNECTION_RESET, FER_BROKEN_PIPE}},
    {"shut_and_reset", {FER_OK, FER_UNEXPECTED_EOF, FER_CONNECTION_RESET}},
    {"write_after_peer_gone", {FER_OK, FER_CONNECTION_RESET, FER_BROKEN_PIPE}},
    {"peer_addr_after_end", {FER_OK, FER_NOT_CONNECTED}},
    {"full_pipe", {FER_OK, FER_WOULD_BLOCK, FER_TIMED_OUT}},
};

static bool hides(const struct mask *mask, fer_error_kind kind)
{
    for (size_t i = 0; i < sizeof mask->kinds / sizeof *mask->kinds; i++) {
        if (mask->kinds[i] == kind) {
            return true;
        }
    }
    return false;
}

static bool can_be_masked(const char *name, fer_error_kind kind)
{
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        if (strcmp(masks[i].name, name) == 0) {
            return hides(&masks[i], kind);
        }
    }
    return false;
}

void print_kind(fer_error error, const char *mask)
{
    if (mask == NULL || !can_be_masked(mask, error.kind)) {
        printf(" %s", fer_error_kind_name(error.kind));
        return;
    }
    printf(" ~%s", mask);
    int len = snprintf(raw + raw_len, sizeof raw - raw_len, " %s", fer_error_kind_name(error.kind));
    raw_len += len > 0 && (size_t)len < sizeof raw - raw_len ? (size_t)len : 0;
}

void print_ttl(const struct program *program, uint32_t ttl)
{
    bool is_wine_ttl = program->winsock && ttl == 64;
    printf(" %u", is_wine_ttl ? 128 : (unsigned)ttl);
}

void print_end(void)
{
    if (!is_open) {
        return;
    }
    if (raw_len > 0) {
        printf(" ;%s", raw);
    }
    is_open = false;
    raw_len = 0;
    printf("\n");
    if (!os_is_simulated()) {
        (void)fflush(stdout); /* keeps the earlier lines after a hang or a crash */
    }
}

uint64_t digest_of(const void *bytes, size_t len)
{
    uint64_t digest = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < len; i++) {
        digest = (digest ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001B3);
    }
    return digest;
}
