/* readme_simulation.c: the config of README.md, with which connections are reset. */
#include "frame.h"

int main(void)
{
    /* BLOCK README.md 2 */
    fer_sim_report report;
    static const fer_sim_step echo[] = {{FER_SIM_ACTION_ECHO, {0}, NULL, 0}};
    config.fault_chances[FER_SIM_FAULT_RESET] *= 10;
    expect_kind(fer_sim_start(&config), FER_OK);
    serve_script("10.0.0.7:80", echo, 1);
    for (int i = 0; i < 10; i++) {
        char byte = 'x';
        fer_tcp_stream stream = {0};
        expect_kind(fer_tcp_stream_connect(&stream, "10.0.0.7:80"), FER_OK);
        if (fer_tcp_stream_write_all(&stream, &byte, 1, NULL).kind == FER_OK) {
            FER_IGNORE(fer_tcp_stream_read_exact(&stream, &byte, 1, NULL));
        }
        fer_tcp_stream_close(&stream);
    }
    expect_kind(fer_sim_stop(&report), FER_OK);
    expect(report.faults[FER_SIM_FAULT_RESET] > 0, "a connection was reset");
    expect_kind(fer_sim_start(&mac), FER_OK);
    stop_simulation();
    return 0;
}
