/* scripted_copying.c: the scripted seam's pipes. A pipe has the number 7. */
#include <inttypes.h>

#include "platform/copying.h"
#include "unit/scripted_take.h"

enum { PIPE = 7 };

fer_error ferp_pipe_open(size_t cap, bool waits, ferp_pipe *out)
{
    const script_result *result =
        script_take(SCRIPT_PIPE_OPEN, FER_RAW_SOCKET_NONE, "%" PRIu64 "%s", (uint64_t)cap,
                    waits ? ",waits" : "");
    return STORE(result, out, ((ferp_pipe){{PIPE, PIPE}}));
}

void ferp_pipe_close(const ferp_pipe *pipe)
{
    assert_int_equal(pipe->ends[0], PIPE);
    (void)script_take(SCRIPT_PIPE_CLOSE, FER_RAW_SOCKET_NONE, "");
}

fer_error ferp_pipe_fill(const ferp_pipe *pipe, fer_raw_socket from, size_t len, size_t *n)
{
    assert_int_equal(pipe->ends[0], PIPE);
    fer_error error = script_store_count(TAKE_WITH(PIPE_FILL, from, "%" PRIu64, (uint64_t)len), n);
    assert_true(*n <= len);
    return error;
}

fer_error ferp_pipe_drain(const ferp_pipe *pipe, fer_raw_socket to, size_t len, size_t *n)
{
    assert_int_equal(pipe->ends[0], PIPE);
    fer_error error = script_store_count(TAKE_WITH(PIPE_DRAIN, to, "%" PRIu64, (uint64_t)len), n);
    assert_true(*n <= len);
    return error;
}

fer_error ferp_pipe_read(const ferp_pipe *pipe, void *buf, size_t len, size_t *n)
{
    assert_int_equal(pipe->ends[0], PIPE);
    return script_receive(
        script_take(SCRIPT_PIPE_READ, FER_RAW_SOCKET_NONE, "%" PRIu64, (uint64_t)len), buf, len, n);
}
