/* simulation_seeds.c: the loop over seeds of docs/SIMULATION.md, and its config of macOS. The
 * program of the test tries again after a failure, so no seed fails, although some tries do. */
#include "frame.h"

static unsigned tests;
static unsigned failed_tries;

static fer_error try_once(fer_tcp_stream *stream, char *got)
{
    FER_TRY(fer_tcp_stream_connect(stream, "10.0.0.7:80"));
    FER_TRY(fer_tcp_stream_write_all(stream, "hello", 5, NULL));
    return fer_tcp_stream_read_exact(stream, got, 5, NULL);
}

static bool the_test(void)
{
    static const fer_sim_step echo[] = {{FER_SIM_ACTION_ECHO, {0}, NULL, 0}};
    serve_script("10.0.0.7:80", echo, 1);
    tests++;
    for (int tries = 0; tries < 20; tries++) {
        char got[5];
        fer_tcp_stream stream = {0};
        fer_error error = try_once(&stream, got);
        fer_tcp_stream_close(&stream);
        if (error.kind == FER_OK) {
            return memcmp(got, "hello", 5) == 0;
        }
        failed_tries++;
    }
    return false;
}

static fer_error run(void)
{
    fer_sim_report report;
    /* BLOCK docs/SIMULATION.md 2 */
    return FER_ERROR_OK;
}

int main(void)
{
    /* BLOCK docs/SIMULATION.md 3 */
    expect_kind(run(), FER_OK);
    expect(tests == 1000 && failed_tries > 0, "some tries fail");
    expect_kind(fer_sim_start(&mac), FER_OK);
    expect(the_test(), "the test passes on macOS");
    stop_simulation();
    return 0;
}
