/* udp_echo.c: a UDP server that echoes, and a client that retries. Datagrams may be lost, so the
 * client sends its question again until it is answered, and doubles the wait each time.
 *
 * usage: udp_echo serve ADDR:PORT [LOST]  answers until it is killed; drops the first LOST
 *                                         questions, to make the client retry
 *        udp_echo ask ADDR:PORT TEXT      sends TEXT up to five times */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"

enum { TRIES = 5, FIRST_WAIT_MS = 200, DATAGRAM_CAP = 65535 };

/* ---- The server */

static void print_addr(const char *words, const fer_socket_addr *addr)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_socket_addr_format(addr, text, sizeof text);
    printf("%s %s\n", words, text);
    fflush(stdout);
}

static fer_error serve(fer_udp_socket *socket, const char *address, long lost)
{
    static char buf[DATAGRAM_CAP];
    fer_socket_addr own;
    fer_udp_received question;
    FER_TRY(fer_udp_socket_bind(socket, address));
    FER_TRY(fer_udp_socket_local_addr(socket, &own));
    print_addr("Listening on", &own);
    for (;;) {
        FER_TRY(fer_udp_socket_recv_from(socket, buf, sizeof buf, &question));
        if (lost > 0) {
            lost--;
            print_addr("Lost one of", &question.from);
            continue;
        }
        /* A client that cannot be answered does not end the server. */
        if (fer_udp_socket_send_to(socket, buf, question.len, &question.from, NULL).kind ==
            FER_OK) {
            print_addr("Answered", &question.from);
        }
    }
}

/* ---- The client */

/* [::] reaches IPv4 too, on every system that has IPv6. */
static fer_error bind_anywhere(fer_udp_socket *socket)
{
    fer_error error = fer_udp_socket_bind(socket, "[::]:0");
    return error.kind == FER_OK ? error : fer_udp_socket_bind(socket, "0.0.0.0:0");
}

static fer_error ask(fer_udp_socket *socket, const char *address, const char *question)
{
    static char answer[DATAGRAM_CAP];
    fer_udp_received got;
    fer_error error = {FER_TIMED_OUT, 0};
    FER_TRY(bind_anywhere(socket));
    /* From now on only the peer's datagrams are received. */
    FER_TRY(fer_udp_socket_connect(socket, address));
    for (unsigned attempt = 0; attempt < TRIES && error.kind == FER_TIMED_OUT; attempt++) {
        FER_TRY(fer_udp_socket_set_read_timeout(
            socket, fer_duration_from_millis((uint64_t)FIRST_WAIT_MS << attempt)));
        FER_TRY(fer_udp_socket_send(socket, question, strlen(question), NULL));
        error = fer_udp_socket_recv(socket, answer, sizeof answer, &got);
        if (error.kind == FER_OK) {
            printf("Answer %.*s, asked %u times\n", (int)got.len, answer, attempt + 1);
        }
    }
    return error;
}

int main(int argc, char **argv)
{
    fer_udp_socket socket = {0};
    fer_error error = {FER_OK, 0};
    if ((argc == 3 || argc == 4) && strcmp(argv[1], "serve") == 0) {
        error = serve(&socket, argv[2], argc == 4 ? strtol(argv[3], NULL, 10) : 0);
    } else if (argc == 4 && strcmp(argv[1], "ask") == 0) {
        error = ask(&socket, argv[2], argv[3]);
    } else {
        fprintf(stderr, "usage: udp_echo serve ADDR:PORT [LOST] | udp_echo ask ADDR:PORT TEXT\n");
        return 2;
    }
    fer_udp_socket_close(&socket);
    if (error.kind != FER_OK) {
        char text[FER_ERROR_TEXT_CAP];
        fer_error_format(error, text, sizeof text);
        fflush(stdout);
        fprintf(stderr, "%s: %s\n", argv[2], text);
        return 1;
    }
    return 0;
}
