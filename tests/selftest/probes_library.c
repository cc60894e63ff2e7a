/* probes_library.c: probes through ferrule: the processor time of waits, and large writes. */
#include <string.h>

#include "ferrule/tcp.h"
#include "selftest/probe.h"
#include "selftest/raw.h"
#include "selftest/system.h"
#include "support/process.h"
#include "support/thread.h"

enum { WAIT_MS = 1000, WAIT_PROCESSOR_MAX_MS = 100 };

static void open_pair(fer_tcp_stream two[2])
{
    fer_tcp_listener listener = {0};
    fer_socket_addr addr = fer_socket_addr_v4_new(FER_IPV4_ADDR_LOCALHOST, 0);
    memset(two, 0, 2 * sizeof *two);
    bool is_open = fer_tcp_listener_bind_addr(&listener, &addr).kind == FER_OK &&
                   fer_tcp_listener_local_addr(&listener, &addr).kind == FER_OK &&
                   fer_tcp_stream_connect_addr(&two[0], &addr).kind == FER_OK &&
                   fer_tcp_listener_accept(&listener, &two[1], NULL).kind == FER_OK;
    fer_tcp_listener_close(&listener);
    need(is_open, "no connection on 127.0.0.1");
}

struct measure {
    const char *wait;
    uint64_t began_ms;
    uint64_t processor_began_ms;
};

static struct measure measure_begin(const char *wait)
{
    return (struct measure){wait, system_now_ms(), system_processor_ms()};
}

static void measure_end(const struct measure *measure, fer_error error)
{
    uint64_t used = system_processor_ms() - measure->processor_began_ms;
    see("%s of %u ms: %s, %u ms of processor time", measure->wait,
        (unsigned)(system_now_ms() - measure->began_ms), fer_error_kind_name(error.kind),
        (unsigned)used);
    conclude(error.kind == FER_TIMED_OUT && used <= WAIT_PROCESSOR_MAX_MS);
}

/* Writes until a write has to wait. */
static void measure_write(fer_tcp_stream *stream, const char *wait)
{
    static const char bytes[65536];
    struct measure measure;
    fer_error error = {FER_OK, 0};
    do {
        measure = measure_begin(wait);
        error = fer_tcp_stream_write(stream, bytes, sizeof bytes, NULL);
    } while (error.kind == FER_OK);
    measure_end(&measure, error);
}

PROBE(processor_time_of_waits, "core/wait/waiting.c; platform/*/wait.c")
{
    fer_tcp_stream two[2];
    fer_duration limit = fer_duration_from_millis(WAIT_MS);
    char byte = 0;
    open_pair(two);
    believe("a wait of 1 s takes at most %d ms of processor time", WAIT_PROCESSOR_MAX_MS);
    (void)fer_tcp_stream_set_read_timeout(&two[0], limit).kind;
    (void)fer_tcp_stream_set_write_timeout(&two[0], limit).kind;
    struct measure measure = measure_begin("a read");
    measure_end(&measure, fer_tcp_stream_read(&two[0], &byte, 1, NULL));
    measure_write(&two[0], "a write");
    (void)fer_tcp_stream_shutdown(&two[1], FER_SHUTDOWN_WRITE).kind;
    system_pause_ms(50);
    measure_write(&two[0], "a write after the peer's shutdown(WRITE)");
}

struct slow_reader {
    fer_tcp_stream *stream;
    uint64_t total;
    fer_error error;
};

/* Reads 1 MiB, then pauses. */
static void read_slowly(void *argument)
{
    static char bytes[65536];
    struct slow_reader *reader = argument;
    size_t n = 0;
    do {
        reader->error = fer_tcp_stream_read(reader->stream, bytes, sizeof bytes, &n);
        if (n > 0 && reader->total / 1048576 != (reader->total + n) / 1048576) {
            system_pause_ms(2);
        }
        reader->total += n;
    } while (reader->error.kind == FER_OK && n > 0);
}

PROBE(write_all_to_a_slow_reader, "core/transfer/stream_io.c")
{
    enum { LARGE = 100 * 1000 * 1000 };
    fer_tcp_stream two[2];
    size_t n = 0;
    test_thread thread;
    char *area = process_reserve(LARGE);
    need(area != NULL, "no memory");
    open_pair(two);
    struct slow_reader reader = {&two[1], 0, {FER_OK, 0}};
    test_thread_start(&thread, read_slowly, &reader);
    uint64_t began = system_now_ms();
    uint64_t processor = system_processor_ms();
    fer_error error = fer_tcp_stream_write_all(&two[0], area, LARGE, &n);
    (void)fer_tcp_stream_shutdown(&two[0], FER_SHUTDOWN_WRITE).kind;
    test_thread_join(&thread);
    believe("write_all of 100 MB succeeds, and all bytes arrive");
    see("write_all: %s (%ld), %lu bytes", fer_error_kind_name(error.kind), (long)error.os_code,
        (unsigned long)n);
    see("the reader: %s, %lu bytes", fer_error_kind_name(reader.error.kind),
        (unsigned long)reader.total);
    see("%u ms, %u ms of processor time", (unsigned)(system_now_ms() - began),
        (unsigned)(system_processor_ms() - processor));
    conclude(error.kind == FER_OK && n == LARGE && reader.total == LARGE);
}
