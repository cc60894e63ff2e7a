/* sim_fuzz.c: fuzzes a program on the simulated network. The input of the fuzzer is the tape from
 * which the simulation reads its faults, and what the server answers.
 *
 * usage: sim_fuzz [careless] [FILE...]
 * Without a file it runs random inputs until one fails. With files it runs those, and prints the
 * trace. "careless" is a version of the program with a bug. With -DFER_SIM_FUZZ_ENGINE the file is
 * a harness of libFuzzer or AFL++, which has its own main; -DCARELESS=true then has the bug. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ferrule.h"
#include "ferrule/sim.h"

#ifndef CARELESS
#define CARELESS false
#endif

/* ---- The program under test: a client that asks for a value. The server answers "LEN n\n" and n
 * bytes. It does not depend on the simulation. */

enum { VALUE_CAP = 32 };

static bool is_careless = CARELESS;

static fer_error read_some(fer_tcp_stream *stream, char *buf, size_t len, size_t *n)
{
    fer_error error;
    do {
        error = fer_tcp_stream_read(stream, buf, len, n);
    } while (error.kind == FER_INTERRUPTED);
    return error.kind == FER_OK && *n == 0 ? (fer_error){FER_UNEXPECTED_EOF, 0} : error;
}

static fer_error ask(fer_tcp_stream *stream, char *value, size_t *len)
{
    char line[16];
    size_t have = 0;
    char *end = NULL;
    FER_TRY(fer_tcp_stream_connect(stream, "10.0.0.7:80"));
    FER_TRY(fer_tcp_stream_set_read_timeout(stream, fer_duration_from_secs(5)));
    FER_TRY(fer_tcp_stream_write_all(stream, "GET key\n", 8, NULL));
    while (end == NULL) {
        size_t n = 0;
        if (have == sizeof line) {
            return (fer_error){FER_INVALID_DATA, 0};
        }
        FER_TRY(read_some(stream, line + have, sizeof line - have, &n));
        have += n;
        end = memchr(line, '\n', have);
    }
    char *digits_end;
    *end = '\0';
    if (strncmp(line, "LEN ", 4) != 0 || (*len = strtoul(line + 4, &digits_end, 10)) > VALUE_CAP ||
        digits_end != end) {
        return (fer_error){FER_INVALID_DATA, 0};
    }
    /* Correct: bytes of the value may come with the line. */
    size_t more = is_careless ? 0 : have - (size_t)(end + 1 - line);
    more = more < *len ? more : *len;
    memcpy(value, end + 1, more);
    return fer_tcp_stream_read_exact(stream, value + more, *len - more, NULL);
}

/* ---- Its harness */

#define REQUIRE(condition)                                      \
    do {                                                        \
        if (!(condition)) {                                     \
            fprintf(stderr, "does not hold: %s\n", #condition); \
            abort();                                            \
        }                                                       \
    } while (0)

static void (*trace)(void *context, const char *line);

/* The input: a byte that chooses the system, the length of a wrong answer or 0, the answer, and the
 * tape. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    size_t wrong = data[1];
    wrong = wrong < size - 2 ? wrong : size - 2;
    const fer_sim_step steps[] = {
        {FER_SIM_ACTION_RECEIVE, {0}, NULL, 8},
        {FER_SIM_ACTION_SEND,
         {0},
         wrong != 0 ? (const char *)data + 2 : "LEN 12\n",
         wrong != 0 ? wrong : 7},
        {FER_SIM_ACTION_SEND, {0}, "hello world!", wrong != 0 ? 0 : 12},
        {FER_SIM_ACTION_CLOSE, {0}, NULL, 0},
    };
    fer_sim_config config = {0};
    config.dialect = (fer_sim_dialect)(data[0] % 3);
    config.bsd = (fer_sim_bsd)(data[0] / 3 % 4);
    config.trace = trace;
    config.tape = data + 2 + wrong;
    config.tape_len = size - 2 - wrong;
    config.max_sockets = 8; /* small: a start of the default size takes longer than the run */
    config.send_buffer = 1024;
    config.receive_buffer = 1024;
    for (size_t i = 0; i < FER_SIM_FAULT_COUNT; i++) {
        config.fault_chances[i] = 100000; /* in a million: the tape decides */
    }
    fer_socket_addr addr;
    fer_sim_peer server;
    REQUIRE(fer_sim_start(&config).kind == FER_OK);
    REQUIRE(fer_socket_addr_parse(&addr, "10.0.0.7:80").kind == FER_OK);
    REQUIRE(fer_sim_peer_listen(&addr, 4, &server).kind == FER_OK);
    REQUIRE(fer_sim_peer_play(server, steps, sizeof steps / sizeof steps[0]).kind == FER_OK);

    fer_tcp_stream stream = {0};
    fer_sim_report report;
    char *value = malloc(VALUE_CAP); /* so that a sanitizer sees its end */
    size_t len = 0;
    REQUIRE(value != NULL);
    fer_error error = ask(&stream, value, &len);
    fer_tcp_stream_close(&stream);
    REQUIRE(fer_sim_stop(&report).kind == FER_OK);

    uint64_t faults = 0;
    for (size_t i = 0; i < FER_SIM_FAULT_COUNT; i++) {
        faults += report.faults[i];
    }
    bool is_right = error.kind == FER_OK && len == 12 && memcmp(value, "hello world!", 12) == 0;
    free(value);
    REQUIRE(report.leaked_handles == 0);
    REQUIRE(error.kind != FER_DEADLOCK && error.kind != FER_INTERRUPTED);
    REQUIRE(wrong != 0 || error.kind != FER_OK || is_right); /* never a wrong value */
    REQUIRE(wrong != 0 || faults != 0 || is_right); /* without a fault there is no excuse */
    return 0;
}

#ifndef FER_SIM_FUZZ_ENGINE
/* ---- Without a fuzzer */

enum { RUNS = 20000, LONGEST = 64 };

static void print_line(void *context, const char *line)
{
    (void)context;
    puts(line);
    (void)fflush(stdout); /* abort flushes nothing */
}

static void run_file(const char *name)
{
    uint8_t data[4096];
    FILE *file = fopen(name, "rb");
    if (file == NULL) {
        perror(name);
        exit(2);
    }
    size_t size = fread(data, 1, sizeof data, file);
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(data, size);
}

int main(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "careless") == 0 ? 2 : 1;
    is_careless = is_careless || first == 2;
    for (int i = first; i < argc; i++) {
        trace = print_line;
        run_file(argv[i]);
    }
    if (trace == NULL) {
        uint64_t random = 1;
        for (unsigned run = 0; run < RUNS; run++) {
            uint8_t data[LONGEST];
            for (size_t i = 0; i < sizeof data; i++) {
                random = random * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
                data[i] = (uint8_t)(random >> 56);
            }
            (void)LLVMFuzzerTestOneInput(data, random >> 32 & (LONGEST - 1));
        }
        printf("%d random inputs: nothing fails\n", RUNS);
    }
    return 0;
}
#endif
