/* connector.c: the blocks of connector.h: a connect to a name, driven by a poller. */
#include "frame.h"

static fer_poller poller;
static fer_resolver resolver;
static fer_tcp_stream stream;

static fer_error run(void)
{
    fer_event event;
    size_t count = 0;
    FER_TRY(fer_poller_new(&poller));
    FER_TRY(fer_resolver_new(&resolver, NULL));
    /* BLOCK include/ferrule/connector.h 1 */
    do {
        FER_TRY(fer_poller_wait(&poller, FER_DURATION_NONE, &event, 1, &count, NULL));
    } while (count == 0);
    expect(event.key == 7, "the event has the key of the connector");
    /* BLOCK include/ferrule/connector.h 2 */
    return error;
}

int main(void)
{
    static const fer_sim_step silent[] = {{FER_SIM_ACTION_RECEIVE_TO_END, {0}, NULL, 0}};
    fer_socket_addr addr;
    expect_kind(fer_socket_addr_parse(&addr, "10.0.0.7:0"), FER_OK);
    const fer_sim_name name = {"example.com", &addr, 1, FER_OK, {20000000}};
    const fer_sim_config config = {.names = &name, .name_count = 1};
    expect_kind(fer_sim_start(&config), FER_OK);
    serve_script("10.0.0.7:80", silent, 1);
    expect_kind(run(), FER_OK);
    fer_tcp_stream_close(&stream);
    fer_resolver_close(&resolver);
    fer_poller_close(&poller);
    stop_simulation();
    return 0;
}
