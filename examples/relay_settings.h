/* relay_settings.h: relay_server's command line. */
#ifndef RELAY_SETTINGS_H
#define RELAY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char relay_usage[] =
    "usage: relay_server [OPTION...] [ADDR:PORT]\n"
    "\n"
    "Sends each client its own bytes back, in order. The default address is 127.0.0.1 with an "
    "ephemeral port.\n"
    "\n"
    "  --broadcast             send each complete line to all clients, including its sender\n"
    "  --connections N         serve at most N clients at a time (default 1000); others wait in "
    "the accept queue\n"
    "  --idle-timeout SECONDS  disconnect a client that sends nothing for SECONDS (default 0: "
    "never)\n"
    "  --queue BYTES           the size of a client's queue (default 65536); a client whose queue "
    "is full is disconnected\n"
    "  --clients N             exit after N clients (default 0: never)\n"
    "  --status                print a status line on standard error each second (the default on "
    "a terminal)\n"
    "\n"
    "Ctrl-C closes all connections and exits with code 0.\n";

struct relay_settings {
    const char *address;
    size_t connections;
    size_t idle_seconds;
    size_t queue_cap;
    size_t clients;
    bool broadcasts;
    bool shows_status;
};

enum { RELAY_QUEUE_MIN = 2048, RELAY_COUNT_MAX = 1000000000 };

static inline struct relay_settings relay_default_settings(void)
{
    return (struct relay_settings){
        .address = "127.0.0.1:0", .connections = 1000, .queue_cap = 65536};
}

static inline bool relay_parse_count(size_t *count, const char *text, size_t minimum)
{
    char *end = NULL;
    unsigned long number =
        text != NULL && text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;
    *count = number;
    return end != NULL && *end == '\0' && number >= minimum && number <= RELAY_COUNT_MAX;
}

/* The value of an option that takes a number; NULL for other arguments. */
static inline size_t *relay_counted_option(struct relay_settings *settings, const char *word,
                                           size_t *minimum)
{
    *minimum = 0;
    if (strcmp(word, "--idle-timeout") == 0) {
        return &settings->idle_seconds;
    }
    if (strcmp(word, "--clients") == 0) {
        return &settings->clients;
    }
    *minimum = RELAY_QUEUE_MIN; /* one read must fit */
    if (strcmp(word, "--queue") == 0) {
        return &settings->queue_cap;
    }
    *minimum = 1;
    return strcmp(word, "--connections") == 0 ? &settings->connections : NULL;
}

static inline bool relay_parse_settings(struct relay_settings *settings, int argc, char **argv)
{
    int next = 1;
    for (; next < argc && argv[next][0] == '-'; next++) {
        size_t minimum = 0;
        size_t *count = relay_counted_option(settings, argv[next], &minimum);
        if (strcmp(argv[next], "--broadcast") == 0) {
            settings->broadcasts = true;
        } else if (strcmp(argv[next], "--status") == 0) {
            settings->shows_status = true;
        } else if (count == NULL || next + 1 >= argc ||
                   !relay_parse_count(count, argv[++next], minimum)) {
            return false;
        }
    }
    if (next < argc) {
        settings->address = argv[next++];
    }
    return next == argc;
}

#endif
