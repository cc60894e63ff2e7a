/* scripted_copying.c: the scripted seam's pipes, which have the number 7, files, and
 * waits for two streams. */
#include <inttypes.h>

#include "platform/copying.h"
#include "unit/scripted_take.h"

enum { PIPE = 7 };

SCRIPTED_OUT(ferp_pipe_open, (size_t cap, bool waits, ferp_pipe *out),
             script_take(SCRIPT_PIPE_OPEN, FER_RAW_SOCKET_NONE, "%" PRIu64 "%s", (uint64_t)cap,
                         waits ? ",waits" : ""),
             out, ((ferp_pipe){.ends = {PIPE, PIPE}}));

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

fer_error ferp_send_file(fer_raw_socket to, fer_raw_file file, uint64_t offset, size_t len,
                         size_t *n)
{
    const script_result *result =
        TAKE_WITH(SEND_FILE, to, "file %d,%" PRIu64 ",%" PRIu64, (int)file, offset, (uint64_t)len);
    *n = (size_t)result->value; /* beside an error too */
    assert_true(*n <= len);
    return result->error;
}

fer_error ferp_read_file(fer_raw_file file, uint64_t offset, void *buf, size_t len, size_t *n)
{
    return script_receive(script_take(SCRIPT_READ_FILE, FER_RAW_SOCKET_NONE,
                                      "file %d,%" PRIu64 ",%" PRIu64, (int)file, offset,
                                      (uint64_t)len),
                          buf, len, n);
}

fer_error ferp_wait_for_pair(const ferp_ready_pair *pair, uint64_t until, uint64_t deadline)
{
    static const char *const names[] = {"-", "r", "w", "rw"};
    char texts[2][24];
    script_format_time(texts[0], sizeof texts[0], until);
    script_format_time(texts[1], sizeof texts[1], deadline);
    const script_result *result =
        script_take(SCRIPT_WAIT_FOR_PAIR, pair->raws[0], "%d%s,%d%s,%s,%s%s%s", (int)pair->raws[0],
                    names[pair->interests[0]], (int)pair->raws[1], names[pair->interests[1]],
                    texts[0], texts[1], pair->tokens[0] == NULL ? "" : ",token",
                    pair->tokens[1] == NULL ? "" : ",other token");
    script.now += result->elapsed;
    if (result->error.kind == FER_TIMED_OUT && script.now < until) {
        script.now = until;
    }
    return result->error;
}
