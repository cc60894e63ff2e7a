/* client_event.c: the client of tests/api/size_client.c over libevent. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>

static char reply[64];
static int failed;

static void on_read(struct bufferevent *client, void *base)
{
    (void)bufferevent_read(client, reply, sizeof reply);
    event_base_loopbreak(base);
}

static void on_event(struct bufferevent *client, short what, void *base)
{
    if ((what & BEV_EVENT_CONNECTED) != 0) {
        bufferevent_write(client, "hello", 5);
    } else {
        failed = 1;
        event_base_loopbreak(base);
    }
}

int main(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(7)};
    struct event_base *base = event_base_new();
    struct bufferevent *client = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bufferevent_setcb(client, on_read, NULL, on_event, base);
    bufferevent_enable(client, EV_READ | EV_WRITE);
    if (bufferevent_socket_connect(client, (struct sockaddr *)&addr, sizeof addr) == 0) {
        event_base_dispatch(base);
    }
    bufferevent_free(client);
    event_base_free(base);
    return failed;
}
