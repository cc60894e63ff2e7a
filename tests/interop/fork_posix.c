/* fork_posix.c: a child process created by fork, and its copies of the parent's handles. */
#include "interop/fork_posix.h"

#include <sys/wait.h>
#include <unistd.h>

#include "ferrule/resolve.h"
#include "support/fixture.h"

enum { FORKS = 200, LOOKUPS = 4, HANG_SECONDS = 60 };

/* Runs in the child. SIGALRM ends the child if it hangs. */
static void close_copies(fer_resolver *resolver, fer_lookup *lookups)
{
    size_t count = 0;
    alarm(HANG_SECONDS);
    bool cancelled =
        fer_lookup_wait(&lookups[0], FER_DURATION_NONE, NULL, 0, &count).kind == FER_CANCELLED;
    for (size_t i = 0; i < LOOKUPS; i++) {
        fer_lookup_close(&lookups[i]);
    }
    fer_resolver_close(resolver);
    _exit(cancelled ? 0 : 1);
}

static void fork_among_lookups(fer_resolver *resolver, fer_poller *poller)
{
    fer_lookup lookups[LOOKUPS] = {0};
    int code = -1;
    for (size_t i = 0; i < LOOKUPS; i++) {
        assert_ok(fer_resolver_start(resolver, "localhost:1", poller, &lookups[i]));
    }
    pid_t child = fork();
    if (child == 0) {
        close_copies(resolver, lookups);
    }
    assert_true(child > 0);
    assert_true(waitpid(child, &code, 0) == child);
    assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 0);
    for (size_t i = 0; i < LOOKUPS; i++) {
        size_t count = 0;
        assert_ok(fer_lookup_wait(&lookups[i], FER_DURATION_NONE, NULL, 0, &count));
        assert_true(count > 0);
        fer_lookup_close(&lookups[i]);
    }
}

/* N6, N7: "never waits" also holds in a child of fork, whatever the parent's threads were doing.
 * The parent's lookups are not affected. */
void a_child_may_close_its_copies_of_a_resolver(void **state)
{
    fer_resolver resolver = {0};
    fer_poller poller = {0};
    (void)state;
    skip_without_localhost();
    assert_ok(fer_poller_new(&poller));
    assert_ok(fer_resolver_new(&resolver, 2, LOOKUPS));
    for (int i = 0; i < FORKS; i++) {
        fork_among_lookups(&resolver, &poller);
    }
    fer_resolver_close(&resolver);
    fer_poller_close(&poller);
}
