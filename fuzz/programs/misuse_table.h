/* misuse_table.h: the calls of one file as functions, and calls[], their table. It is included once
 * in each misuse_*_calls.c, after its CALLS(X), whose rows are X(name, an expression of `a`, the
 * arguments); so it has no include guard. */
#define CALL_FUNCTION(name, expression)                            \
    static fer_error call_##name(const struct misuse_arguments *a) \
    {                                                              \
        return expression;                                         \
    }
CALLS(CALL_FUNCTION)

static const struct misuse_row calls[] = {
#define CALL_ROW(name, expression) {#name, call_##name},
    CALLS(CALL_ROW)};
enum { CALL_COUNT = sizeof calls / sizeof *calls };
