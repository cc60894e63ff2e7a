/* thread_sim.c: thread.h on the simulated network, which has one thread: a test that starts another
 * thread is skipped. */
#include "support/thread.h"

#include "platform/sim/network.h"
#include "support/fixture.h"

/* Closes the handles that the skipped test has opened, because the test does not reach its end. */
static void close_every_handle(void)
{
    ferp_sim_network *world = ferp_sim_current();
    for (size_t i = 0; i < world->config.max_sockets; i++) {
        ferp_close(ferp_sim_raw_of_slot(world, i));
    }
}

void test_thread_start(test_thread *thread, void (*run)(void *argument), void *argument)
{
    close_every_handle();
    skip_because("this test needs a second thread, and the simulated network has one");
}

void test_thread_join(test_thread *thread)
{
}

void test_thread_yield(void)
{
}
