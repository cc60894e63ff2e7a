/* winsock_script.c: runs the rows of winsock_script.h. */
#include "unit/winsock_script.h"

static const char *const answer_names[] = {
#define NAME(name, result, parameters) [ANSWER_##name] = #name,
    SCRIPTED_CALLS(NAME) SCRIPTED_QUIET_CALLS(NAME)
#undef NAME
};

static const char *const seam_names[] = {
#define NAME(name) #name,
    SEAM_CALLS(NAME)
#undef NAME
};

/* ---- The row that runs */

int64_t script_now_nanos;

static const struct row *row;
static int at;
static int taken; /* of a step that is repeated */

void script_fail(const char *text, int64_t number)
{
    fail_msg("\"%s\", step %d: %s %lld (0x%llx)", row->name, at, text, (long long)number,
             (unsigned long long)number);
}

static void make_call(const struct step *step);

static bool matches(int64_t want, int64_t is)
{
    return want == ANY || is == ANY || want == is;
}

static bool is_next(const struct step *step, int answer)
{
    return step->kind == ANSWER && step->name == answer;
}

const struct step *script_take(int answer, int64_t on, int64_t in, int64_t in2)
{
    const struct step *step = &row->steps[at];
    if (!is_next(step, answer) && answer > FIRST_QUIET) {
        return NULL;
    }
    if (!is_next(step, answer) || !matches(step->on, on) || !matches(step->in, in) ||
        !matches(step->in2, in2)) {
        fail_msg("\"%s\", step %d is not %s(0x%llx, %lld, %lld)%s%s(0x%llx, %lld, %lld)", row->name,
                 at, answer_names[answer], (unsigned long long)on, (long long)in, (long long)in2,
                 step->kind == ANSWER ? " but " : ", it is no system call",
                 step->kind == ANSWER ? answer_names[step->name] : "", (unsigned long long)step->on,
                 (long long)step->in, (long long)step->in2);
    }
    if (++taken < step->times) {
        return step;
    }
    taken = 0;
    at++;
    while (row->steps[at].kind == MEANWHILE) {
        make_call(&row->steps[at++]);
    }
    return step;
}

const struct step *script_take_packet(void)
{
    return row->steps[at].kind == PACKET ? &row->steps[at++] : NULL;
}

/* A success leaves a code that is no result of any call, as it may on Windows. */
bool script_succeeds(const struct step *step)
{
    bool succeeds = step == NULL || step->code == 0;
    SetLastError(succeeds ? ERROR_SWAPERROR : (DWORD)step->code);
    return succeeds;
}

static void make_call(const struct step *step)
{
    int64_t value = 0;
    fer_error err = script_call(step, &value);
    script_check_inheritance();
    const struct step *want = &row->steps[at];
    if (want->kind != RESULT) {
        fail_msg("\"%s\", step %d: %s returns %s %ld before its next system call", row->name, at,
                 seam_names[step->name], fer_error_kind_name(err.kind), (long)err.os_code);
    }
    if ((int)err.kind != want->name || err.os_code != want->code || value != want->out) {
        fail_msg("\"%s\", step %d: %s returns %s %ld with %lld, not %s %ld with %lld", row->name,
                 at, seam_names[step->name], fer_error_kind_name(err.kind), (long)err.os_code,
                 (long long)value, fer_error_kind_name((fer_error_kind)want->name),
                 (long)want->code, (long long)want->out);
    }
    at++;
}

/* ---- Rows */

static void run_row(const struct row *run)
{
    row = run;
    at = 0;
    taken = 0;
    script_forget_handles();
    script_forget_calls();
    while (row->steps[at].kind != END && row->steps[at].kind != OPEN) {
        const struct step *step = &row->steps[at++];
        if (step->kind != CALL) {
            script_fail("a step that no call has used, of the kind", step->kind);
        }
        make_call(step);
    }
    if (script_open_handles() != row->steps[at].in) {
        script_fail("handles are still open:", script_open_handles());
    }
}

void run_rows(const struct row *rows, size_t count)
{
    script_now_nanos = INT64_C(100000000000000000); /* three years after the start */
    for (size_t i = 0; i < count; i++) {
        run_row(&rows[i]);
    }
    print_message("[  ROWS    ] %lu\n", (unsigned long)count);
}
