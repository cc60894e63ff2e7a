/* test_sim_traits.c: the simulation copies the facts of its systems by value. This test compares
 * them with the real backend's facts on this host. */
#include "platform/sim/network.h"
#include "support/group.h"

/* Includes the simulation's ferp_traits under another name beside this host's own. */
static const struct ferp_traits *simulated_traits(void);
#define ferp_traits(nothing) simulated_traits(nothing)
#include "platform/sim/traits.c"
#undef ferp_traits

#if defined(__APPLE__)
#define BSD_SYSTEM FER_SIM_BSD_MACOS
#elif defined(__FreeBSD__)
#define BSD_SYSTEM FER_SIM_BSD_FREEBSD
#elif defined(__NetBSD__)
#define BSD_SYSTEM FER_SIM_BSD_NETBSD
#elif defined(__OpenBSD__)
#define BSD_SYSTEM FER_SIM_BSD_OPENBSD
#endif

static ferp_sim_network simulation;

ferp_sim_network *ferp_sim_current(void)
{
    return &simulation;
}

TEST(facts_are_the_backends)
{
#if defined(_WIN32)
    simulation.config.dialect = FER_SIM_DIALECT_WINSOCK;
#elif defined(__linux__)
    simulation.config.dialect = FER_SIM_DIALECT_POSIX;
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
    simulation.config.dialect = FER_SIM_DIALECT_BSD;
    simulation.config.bsd = BSD_SYSTEM;
#else
    print_message("no dialect is this system's\n");
    skip();
#endif
    const struct ferp_traits *real = ferp_traits();
    const struct ferp_traits *simulated = simulated_traits();
    assert_ptr_not_equal(real, simulated);
    assert_int_equal(real->io_waits_in_kernel, simulated->io_waits_in_kernel);
    assert_int_equal(real->shutdown_read_resets_on_data, simulated->shutdown_read_resets_on_data);
    assert_int_equal(real->close_hides_unread_input, simulated->close_hides_unread_input);
    assert_int_equal(real->cut_send_loses_count, simulated->cut_send_loses_count);
    assert_int_equal(real->write_wait_misses_shutdown, simulated->write_wait_misses_shutdown);
    assert_int_equal(real->accept_inherits_nonblocking, simulated->accept_inherits_nonblocking);
    assert_int_equal(real->accept_loses_zero_linger, simulated->accept_loses_zero_linger);
    assert_int_equal(real->reuse_address_steals_ports, simulated->reuse_address_steals_ports);
    assert_int_equal(real->datagrams_share_by_reuse_port, simulated->datagrams_share_by_reuse_port);
    assert_int_equal(real->bind_denied_can_mean_in_use, simulated->bind_denied_can_mean_in_use);
    assert_int_equal(real->connect_would_block_means_started,
                     simulated->connect_would_block_means_started);
    assert_int_equal(real->refused_connect_is_retried, simulated->refused_connect_is_retried);
    assert_int_equal(real->connect_error_comes_late, simulated->connect_error_comes_late);
    assert_int_equal(real->reconnect_drops_bound_addr, simulated->reconnect_drops_bound_addr);
    assert_int_equal(real->poller_has_edges, simulated->poller_has_edges);
    assert_int_equal(real->io_length_max, simulated->io_length_max);
    assert_int_equal(real->io_slices_max, simulated->io_slices_max);
    assert_int_equal(real->linger_seconds_max, simulated->linger_seconds_max);
    assert_int_equal(real->keepalive_seconds_max, simulated->keepalive_seconds_max);
    assert_int_equal(real->keepalive_retries_max, simulated->keepalive_retries_max);
    /* Also checks a fact added later. Both objects are static, so the padding is zero. */
    assert_memory_equal(real, simulated, sizeof *real);
}

TEST_MAIN("sim_traits")
