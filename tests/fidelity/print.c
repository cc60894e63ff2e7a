/* print.c: the lines that are compared. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fidelity/fidelity.h"

static char raw[512];
static size_t raw_len;

void print_step(struct program *program, const char *op, int handle)
{
    raw_len = 0;
    printf("%d %s %d", program->step, op, handle);
}

void print_text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
}

/* What a connection may say after an end or a reset that one system tells in another way. */
static bool can_be_masked(fer_error_kind kind)
{
    return kind == FER_OK || kind == FER_CONNECTION_RESET || kind == FER_BROKEN_PIPE || kind == FER_UNEXPECTED_EOF ||
           kind == FER_NOT_CONNECTED || kind == FER_STORAGE_FULL || kind == FER_WOULD_BLOCK || kind == FER_TIMED_OUT;
}

void print_kind(fer_error error, const char *mask)
{
    if (mask == NULL || !can_be_masked(error.kind)) {
        printf(" %s", fer_error_kind_name(error.kind));
        return;
    }
    printf(" ~%s", mask);
    int len = snprintf(raw + raw_len, sizeof raw - raw_len, " %s", fer_error_kind_name(error.kind));
    raw_len += len > 0 && (size_t)len < sizeof raw - raw_len ? (size_t)len : 0;
}

void print_ttl(const struct program *program, uint32_t ttl)
{
    bool is_wines = program->winsock && ttl == 64;
    printf(" %u", is_wines ? 128 : (unsigned)ttl);
}

void print_end(void)
{
    if (raw_len > 0) {
        printf(" ;%s", raw);
    }
    raw_len = 0;
    printf("\n");
}

uint64_t digest_of(const void *bytes, size_t len)
{
    uint64_t digest = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < len; i++) {
        digest = (digest ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001B3);
    }
    return digest;
}
