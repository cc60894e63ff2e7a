/* connect_misuse.c: misuse of connecting and of lookups within limits. */
#include "fuzz/programs/connect_program.h"

#include "ferrule.h"
#include "fuzz/driver/fuzz.h"

static bool is_refused(fer_error error)
{
    bool is_argument = error.kind == FER_MISUSE || error.kind == FER_INVALID_INPUT;
    return is_argument && error.os_code == 0;
}

FUZZ_UNCOUNTED void connect_check_misuse(void)
{
    const fer_socket_addr good = {.ip = {.family = FER_IP_V4}, .port = 1};
    const fer_socket_addr bad = {.ip = {.family = (fer_ip_family)9}};
    fer_resolver closed = {0};
    const fer_connect_options wrong[] = {
        {.failures_cap = 1}, {.local = &bad}, {.resolver = &closed}};
    fer_tcp_stream stream = {0};
    fer_socket_addr addr;
    size_t count = 77;
    const fer_connect_options counted = {.failures_count = &count};
    FUZZ_CHECK(is_refused(fer_tcp_stream_connect_addrs(NULL, &good, 1, NULL)));
    FUZZ_CHECK(is_refused(fer_tcp_stream_connect_addrs(&stream, NULL, 1, NULL)));
    FUZZ_CHECK(is_refused(fer_tcp_stream_connect_addrs(&stream, &good, 0, NULL)));
    FUZZ_CHECK(is_refused(fer_tcp_stream_connect_addrs(&stream, &bad, 1, NULL)));
    FUZZ_CHECK(is_refused(fer_tcp_stream_connect_with(NULL, "a:1", NULL)));
    FUZZ_CHECK(is_refused(fer_tcp_stream_connect_with(&stream, NULL, &counted)));
    FUZZ_CHECK(is_refused(fer_tcp_stream_connect_with(&stream, "no port", NULL)));
    FUZZ_CHECK(count == 0);
    for (size_t i = 0; i < 3; i++) {
        FUZZ_CHECK(is_refused(fer_tcp_stream_connect_with(&stream, "a:1", &wrong[i])));
        FUZZ_CHECK(i == 2 ||
                   is_refused(fer_tcp_stream_connect_addrs(&stream, &good, 1, &wrong[i])));
    }
    FUZZ_CHECK(fer_tcp_stream_as_raw(&stream) == FER_RAW_SOCKET_NONE);
    count = 77;
    FUZZ_CHECK(is_refused(fer_to_socket_addrs_with("a:1", NULL, &addr, 1, NULL)));
    FUZZ_CHECK(is_refused(fer_to_socket_addrs_with("a:1", NULL, NULL, 1, &count)));
    FUZZ_CHECK(is_refused(fer_to_socket_addrs_with(
        "a:1", &(fer_lookup_options){.resolver = &closed}, &addr, 1, &count)));
    FUZZ_CHECK(is_refused(fer_to_socket_addrs_with(NULL, NULL, &addr, 1, &count)));
    FUZZ_CHECK(count == 77);
    const fer_lookup_options unknown[] = {{.family = (fer_ip_family)5},
                                          {.unused_ = 1},
                                          {.limits = {.reserved_ = {1}}},
                                          {.reserved_ = {0, 0, 0, 0, 0, 1}}};
    const fer_resolver_options sizes[] = {{.threads = FER_RESOLVER_THREADS_MAX + 1},
                                          {.reserved_ = {1}}};
    const fer_lookup_options only_v6 = {.family = FER_IP_V6};
    for (size_t i = 0; i < 4; i++) {
        FUZZ_CHECK(is_refused(fer_to_socket_addrs_with("a:1", &unknown[i], &addr, 1, &count)));
        FUZZ_CHECK(is_refused(fer_lookup_host_with("a", 1, &unknown[i], &addr, 1, &count)));
        FUZZ_CHECK(i > 1 || is_refused(fer_resolver_new(&closed, &sizes[i])));
    }
    FUZZ_CHECK(is_refused(fer_lookup_host_with(NULL, 1, NULL, &addr, 1, &count)));
    FUZZ_CHECK(fer_to_socket_addrs_with("192.0.2.1:1", &only_v6, &addr, 1, &count).kind ==
               FER_HOST_NOT_FOUND);
    FUZZ_CHECK(fer_lookup_host_with("::1", 1, &only_v6, &addr, 1, &count).kind == FER_OK);
}
