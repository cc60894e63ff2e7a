/* keepalive.c: TCP keepalive, all or nothing. The fields are set first and SO_KEEPALIVE last. After
 * a failure the previous values are restored. */
#include <stddef.h>

#include "core/base/assert.h"
#include "core/base/facts.h"
#include "core/handle/ended.h"
#include "core/handle/handle.h"
#include "core/handle/options.h"

/* One field, in the unit of the OS. A value of 0 leaves the field unchanged. */
typedef struct field {
    ferp_option option;
    uint32_t value;
    uint32_t previous;
} field;

#define FIELD_COUNT 3

/* The documented defaults, for values that are not given if Windows has only SIO_KEEPALIVE_VALS
 * (SIO_KEEPALIVE_VALS, MSDN). */
#define DEFAULT_TIME_SECONDS 7200
#define DEFAULT_INTERVAL_SECONDS 1

static bool is_valid(const fer_tcp_keepalive *keepalive)
{
    return keepalive != NULL && keepalive->time.nanos != FER_DURATION_NONE_NANOS &&
           keepalive->interval.nanos != FER_DURATION_NONE_NANOS;
}

static void make_fields(const fer_tcp_keepalive *keepalive, field fields[FIELD_COUNT])
{
    uint32_t max_seconds = feri_keepalive_seconds_max();
    uint32_t max_retries = feri_keepalive_retries_max();
    uint32_t retries = keepalive->retries < max_retries ? keepalive->retries : max_retries;
    fields[0] = (field){FERP_KEEPALIVE_TIME, feri_whole_seconds(keepalive->time, max_seconds), 0};
    fields[1] =
        (field){FERP_KEEPALIVE_INTERVAL, feri_whole_seconds(keepalive->interval, max_seconds), 0};
    fields[2] = (field){FERP_KEEPALIVE_RETRIES, retries, 0};
}

static void restore(fer_raw_socket raw, const field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fields[i].value != 0) {
            FER_IGNORE(ferp_set_option(raw, fields[i].option, fields[i].previous));
        }
    }
}

static fer_error set_field(fer_raw_socket raw, field *one)
{
    if (one->value == 0) {
        return feri_ok();
    }
    fer_error error = ferp_option_value(raw, one->option, &one->previous);
    if (error.kind == FER_OK) {
        error = ferp_set_option(raw, one->option, one->value);
    }
    if (error.kind == FER_UNSUPPORTED && one->option == FERP_KEEPALIVE_RETRIES) {
        one->value = 0; /* the OS keeps its own number (rule O3) */
        return feri_ok();
    }
    return error;
}

static fer_error set_fields(fer_raw_socket raw, field fields[FIELD_COUNT])
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        fer_error error = set_field(raw, &fields[i]);
        if (error.kind != FER_OK) {
            restore(raw, fields, i);
            return error;
        }
    }
    return feri_ok();
}

static uint32_t value_or(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

/* For systems without the fields: the older call that sets time and interval, if it exists. */
static fer_error set_with_one_call(fer_raw_socket raw, bool on, const field fields[FIELD_COUNT],
                                   fer_error unsupported)
{
    fer_error error =
        ferp_set_keepalive_values(raw, on, value_or(fields[0].value, DEFAULT_TIME_SECONDS),
                                  value_or(fields[1].value, DEFAULT_INTERVAL_SECONDS));
    return error.kind == FER_UNSUPPORTED ? unsupported : error;
}

static fer_error set_all(fer_raw_socket raw, const fer_tcp_keepalive *keepalive)
{
    field fields[FIELD_COUNT];
    make_fields(keepalive, fields);
    fer_error error = set_fields(raw, fields);
    if (error.kind == FER_UNSUPPORTED) {
        return set_with_one_call(raw, keepalive->enabled, fields, error);
    }
    FER_TRY(error);
    error = ferp_set_option(raw, FERP_KEEPALIVE, keepalive->enabled ? 1 : 0);
    if (error.kind != FER_OK) {
        restore(raw, fields, FIELD_COUNT);
    }
    return error;
}

fer_error feri_set_keepalive(fer_handle *handle, const fer_tcp_keepalive *keepalive)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    if (!is_valid(keepalive)) {
        return feri_refuse(keepalive == NULL);
    }
    return feri_set_result(handle, set_all(handle->p_.raw_, keepalive));
}

/* A field that the OS cannot report is 0. */
static fer_error value_or_zero(fer_raw_socket raw, ferp_option option, uint32_t *out)
{
    *out = 0;
    fer_error error = ferp_option_value(raw, option, out);
    return error.kind == FER_UNSUPPORTED ? feri_ok() : error;
}

fer_error feri_keepalive(const fer_handle *handle, fer_tcp_keepalive *out)
{
    FER_TRY(feri_handle_check(handle, FERI_REQUEST_USE));
    if (out == NULL) {
        return feri_own_error(FER_MISUSE);
    }
    uint32_t enabled = 0;
    uint32_t time = 0;
    uint32_t interval = 0;
    uint32_t retries = 0;
    FER_TRY(ferp_option_value(handle->p_.raw_, FERP_KEEPALIVE, &enabled));
    FER_TRY(value_or_zero(handle->p_.raw_, FERP_KEEPALIVE_TIME, &time));
    FER_TRY(value_or_zero(handle->p_.raw_, FERP_KEEPALIVE_INTERVAL, &interval));
    FER_TRY(value_or_zero(handle->p_.raw_, FERP_KEEPALIVE_RETRIES, &retries));
    *out = (fer_tcp_keepalive){enabled != 0, fer_duration_from_secs(time),
                               fer_duration_from_secs(interval), retries};
    return feri_ok();
}
