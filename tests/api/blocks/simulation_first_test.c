/* simulation_first_test.c: the first test of docs/SIMULATION.md, and the time that it states. */
#include "frame.h"

static char received[6];

static void the_program_under_test(const char *service)
{
    fer_tcp_stream stream = {0};
    expect_kind(fer_tcp_stream_connect(&stream, service), FER_OK);
    expect_kind(fer_tcp_stream_write_all(&stream, "hello", 5, NULL), FER_OK);
    expect_kind(fer_tcp_stream_read_exact(&stream, received, 5, NULL), FER_OK);
    fer_tcp_stream_close(&stream);
}

static fer_error run(fer_sim_report *result)
{
    /* BLOCK docs/SIMULATION.md 1 */
    *result = report;
    return FER_ERROR_OK;
}

int main(void)
{
    fer_sim_report report;
    expect_kind(run(&report), FER_OK);
    expect(strcmp(received, "world") == 0, "the server has answered");
    expect(report.elapsed.nanos == 1504000000, "it took 1.504 s of virtual time");
    expect(report.leaked_handles == 0, "nothing is left open");
    return 0;
}
