/* simulation_cancel.c: the cancel of docs/SIMULATION.md ends a read after 250 ms. */
#include "frame.h"

static fer_cancel_token token;

/* BLOCK docs/SIMULATION.md 4 */

static fer_error read_until_cancelled(fer_tcp_stream *stream)
{
    char byte;
    size_t n = 0;
    const fer_limits limits = {.token = &token};
    FER_TRY(fer_cancel_token_new(&token));
    FER_TRY(fer_tcp_stream_connect(stream, "10.0.0.7:80"));
    FER_TRY(fer_tcp_stream_set_limits(stream, &limits));
    /* BLOCK docs/SIMULATION.md 5 */
    return fer_tcp_stream_read(stream, &byte, 1, &n);
}

int main(void)
{
    static const fer_sim_step silent[] = {{FER_SIM_ACTION_RECEIVE_TO_END, {0}, NULL, 0}};
    fer_tcp_stream stream = {0};
    expect_kind(fer_sim_start(NULL), FER_OK);
    serve_script("10.0.0.7:80", silent, 1);
    expect_kind(read_until_cancelled(&stream), FER_CANCELLED);
    /* The connect takes 2 ms. A check that finds nothing takes a microsecond. */
    expect(fer_sim_now().nanos / 1000000 == 252, "it was cancelled 250 ms after the connect");
    fer_tcp_stream_close(&stream);
    fer_cancel_token_close(&token);
    stop_simulation();
    return 0;
}
