/* functions.c: the table of all public functions, what their parameters are, and which arguments
 * are misuse. */
#include "support/functions.h"

#include <string.h>

#include "ferrule.h"

/* ---- The table. An argument that is no pointer is read at its address. */

#define RESULT_NOTHING(type, call) call
#define RESULT_ERROR(type, call) result->error = call
#define RESULT_NUMBER(type, call) result->number = (intptr_t)call
#define RESULT_VALUE(type, call) \
    type value = call;           \
    (void)value

#define CALL(kind, type, name, arguments)                                   \
    static void call_##name(void *const *a, struct function_result *result) \
    {                                                                       \
        (void)a;                                                            \
        (void)result;                                                       \
        RESULT_##kind(type, name arguments);                                \
    }
#include "functions.inc"

const size_t functions_count = sizeof functions / sizeof *functions;

const size_t handle_sizes[HANDLE_TYPE_COUNT] = {
#define HANDLE_SIZE(type) sizeof(type),
    HANDLE_TYPES(HANDLE_SIZE)};

/* ---- Parameters */

static bool is_any_of(const char *name, const char *const *names)
{
    while (*names != NULL && !is_same_word(name, *names)) {
        names++;
    }
    return *names != NULL;
}

static enum handle_type handle_of(const struct function *function, size_t at)
{
    static const char *const types[] = {
#define HANDLE_NAME(type) #type,
        HANDLE_TYPES(HANDLE_NAME)};
    const struct parameter *parameter = &function->parameters[at];
    int type = 0;
    while (type < HANDLE_TYPE_COUNT &&
           ((parameter->flags & IS_POINTER) == 0 || !is_same_word(parameter->type, types[type]))) {
        type++;
    }
    return (enum handle_type)type;
}

/* The first parameter of the functions with these words, or two of a pair; and out. */
static bool is_opened(const struct function *function, size_t at)
{
    static const char *const words[] = {"_new",
                                        "_from_raw",
                                        "_borrow_raw",
                                        "_unbound",
                                        "_pair",
                                        "_stream_connect",
                                        "fer_connector_start",
                                        "_listener_bind",
                                        "udp_socket_bind",
                                        "datagram_bind"};
    if (handle_of(function, at) == HANDLE_TYPE_COUNT) {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strstr(function->name, words[i]) != NULL) {
            return at == 0 || strcmp(function->parameters[at].name, "other") == 0;
        }
    }
    return strcmp(function->parameters[at].name, "out") == 0;
}

static bool is_output(const struct function *function, size_t at)
{
    /* the caller's messages and buffers, which a call may change */
    static const char *const changed[] = {"messages", "entries", "buffer",
                                          "a_to_b",   "b_to_a",  NULL};
    const struct parameter *parameter = &function->parameters[at];
    return (parameter->flags & (IS_POINTER | IS_CONST)) == IS_POINTER &&
           handle_of(function, at) == HANDLE_TYPE_COUNT && !is_any_of(parameter->name, changed);
}

/* A wait that fails has reported no event and no notification. */
static bool is_moved(const struct function *function, size_t at)
{
    static const char *const moved[] = {"n", "n_a_to_b", "n_b_to_a", NULL};
    static const char *const waited[] = {"count", "notified", NULL};
    return is_output(function, at) &&
           is_any_of(function->parameters[at].name,
                     strcmp(function->name, "fer_poller_wait") == 0 ? waited : moved);
}

static bool has_size(const struct function *function, size_t at)
{
    static const char *const sizes[] = {"len", "cap", "count", NULL};
    const struct parameter *next = &function->parameters[at + 1];
    return (function->parameters[at].flags & IS_POINTER) != 0 && at + 1 < function->count &&
           (next->flags & IS_POINTER) == 0 && is_any_of(next->name, sizes) &&
           strcmp(next->type, "size_t") == 0;
}

