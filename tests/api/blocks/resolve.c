/* resolve.c: the blocks of resolve.h: a lookup with a key, beside a poller. */
#include "frame.h"

static fer_poller poller;
static fer_resolver resolver;
static fer_lookup lookups[8];
static bool is_done;

static void continue_with(fer_error answer, const fer_socket_addr *addrs, size_t count)
{
    expect_kind(answer, FER_OK);
    expect(count == 1 && addrs[0].port == 80, "the address of the config, with the port");
    is_done = true;
}

static fer_error run(void)
{
    fer_socket_addr addrs[8];
    uint64_t keys[16];
    FER_TRY(fer_poller_new(&poller));
    /* BLOCK include/ferrule/resolve.h 1 */
    while (!is_done) {
        fer_event event;
        size_t taken = 0;
        bool is_notified = false;
        FER_TRY(fer_poller_wait(&poller, FER_DURATION_NONE, &event, 1, &taken, &is_notified));
        expect(taken == 0 && is_notified, "the lookup has notified the poller");
        /* BLOCK include/ferrule/resolve.h 2 */
    }
    return FER_ERROR_OK;
}

int main(void)
{
    fer_socket_addr addr;
    expect_kind(fer_socket_addr_parse(&addr, "10.0.0.7:0"), FER_OK);
    const fer_sim_name name = {"example.com", &addr, 1, FER_OK, {20000000}};
    const fer_sim_config config = {.names = &name, .name_count = 1};
    expect_kind(fer_sim_start(&config), FER_OK);
    expect_kind(run(), FER_OK);
    expect(fer_sim_now().nanos == 20000000, "the lookup took the time of the config");
    fer_resolver_close(&resolver);
    fer_poller_close(&poller);
    stop_simulation();
    return 0;
}
