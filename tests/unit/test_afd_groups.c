/* test_afd_groups.c: platform/winsock/afd_sources.c: how many handles of the driver a poller opens.
 * Windows only. */
#include "platform/winsock/afd_sources.h"
#include <string.h>

#include "support/group.h"

static size_t opened;

static fer_error counted_open(HANDLE port, HANDLE *out)
{
    opened++;
    *out = CreateEventW(NULL, TRUE, FALSE, NULL);
    return *out != NULL ? FERP_WINSOCK_OK : ferp_winsock_last_error();
}

#define ferp_afd_open counted_open
#include "platform/winsock/afd_sources.c"
#undef ferp_afd_open

static ferp_afd_source sources[2 * GROUP_MAX + 1];

static void join(ferp_afd_poller *poller, size_t index)
{
    assert_int_equal(join_group(poller, &sources[index]).kind, FER_OK);
}

static int begin(void **state)
{
    static ferp_afd_poller poller;
    memset(&poller, 0, sizeof poller);
    opened = 0;
    for (size_t i = 0; i < (size_t)2 * GROUP_MAX; i++) {
        join(&poller, i);
    }
    *state = &poller;
    return 0;
}

static int end(void **state)
{
    end_groups(*state);
    return 0;
}

#define GROUPS_TEST(function)                               \
    TEST_OF(function, (ferp_afd_poller * poller), (*state), \
            TEST_ROW(#function, function, begin, end, NULL))

GROUPS_TEST(a_full_handle_is_followed_by_another)
{
    assert_int_equal(opened, 2);
    join(poller, (size_t)2 * GROUP_MAX);
    assert_int_equal(opened, 3);
    assert_int_equal(sources[0].group->count, GROUP_MAX);
}

/* Each leave of a full handle offers it again. */
GROUPS_TEST(a_handle_that_was_full_is_used_again)
{
    ferp_afd_group *const first = sources[0].group;
    leave_group(poller, &sources[0]);
    leave_group(poller, &sources[1]);
    leave_group(poller, &sources[GROUP_MAX]);
    join(poller, GROUP_MAX);
    join(poller, 0);
    join(poller, 1);
    assert_int_equal(opened, 2);
    assert_int_equal(first->count, GROUP_MAX);
    assert_ptr_equal(sources[1].group, first);
    join(poller, (size_t)2 * GROUP_MAX);
    assert_int_equal(opened, 3);
}

TEST_MAIN("afd_groups")
