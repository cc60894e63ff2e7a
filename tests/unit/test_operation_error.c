/* test_operation_error.c: how each operation maps an error of the OS, and which errors end a
 * stream: each row, and every other kind. */
#include <stdbool.h>

#include "core/base/error.h"
#include "support/group.h"

static const fer_error_kind kinds[] = {
#define KIND(name, value, rust_name, phrase) name,
    FER_ERROR_KINDS(KIND)
#undef KIND
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])
#define OPERATION_COUNT ((int)FERI_OPERATION_UNADDRESSED + 1)

/* An independent copy of the rows. */
static const struct row {
    feri_operation operation;
    fer_error_kind mapped;
    fer_error_kind reported;
    int32_t reported_code; /* for the code 77 */
} rows[] = {
    {FERI_OPERATION_READ, FER_CONNECTION_ABORTED, FER_CONNECTION_RESET, 77},
    {FERI_OPERATION_READ, FER_BROKEN_PIPE, FER_OK, 0},
    {FERI_OPERATION_WRITE, FER_CONNECTION_ABORTED, FER_CONNECTION_RESET, 77},
    {FERI_OPERATION_SHORTAGE, FER_NO_BUFFER_SPACE, FER_WOULD_BLOCK, 77},
    {FERI_OPERATION_EXPIRED, FER_WOULD_BLOCK, FER_TIMED_OUT, 0},
    {FERI_OPERATION_CONNECT, FER_INTERRUPTED, FER_IN_PROGRESS, 77},
    {FERI_OPERATION_START, FER_INTERRUPTED, FER_IN_PROGRESS, 77},
    {FERI_OPERATION_START, FER_WOULD_BLOCK, FER_IN_PROGRESS, 77},
    {FERI_OPERATION_CONNECT_UNBOUND, FER_ADDR_IN_USE, FER_ADDR_NOT_AVAILABLE, 77},
    {FERI_OPERATION_CONNECT_UNBOUND, FER_NO_BUFFER_SPACE, FER_ADDR_NOT_AVAILABLE, 77},
    {FERI_OPERATION_STARTED, FER_IN_PROGRESS, FER_WOULD_BLOCK, 77},
    {FERI_OPERATION_UNIX_START, FER_WOULD_BLOCK, FER_RESOURCE_BUSY, 77},
    {FERI_OPERATION_UNIX_NAME, FER_NETWORK_DOWN, FER_NOT_FOUND, 77},
    {FERI_OPERATION_CONNECT_TO_ITSELF, FER_INVALID_INPUT, FER_CONNECTION_REFUSED, 77},
    {FERI_OPERATION_BIND_TAKEN, FER_PERMISSION_DENIED, FER_ADDR_IN_USE, 77},
    {FERI_OPERATION_DUAL_STACK, FER_INVALID_INPUT, FER_UNSUPPORTED, 77},
    {FERI_OPERATION_SHUTDOWN, FER_NOT_CONNECTED, FER_OK, 0},
    {FERI_OPERATION_SHUTDOWN, FER_CONNECTION_RESET, FER_OK, 0},
    {FERI_OPERATION_SHUTDOWN, FER_CONNECTION_ABORTED, FER_OK, 0},
    {FERI_OPERATION_SHUTDOWN, FER_BROKEN_PIPE, FER_OK, 0},
    {FERI_OPERATION_SHUTDOWN, FER_INVALID_INPUT, FER_OK, 0},
    {FERI_OPERATION_SET_ENDED, FER_INVALID_INPUT, FER_OK, 0},
    {FERI_OPERATION_SET_ENDED, FER_CONNECTION_RESET, FER_OK, 0},
    {FERI_OPERATION_SET_ENDED, FER_CONNECTION_ABORTED, FER_OK, 0},
    {FERI_OPERATION_SET_ENDED, FER_NOT_CONNECTED, FER_OK, 0},
    {FERI_OPERATION_ACCEPTED_ENDED, FER_INVALID_INPUT, FER_CONNECTION_ABORTED, 77},
    {FERI_OPERATION_ACCEPTED_ENDED, FER_CONNECTION_RESET, FER_CONNECTION_ABORTED, 77},
    {FERI_OPERATION_ACCEPTED_ENDED, FER_NOT_CONNECTED, FER_CONNECTION_ABORTED, 77},
    {FERI_OPERATION_DATAGRAM, FER_CONNECTION_RESET, FER_CONNECTION_REFUSED, 77},
    {FERI_OPERATION_GROUP, FER_INVALID_INPUT, FER_ADDR_NOT_AVAILABLE, 77},
    {FERI_OPERATION_GROUP, FER_NOT_FOUND, FER_ADDR_NOT_AVAILABLE, 77},
    {FERI_OPERATION_GROUP, FER_OUT_OF_MEMORY, FER_NO_BUFFER_SPACE, 77},
    {FERI_OPERATION_UNADDRESSED, FER_INVALID_INPUT, FER_NOT_CONNECTED, 77},
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static fer_error wanted(feri_operation operation, fer_error error)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].operation == operation && rows[i].mapped == error.kind) {
            return (fer_error){rows[i].reported, rows[i].reported_code};
        }
    }
    return error;
}

TEST(every_listed_answer_is_reported_as_listed_and_every_other_as_it_is)
{
    for (int operation = 0; operation < OPERATION_COUNT; operation++) {
        for (size_t i = 0; i < KIND_COUNT; i++) {
            fer_error error = {kinds[i], 77};
            fer_error want = wanted((feri_operation)operation, error);
            fer_error got = feri_map_error((feri_operation)operation, error);
            if (got.kind != want.kind || got.os_code != want.os_code) {
                fail_msg("operation %d, kind %s: mapped to %s (%ld)", operation,
                         fer_error_kind_name(error.kind), fer_error_kind_name(got.kind),
                         (long)got.os_code);
            }
        }
    }
}

/* An independent copy of the kinds that do not end a stream, with any code. */
static bool is_nonfatal(fer_error_kind kind)
{
    return kind == FER_OK || kind == FER_WOULD_BLOCK || kind == FER_INTERRUPTED ||
           kind == FER_INVALID_INPUT || kind == FER_MISUSE || kind == FER_PERMISSION_DENIED ||
           kind == FER_OUT_OF_MEMORY || kind == FER_NO_BUFFER_SPACE ||
           kind == FER_MESSAGE_TOO_LONG || kind == FER_TOO_MANY_OPEN_FILES ||
           kind == FER_BAD_HANDLE || kind == FER_UNSUPPORTED || kind == FER_CANCELLED ||
           kind == FER_DEADLOCK || kind == FER_TIMED_OUT || kind == FER_BROKEN_PIPE;
}

TEST(every_kind_that_is_not_transient_is_fatal)
{
    const int32_t codes[] = {0, 1, 104, INT32_MAX, -1, INT32_MIN};
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (size_t j = 0; j < sizeof codes / sizeof codes[0]; j++) {
            assert_int_equal(feri_error_is_fatal((fer_error){kinds[i], codes[j]}),
                             !is_nonfatal(kinds[i]));
        }
    }
}

TEST(an_error_that_may_be_of_the_connection_is_fatal_without_a_peer)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        bool is_listed = kinds[i] == FER_INVALID_INPUT || kinds[i] == FER_PERMISSION_DENIED ||
                         kinds[i] == FER_UNSUPPORTED;
        fer_error error = {kinds[i], 13};
        assert_int_equal(feri_error_is_fatal_without_peer(error), is_listed);
        assert_false(is_listed && feri_error_is_fatal(error));
    }
}

TEST_MAIN("operation_error")
