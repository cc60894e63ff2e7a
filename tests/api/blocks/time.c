/* time.c: the block of time.h: the elapsed time of a connect by name. */
#include "frame.h"

static fer_duration time_of_connect(void)
{
    fer_error error;
    fer_tcp_stream stream = {0};
    /* BLOCK include/ferrule/time.h 1 */
    expect_kind(error, FER_OK);
    fer_tcp_stream_close(&stream);
    return elapsed;
}

int main(void)
{
    static const fer_sim_step silent[] = {{FER_SIM_ACTION_RECEIVE_TO_END, {0}, NULL, 0}};
    fer_socket_addr addr;
    expect_kind(fer_socket_addr_parse(&addr, "10.0.0.7:80"), FER_OK);
    const fer_sim_name name = {"example.com", &addr, 1, FER_OK, {20000000}};
    const fer_sim_config config = {.names = &name, .name_count = 1};
    expect_kind(fer_sim_start(&config), FER_OK);
    serve_script("10.0.0.7:80", silent, 1);
    expect(time_of_connect().nanos >= 20000000, "it has the time of the lookup");
    stop_simulation();
    return 0;
}
