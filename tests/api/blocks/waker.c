/* waker.c: the blocks of waker.h: a loop over poll is woken and does the work. */
#include "frame.h"

static fer_poll_entry entry = {.interest = FER_READABLE};
static int works;

static void add_to_the_loop(fer_raw_socket raw)
{
    entry.raw = raw;
}

static void wake_and_wait(fer_waker *waker)
{
    size_t n = 0;
    expect_kind(fer_waker_wake(waker), FER_OK);
    expect_kind(fer_poll(&entry, 1, FER_DURATION_NONE, NULL, &n), FER_OK);
    expect(n == 1, "the loop is woken");
}

static void do_all_work(void)
{
    works++;
}

static fer_error run(void)
{
    /* BLOCK include/ferrule/waker.h 1 */
    wake_and_wait(&waker);
    /* BLOCK include/ferrule/waker.h 2 */
    fer_waker_close(&waker);
    return FER_ERROR_OK;
}

int main(void)
{
    expect_kind(fer_sim_start(NULL), FER_OK);
    expect_kind(run(), FER_OK);
    expect(works == 1, "the work is done");
    stop_simulation();
    return 0;
}
