/* functions.h: the table of all public functions except those of sim.h, with a call of each.
 * cmake/FerruleFunctions.cmake makes it from the headers. */
#ifndef TEST_FUNCTIONS_H
#define TEST_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferrule/error.h"

enum { FUNCTION_PARAMETERS_MAX = 8 };

/* The flags of a parameter. */
enum { IS_POINTER = 1, IS_CONST = 2, IS_NULLABLE = 4 };

struct parameter {
    const char *type; /* without const and the asterisk */
    const char *name;
    unsigned flags;
};

/* A function that returns a number or a pointer sets number. */
struct function_result {
    fer_error error;
    intptr_t number;
};

/* An argument is the pointer itself, or the address of the value. returned is "pointer" for every
 * pointer. */
struct function {
    const char *name;
    void (*call)(void *const *arguments, struct function_result *result);
    const char *returned;
    size_t count;
    struct parameter parameters[FUNCTION_PARAMETERS_MAX + 1];
};

extern const struct function functions[];
extern const size_t functions_count;

/* The types of handles, with their index: X(type) */
#define HANDLE_TYPES(X)  \
    X(fer_tcp_stream)    \
    X(fer_unix_stream)   \
    X(fer_tcp_listener)  \
    X(fer_unix_listener) \
    X(fer_udp_socket)    \
    X(fer_unix_datagram) \
    X(fer_socket)        \
    X(fer_resolver)      \
    X(fer_lookup)        \
    X(fer_connector)     \
    X(fer_poller)        \
    X(fer_cancel_token)  \
    X(fer_waker)

enum handle_type {
#define HANDLE_TYPE_INDEX(type) INDEX_OF_##type,
    HANDLE_TYPES(HANDLE_TYPE_INDEX) HANDLE_TYPE_COUNT
};

extern const size_t handle_sizes[HANDLE_TYPE_COUNT];

bool handle_is_open(enum handle_type type, const void *handle);

/* Not strcmp: in a fuzzer its hook stores each comparison, which takes longer than a call. */
static inline bool is_same_word(const char *one, const char *other)
{
    while (*one != '\0' && *one == *other) {
        one++;
        other++;
    }
    return *one == *other;
}

/* The type of a parameter that is a handle, else HANDLE_TYPE_COUNT. */
enum handle_type parameter_handle(const struct function *function, size_t at);
/* A handle that the call opens. */
bool parameter_is_opened(const struct function *function, size_t at);
/* Memory that the call writes, except a handle. */
bool parameter_is_output(const struct function *function, size_t at);
/* A count of bytes, which a call that fails sets too. */
bool parameter_is_moved(const struct function *function, size_t at);
/* The parameter after a pointer that is the size of its array. */
bool parameter_has_size(const struct function *function, size_t at);

/* ---- Rule E4: which error a call with these arguments returns */

/* The kinds of error that handles in a wrong state allow; none if no handle is in one. Options may
 * be checked before a handle that may be NULL, so these allow the kind of bad options too. */
enum { ALLOWS_MISUSE = 1, ALLOWS_NOT_CONNECTED = 2, ALLOWS_INVALID_INPUT = 4 };
unsigned misuse_of_handles(const struct function *function, void *const *arguments);
/* Whether it has two streams, each of which may be the answer. */
bool function_copies(const struct function *function);
/* Whether values are checked before such a handle: the exceptions of rule E4. */
bool misuse_follows_values(const struct function *function, void *const *arguments);
/* Whether a pointer is NULL that must not be. */
bool misuse_of_pointers(const struct function *function, void *const *arguments);

/* As memcmp, for handles and buffers with padding, and members without a value. */
bool has_same_bytes(const void *one, const void *other, size_t len);

#endif
