/* test_sim_traits.c: the simulation copies the facts of its systems by value. This test compares
 * them with the real backend's facts on this host. */
#include <string.h>

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
    assert_int_equal(real->unix_write_wait_misses_end, simulated->unix_write_wait_misses_end);
    assert_int_equal(real->accept_inherits_nonblocking, simulated->accept_inherits_nonblocking);
    assert_int_equal(real->accept_loses_zero_linger, simulated->accept_loses_zero_linger);
    assert_int_equal(real->reuse_address_steals_ports, simulated->reuse_address_steals_ports);
    assert_int_equal(real->datagrams_share_by_reuse_port, simulated->datagrams_share_by_reuse_port);
    assert_int_equal(real->bind_denied_can_mean_in_use, simulated->bind_denied_can_mean_in_use);
    assert_int_equal(real->connect_would_block_means_started,
                     simulated->connect_would_block_means_started);
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

/* What plain system calls showed on Linux 6.18, and over the kernels of macOS 15.4 and 11.5,
 * FreeBSD 13.0 and NetBSD 7.99.34 (ci/kernels.sh). io_waits_in_kernel is a choice. */
#define FACT(name) #name, offsetof(struct ferp_traits, name)
enum { ON_LINUX, ON_MACOS, ON_FREEBSD, ON_NETBSD, RECORDED };
static const struct {
    const char *name;
    size_t offset;
    bool seen[RECORDED];
} recorded_facts[] = {
    {FACT(shutdown_read_resets_on_data), {false, true, false, false}},
    {FACT(receive_leaks_handles), {false, true, false, false}},
    {FACT(close_hides_unread_input), {false, false, true, true}},
    {FACT(cut_send_loses_count), {false, true, true, true}},
    {FACT(write_wait_misses_shutdown), {false, false, false, false}},
    {FACT(unix_write_wait_misses_end), {true, false, false, false}},
    {FACT(accept_inherits_nonblocking), {false, true, true, true}},
    {FACT(accept_loses_zero_linger), {false, true, false, true}},
    {FACT(reuse_address_steals_ports), {false, false, false, false}},
    {FACT(datagrams_share_by_reuse_port), {false, true, true, true}},
    {FACT(bind_denied_can_mean_in_use), {false, false, false, false}},
    {FACT(connect_would_block_means_started), {false, false, false, false}},
    {FACT(connect_error_comes_late), {false, false, false, false}},
    {FACT(reconnect_drops_bound_addr), {false, true, true, true}},
    {FACT(poller_has_edges), {true, true, true, false}},
    {FACT(has_abstract_unix_names), {true, false, false, false}},
};

TEST(facts_are_those_that_the_systems_have_shown)
{
    static const fer_sim_config systems[RECORDED] = {
        {.dialect = FER_SIM_DIALECT_POSIX},
        {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_MACOS},
        {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_FREEBSD},
        {.dialect = FER_SIM_DIALECT_BSD, .bsd = FER_SIM_BSD_NETBSD}};
    for (int system = 0; system < RECORDED; system++) {
        simulation.config = systems[system];
        for (size_t i = 0; i < sizeof recorded_facts / sizeof *recorded_facts; i++) {
            bool fact;
            memcpy(&fact, (const char *)simulated_traits() + recorded_facts[i].offset, sizeof fact);
            if (fact != recorded_facts[i].seen[system]) {
                fail_msg("%s of system %d", recorded_facts[i].name, system);
            }
        }
    }
}

TEST_MAIN("sim_traits")
