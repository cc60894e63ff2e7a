/* relay_settings.h: what relay_server's command line says. */
#ifndef RELAY_SETTINGS_H
#define RELAY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char relay_usage[] =
    "usage: relay_server [OPTION...] [ADDR:PORT]\n"
    "\n"
    "Sends back to each client what it sent, in order. Listens on 127.0.0.1 and a free port unless "
    "told otherwise.\n"
    "\n"
    "  --broadcast             send whole lines instead, each to all clients, its sender too\n"
    "  --connections N         no more than N clients at a time (1000); others have to wait until "
    "one goes\n"
    "  --idle-timeout SECONDS  a client that sends nothing for so long is disconnected (0: never, "
    "the default)\n"
    "  --queue BYTES           what may wait for one client (65536); one whose queue is full is "
    "disconnected\n"
    "  --clients N             end after N clients (0: never, the default)\n"
    "  --status                a line on standard error each second, which a terminal has anyway\n"
    "\n"
    "Ctrl-C ends it in good order, with exit code 0.\n";

struct relay_settings {
    const char *address;
    size_t connections;
    size_t idle_seconds;
    size_t queue_cap;
    size_t clients;
    bool broadcasts;
    bool shows_status;
};

enum { RELAY_LEAST_QUEUE = 2048, RELAY_MOST = 1000000000 };

static inline struct relay_settings relay_default_settings(void)
{
    return (struct relay_settings){
        .address = "127.0.0.1:0", .connections = 1000, .queue_cap = 65536};
}

static inline bool relay_parse_count(size_t *count, const char *text, size_t least)
{
    char *end = NULL;
    unsigned long number =
        text != NULL && text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;
    *count = number;
    return end != NULL && *end == '\0' && number >= least && number <= RELAY_MOST;
}

/* An option that has a number after it; NULL for other words. */
static inline size_t *relay_counted_option(struct relay_settings *settings, const char *word,
                                           size_t *least)
{
    *least = 0;
    if (strcmp(word, "--idle-timeout") == 0) {
        return &settings->idle_seconds;
    }
    if (strcmp(word, "--clients") == 0) {
        return &settings->clients;
    }
    *least = RELAY_LEAST_QUEUE; /* one read must fit into it */
    if (strcmp(word, "--queue") == 0) {
        return &settings->queue_cap;
    }
    *least = 1;
    return strcmp(word, "--connections") == 0 ? &settings->connections : NULL;
}

static inline bool relay_parse_settings(struct relay_settings *settings, int argc, char **argv)
{
    int next = 1;
    for (; next < argc && argv[next][0] == '-'; next++) {
        size_t least = 0;
        size_t *count = relay_counted_option(settings, argv[next], &least);
        if (strcmp(argv[next], "--broadcast") == 0) {
            settings->broadcasts = true;
        } else if (strcmp(argv[next], "--status") == 0) {
            settings->shows_status = true;
        } else if (count == NULL || next + 1 >= argc ||
                   !relay_parse_count(count, argv[++next], least)) {
            return false;
        }
    }
    if (next < argc) {
        settings->address = argv[next++];
    }
    return next == argc;
}

#endif
