/* cancel.c: the block of cancel.h: a read ends at its deadline. */
#include "frame.h"

static fer_error read_within_limits(void)
{
    char buf[4];
    size_t n = 0;
    fer_error error;
    fer_tcp_stream stream = {0};
    FER_TRY(fer_tcp_stream_connect(&stream, "10.0.0.7:80"));
    fer_instant connected = fer_instant_after(fer_duration_from_secs(3));
    /* BLOCK include/ferrule/cancel.h 1 */
    expect(fer_instant_remaining(connected).nanos == 0, "the read lasted 3 s");
    fer_tcp_stream_close(&stream);
    fer_cancel_token_close(&stop);
    return error;
}

int main(void)
{
    static const fer_sim_step silent[] = {{FER_SIM_ACTION_RECEIVE_TO_END, {0}, NULL, 0}};
    expect_kind(fer_sim_start(NULL), FER_OK);
    serve_script("10.0.0.7:80", silent, 1);
    expect_kind(read_within_limits(), FER_TIMED_OUT);
    stop_simulation();
    return 0;
}
