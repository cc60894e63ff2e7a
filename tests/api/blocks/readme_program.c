/* readme_program.c: the program of README.md, with a server that answers. */
#include "frame.h"

#define main readme_main
/* BLOCK README.md 1 */
#undef main

/* OUTPUT hello */
int main(void)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_RECEIVE, {0}, NULL, 5},
                                         {FER_SIM_ACTION_SEND, {0}, "hello", 5},
                                         {FER_SIM_ACTION_RECEIVE_TO_END, {0}, NULL, 0}};
    expect_kind(fer_sim_start(NULL), FER_OK);
    serve_script("127.0.0.1:34254", steps, 3);
    expect(readme_main() == 0, "the program succeeds");
    stop_simulation();
    return 0;
}
