/* misuse_table.h: a file's calls as functions, and calls[], their table. Included once in each
 * misuse_*_calls.c, behind its struct arguments and its CALLS(X), whose rows are X(name, an
 * expression of `a`, the arguments); so it has no guard. */
#define CALL_FUNCTION(name, expression)                     \
    static fer_error call_##name(const struct arguments *a) \
    {                                                       \
        return expression;                                  \
    }
CALLS(CALL_FUNCTION)

static const struct {
    const char *name;
    fer_error (*function)(const struct arguments *arguments);
} calls[] = {
#define CALL_ROW(name, expression) {#name, call_##name},
    CALLS(CALL_ROW)};
enum { CALL_COUNT = sizeof calls / sizeof *calls };
