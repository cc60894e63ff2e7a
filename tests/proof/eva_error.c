/* eva_error.c: the text of every error, for Frama-C's Eva: each kind, a value that is no kind, and
 * any code. wp_format.c proves once, for feri_text_store, how a text is truncated to its buffer. */
#include "__fc_builtin.h"
#include "ferrule/error.h"
#include "platform/background.h"

/* Any bytes, NUL-terminated. */
void ferp_error_text(fer_error error, char *buf, size_t cap)
{
    (void)error;
    Frama_C_make_unknown(buf, cap);
    buf[cap - 1] = '\0';
}

#define ONE_KIND(name, value, rust_name, phrase) name,
static const fer_error_kind kinds[] = {FER_ERROR_KINDS(ONE_KIND)(fer_error_kind) 255};

int main(void)
{
    char bytes[FER_ERROR_TEXT_CAP];
    size_t len = 0;
    //@ loop unroll 300;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const fer_error err = {kinds[i], Frama_C_interval(INT32_MIN, INT32_MAX)};
        len = fer_error_format(err, bytes, sizeof bytes);
        //@ check len < FER_ERROR_TEXT_CAP;
    }
    return len > 0;
}