/* Of a NEW stream, these calls are NOT_CONNECTED. */
static bool is_transfer(const char *name)
{
    static const char *const words[] = {
        "_read", "_peek",     "_write",    "_shutdown",  "_ready",     "_send_",    "_recv_",
        "_copy", "_try_read", "_try_peek", "_try_write", "_try_send_", "_try_recv_"};
    static const char *const streams[] = {"fer_tcp_stream", "fer_unix_stream", "fer_stream", "fer"};
    size_t len = strlen(name);
    if (len > 8 && strcmp(name + len - 8, "_timeout") == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        size_t prefix = strlen(streams[i]);
        for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
            if (strncmp(name, streams[i], prefix) == 0 &&
                strncmp(name + prefix, words[k], strlen(words[k])) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* ---- What the words of a function say, found once: a fuzzer makes many calls in a second */

struct facts {
    bool are_found, transfers, copies, follows_values;
    struct {
        enum handle_type handle;
        bool is_opened, is_output, is_moved, has_size, is_stream;
    } of[FUNCTION_PARAMETERS_MAX + 1];
};

static const struct facts *facts_of(const struct function *function)
{
    static struct facts all[sizeof functions / sizeof *functions];
    struct facts *facts = &all[function - functions];
    if (!facts->are_found) {
        facts->are_found = true;
        facts->transfers = is_transfer(function->name);
        facts->copies = strncmp(function->name, "fer_copy", 8) == 0;
        facts->follows_values = strstr(function->name, "stream_shutdown") != NULL ||
                                strstr(function->name, "_send_file") != NULL;
        for (size_t i = 0; i <= FUNCTION_PARAMETERS_MAX; i++) {
            facts->of[i].handle = handle_of(function, i);
        }
        for (size_t i = 0; i < function->count; i++) {
            facts->of[i].is_opened = is_opened(function, i);
            facts->of[i].is_output = is_output(function, i);
            facts->of[i].is_moved = is_moved(function, i);
            facts->of[i].has_size = has_size(function, i);
            facts->of[i].is_stream = strcmp(function->parameters[i].type, "fer_stream") == 0;
        }
    }
    return facts;
}

enum handle_type parameter_handle(const struct function *function, size_t at)
{
    return facts_of(function)->of[at].handle;
}

bool parameter_is_opened(const struct function *function, size_t at)
{
    return facts_of(function)->of[at].is_opened;
}

bool parameter_is_output(const struct function *function, size_t at)
{
    return facts_of(function)->of[at].is_output;
}

bool parameter_is_moved(const struct function *function, size_t at)
{
    return facts_of(function)->of[at].is_moved;
}

bool parameter_has_size(const struct function *function, size_t at)
{
    return facts_of(function)->of[at].has_size;
}

bool function_copies(const struct function *function)
{
    return facts_of(function)->copies;
}

/* ---- Misuse */

bool handle_is_open(enum handle_type type, const void *handle)
{
    switch ((int)type) {
    case INDEX_OF_fer_resolver: return ((const fer_resolver *)handle)->p_.pool_ != NULL;
    case INDEX_OF_fer_lookup: return ((const fer_lookup *)handle)->p_.block_ != NULL;
    case INDEX_OF_fer_connector: return ((const fer_connector *)handle)->p_.state_ == 1;
    case INDEX_OF_fer_poller: return ((const fer_poller *)handle)->p_.state_ == 1;
    case INDEX_OF_fer_cancel_token: {
        uint32_t state = ((const fer_cancel_token *)handle)->p_.state_;
        return state > 0 && state < 4;
    }
    case INDEX_OF_fer_waker: return ((const fer_waker *)handle)->p_.state_ == 1;
    default: return fer_socket_as_raw(handle) != FER_RAW_SOCKET_NONE;
    }
}

/* Every type of a socket has the storage of a fer_handle. */
static unsigned misuse_of_stream(const struct function *function, const void *handle)
{
    if (handle != NULL && handle_is_open(INDEX_OF_fer_tcp_stream, handle)) {
        return 0;
    }
    bool is_new = handle != NULL && ((const fer_handle *)handle)->p_.state_ == 0;
    return is_new && facts_of(function)->transfers ? ALLOWS_NOT_CONNECTED : ALLOWS_MISUSE;
}

static unsigned misuse_of_handle(const struct function *function, size_t at, const void *handle)
{
    enum handle_type type = parameter_handle(function, at);
    if (parameter_is_opened(function, at)) {
        return handle == NULL || handle_is_open(type, handle) ? ALLOWS_MISUSE : 0;
    }
    if (handle == NULL && (function->parameters[at].flags & IS_NULLABLE) != 0) {
        return 0;
    }
    if (type <= INDEX_OF_fer_unix_stream) {
        return misuse_of_stream(function, handle);
    }
    if (handle != NULL && handle_is_open(type, handle)) {
        return 0;
    }
    return (function->parameters[at].flags & IS_NULLABLE) != 0
               ? ALLOWS_MISUSE | ALLOWS_INVALID_INPUT
               : ALLOWS_MISUSE;
}

unsigned misuse_of_handles(const struct function *function, void *const *arguments)
{
    unsigned allowed = 0;
    for (size_t i = 0; i < function->count; i++) {
        if (parameter_handle(function, i) != HANDLE_TYPE_COUNT) {
            allowed |= misuse_of_handle(function, i, arguments[i]);
        } else if (facts_of(function)->of[i].is_stream) {
            allowed |= misuse_of_stream(function, ((const fer_stream *)arguments[i])->handle_);
        }
    }
    return allowed;
}

/* An unknown half of a shutdown, and the buffer of a copy before the stream that it writes to. */
bool misuse_follows_values(const struct function *function, void *const *arguments)
{
    if (function_copies(function)) {
        const fer_handle *first = ((const fer_stream *)arguments[0])->handle_;
        return first != NULL && handle_is_open(INDEX_OF_fer_tcp_stream, first);
    }
    return facts_of(function)->follows_values;
}

bool misuse_of_pointers(const struct function *function, void *const *arguments)
{
    for (size_t i = 0; i < function->count; i++) {
        unsigned flags = function->parameters[i].flags;
        bool has_memory = !parameter_has_size(function, i) || *(const size_t *)arguments[i + 1] > 0;
        bool may_be_null =
            (flags & IS_NULLABLE) != 0 && (!parameter_has_size(function, i) || !has_memory);
        if ((flags & IS_POINTER) != 0 && arguments[i] == NULL && !may_be_null) {
            return true;
        }
    }
    return false;
}

#ifdef __clang__
__attribute__((no_sanitize("memory")))
#endif
bool has_same_bytes(const void *one, const void *other, size_t len)
{
    const volatile uint8_t *bytes = one; /* volatile: no call of memcmp, which is checked */
    const volatile uint8_t *others = other;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != others[i]) {
            return false;
        }
    }
    return true;
}
