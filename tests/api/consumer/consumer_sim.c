/* consumer_sim.c: a user's test over ferrule's simulated network: a server that is not
 * there yet answers the third try. */
#include <stdio.h>
#include <string.h>

#include <ferrule.h>
#include <ferrule/sim.h>

static fer_sim_peer server = FER_SIM_PEER_NONE;

static void start_server(void *context)
{
    static const fer_sim_step steps[] = {{FER_SIM_ACTION_SEND, {0}, "hello", 5},
                                         {FER_SIM_ACTION_CLOSE, {0}, NULL, 0}};
    fer_socket_addr addr;
    (void)context;
    if (fer_socket_addr_parse(&addr, "127.0.0.1:80").kind == FER_OK &&
        fer_sim_peer_listen(&addr, 1, &server).kind == FER_OK) {
        FER_IGNORE(fer_sim_peer_play(server, steps, 2));
    }
}

static fer_error hear_hello(fer_tcp_stream *stream, unsigned *tries)
{
    char heard[5];
    FER_TRY(fer_sim_after(fer_duration_from_millis(250), start_server, NULL));
    for (*tries = 1; fer_tcp_stream_connect(stream, "127.0.0.1:80").kind != FER_OK; ++*tries) {
        FER_TRY(fer_sim_advance(fer_duration_from_millis(125)));
    }
    FER_TRY(fer_tcp_stream_read_exact(stream, heard, sizeof heard, NULL));
    return (fer_error){memcmp(heard, "hello", sizeof heard) == 0 ? FER_OK : FER_INVALID_DATA, 0};
}

int main(void)
{
    fer_tcp_stream stream = {0};
    fer_sim_report report;
    unsigned tries = 0;
    char text[FER_ERROR_TEXT_CAP];

    fer_error err = fer_sim_start(NULL);
    if (err.kind == FER_OK) {
        err = hear_hello(&stream, &tries);
    }
    fer_tcp_stream_close(&stream);
    if (fer_sim_stop(&report).kind != FER_OK) {
        return 1;
    }
    (void)fer_error_format(err, text, sizeof text);
    printf("ferrule %s, simulated: %s at try %u\n", fer_version(), text, tries);
    return err.kind == FER_OK && tries == 3 && report.leaked_handles == 0 ? 0 : 1;
}
