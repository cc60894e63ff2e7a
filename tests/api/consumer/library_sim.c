/* library_sim.c: a test of that library over the simulated network. Prints "simulated", or
 * "refused" if fer_sim_start refuses the program. Fails if the library called something else. */
#include <stdio.h>
#include <string.h>

#include <ferrule.h>
#include <ferrule/sim.h>

fer_error library_hear(const char *host_port, void *buf, size_t len);

int main(void)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_SEND, {0}, "hello", 5},
                                         {FER_SIM_ACTION_CLOSE, {0}, NULL, 0}};
    fer_socket_addr addr;
    fer_sim_peer server;
    char heard[5] = "";

    fer_error err = fer_sim_start(NULL);
    if (err.kind == FER_ALREADY_EXISTS) {
        puts("refused");
        return 0;
    }
    if (err.kind != FER_OK || fer_socket_addr_parse(&addr, "127.0.0.1:9").kind != FER_OK ||
        fer_sim_peer_listen(&addr, 1, &server).kind != FER_OK ||
        fer_sim_peer_play(server, steps, 2).kind != FER_OK ||
        library_hear("127.0.0.1:9", heard, sizeof heard).kind != FER_OK ||
        memcmp(heard, "hello", sizeof heard) != 0) {
        puts("not simulated");
        return 1;
    }
    puts("simulated");
    return fer_sim_stop(NULL).kind != FER_OK;
}
