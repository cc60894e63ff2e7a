/* resolver.c: lookups of an address text and of a name of the hosts file, in four threads: by
 * getaddrinfo (the base), by fer_to_socket_addrs, by a fer_resolver, and by the
 * peers. Measured in time, because threads wait; other programs disturb it. POSIX only. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <netdb.h>
#include <stddef.h>
#include <sys/socket.h>

#include "bench/bench.h"
#include "bench/peers.h"
#include "ferrule.h"

enum { IN_FLIGHT = 64, LOOKUPS = 400, TEXT_CAP = 64 };

static void *raw_share(void *argument)
{
    const bench_share *mine = argument;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    for (size_t i = 0; i < mine->count; i++) {
        struct addrinfo *found = NULL;
        bench_must(getaddrinfo(mine->host, "80", &hints, &found) == 0, "getaddrinfo");
        freeaddrinfo(found);
    }
    return NULL;
}

static void *ferrule_share(void *argument)
{
    const bench_share *mine = argument;
    char host_port[TEXT_CAP];
    (void)snprintf(host_port, sizeof host_port, "%s:80", mine->host);
    for (size_t i = 0; i < mine->count; i++) {
        fer_socket_addr addrs[4];
        size_t count = 0;
        MUST(fer_to_socket_addrs(host_port, addrs, 4, &count));
        bench_must(count > 0, "fer_to_socket_addrs");
    }
    return NULL;
}

static uint64_t raw_lookups(const void *input, size_t count)
{
    return bench_in_threads(input, count, raw_share);
}

static uint64_t ferrule_lookups(const void *input, size_t count)
{
    return bench_in_threads(input, count, ferrule_share);
}

/* Starts 64 lookups, then takes the results in order. The threads of a resolver end only with it,
 * so it is made once. */
static uint64_t resolver_lookups(const void *input, size_t count)
{
    static fer_resolver resolver;
    static bool has_resolver;
    char host_port[TEXT_CAP];
    if (!has_resolver) {
        MUST(fer_resolver_new(
            &resolver, &(fer_resolver_options){.threads = BENCH_THREADS, .queue_cap = IN_FLIGHT}));
        has_resolver = true;
    }
    (void)snprintf(host_port, sizeof host_port, "%s:80", (const char *)input);
    for (size_t done = 0; done < count;) {
        fer_lookup lookups[IN_FLIGHT] = {{{0}}};
        const size_t batch = count - done < IN_FLIGHT ? count - done : IN_FLIGHT;
        for (size_t i = 0; i < batch; i++) {
            MUST(fer_resolver_start(&resolver, host_port, NULL, NULL, 0, &lookups[i]));
        }
        for (size_t i = 0; i < batch; i++) {
            fer_socket_addr addrs[4];
            size_t found = 0;
            MUST(fer_lookup_wait(&lookups[i], FER_DURATION_NONE, addrs, 4, &found));
            fer_lookup_close(&lookups[i]);
        }
        done += batch;
    }
    return count;
}

static void run_case(const char *name, const char *host)
{
    static const bench_contender contenders[] = {{"raw", raw_lookups},
                                                 {"raw-again", raw_lookups},
                                                 {"ferrule", ferrule_lookups},
                                                 {"ferrule-resolver", resolver_lookups}};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, "80", NULL, &found) != 0) {
        bench_skip(name, "the name cannot be resolved here");
        return;
    }
    freeaddrinfo(found);
    bench_run_beside_peers(name, host, LOOKUPS, contenders, 4, offsetof(bench_peer, lookups));
}

int main(int argc, char **argv)
{
    bench_options("resolver", argc, argv);
    bench_print_absent_peers();
    run_case("lookup_address", "127.0.0.1");
    run_case("lookup_localhost", "localhost");
    return 0;
}
