/* test_sim_copies.c: long copies through a pipe of the simulated Linux, files, and the faults
 * NO_PIPE, PIPE_FULL and SPLICE_REFUSED: the destination receives the same bytes as without a
 * pipe. */
#include "sim/sim_test.h"

enum { TOTAL = 600000, CAP = 65536 };

static unsigned char memory[CAP];
static fer_tcp_stream *const source = &test.stream;
static fer_tcp_stream *const sink = &test.clone;
static fer_sim_peer source_peer, sink_peer;
static size_t sent, received;
static bool is_right;
static size_t lines_of_pipes;

static unsigned char byte_at(size_t at)
{
    return (unsigned char)(at % 251 ^ at / 251);
}

/* The source sends whenever it can, and then its end. */
static void send_more(fer_sim_peer peer, fer_sim_event event, void *context)
{
    unsigned char part[5000];
    size_t n = 1;
    while (sent < TOTAL && n > 0) {
        size_t len = TOTAL - sent < sizeof part ? TOTAL - sent : sizeof part;
        for (size_t i = 0; i < len; i++) {
            part[i] = byte_at(sent + i);
        }
        n = 0;
        FER_IGNORE(fer_sim_peer_send(peer, part, len, &n));
        sent += n;
    }
    if (sent == TOTAL) {
        FER_IGNORE(fer_sim_peer_shutdown(peer));
    }
}

static void receive_more(fer_sim_peer peer, fer_sim_event event, void *context)
{
    unsigned char part[5000];
    size_t n = 1;
    while (n > 0 && fer_sim_peer_recv(peer, part, sizeof part, &n).kind == FER_OK) {
        for (size_t i = 0; i < n; i++) {
            is_right = is_right && part[i] == byte_at(received + i);
        }
        received += n;
    }
}

static void count_pipes(void *context, const char *line)
{
    lines_of_pipes += strstr(line, "open a pipe") != NULL;
}

static void begin_with(fer_sim_config config, bool nonblocking)
{
    config.trace = count_pipes;
    sim_begin_with(config);
    struct ends ends = connected_to("127.0.0.1:80");
    *source = ends.stream;
    source_peer = ends.peer;
    ends = connected_to("127.0.0.1:81");
    *sink = ends.stream;
    sink_peer = ends.peer;
    assert_ok(fer_tcp_stream_set_nonblocking(source, nonblocking));
    assert_ok(fer_tcp_stream_set_nonblocking(sink, nonblocking));
    sent = 0;
    received = 0;
    is_right = true;
    lines_of_pipes = 0;
    assert_ok(fer_sim_peer_set_handler(source_peer, send_more, NULL));
    assert_ok(fer_sim_peer_set_handler(sink_peer, receive_more, NULL));
    send_more(source_peer, FER_SIM_EVENT_WRITABLE, NULL);
}

static fer_sim_config with_fault(fer_sim_fault fault, uint32_t chance)
{
    fer_sim_config config = config_of();
    config.fault_chances[fault] = chance;
    return config;
}

static fer_error copy(fer_copy_buffer *buffer, uint64_t *n)
{
    return fer_copy(fer_tcp_stream_as_stream(source), fer_tcp_stream_as_stream(sink), buffer, n);
}

static fer_sim_report stopped(void)
{
    fer_sim_report report;
    close_handles();
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_handles, 0);
    return report;
}

/* The sink receives the bytes up to this one. */
static void assert_received(size_t total)
{
    assert_ok(fer_sim_advance(fer_duration_from_secs(1)));
    assert_true(is_right);
    assert_int_equal(received, total);
}

static void assert_buffer(const fer_copy_buffer *buffer, uint64_t total)
{
    for (size_t i = 0; i < buffer->len; i++) {
        assert_int_equal(memory[buffer->start + i], byte_at((size_t)total + i));
    }
}

/* Copies until the end, although faults end the copies. */
static fer_sim_report copied_everything(void)
{
    fer_copy_buffer buffer = {memory, CAP, 0, 0};
    uint64_t total = 0;
    fer_error error;
    do {
        uint64_t n = 0;
        error = copy(&buffer, &n);
        total += n;
        assert_buffer(&buffer, total);
    } while (error.kind == FER_WOULD_BLOCK || error.kind == FER_INTERRUPTED);
    assert_ok(error);
    assert_int_equal(buffer.len, 0);
    assert_int_equal(total, TOTAL);
    assert_received(TOTAL);
    return stopped();
}

PLAIN_TEST(a_long_copy_makes_one_pipe_on_linux_only)
{
    for (size_t i = 0; i < 6; i++) {
        begin_with(sim_systems[i], false);
        (void)copied_everything();
        assert_int_equal(lines_of_pipes, i == 0 ? 1 : 0);
    }
}

/* Odd chances are fills, even ones drains, whose bytes return to the buffer. */
POSIX_CONFIG_TEST(a_splice_that_is_refused_loses_nothing)
{
    for (uint64_t nth = 1; nth <= 6; nth++) {
        begin_with(config_of(), false);
        assert_ok(fer_sim_fault_at(FER_SIM_FAULT_SPLICE_REFUSED, nth));
        assert_int_equal(copied_everything().faults[FER_SIM_FAULT_SPLICE_REFUSED], 1);
    }
}

/* The last five are also those of files. */
static const fer_sim_fault faults[] = {FER_SIM_FAULT_NO_PIPE,        FER_SIM_FAULT_PIPE_FULL,
                                       FER_SIM_FAULT_SPURIOUS_READY, FER_SIM_FAULT_SPLICE_REFUSED,
                                       FER_SIM_FAULT_PARTIAL_READ,   FER_SIM_FAULT_PARTIAL_WRITE,
                                       FER_SIM_FAULT_WOULD_BLOCK,    FER_SIM_FAULT_INTERRUPTED};
enum { FAULTS = sizeof faults / sizeof *faults, FIRST_OF_FILES = 3, FIRST_OF_CALLS = 4 };

POSIX_CONFIG_TEST(no_fault_of_a_pipe_loses_bytes_of_a_copy)
{
    for (size_t i = 0; i < FAULTS; i++) {
        begin_with(with_fault(faults[i], 200000), false);
        (void)copied_everything();
        begin_with(with_fault(faults[i], 200000), true);
        (void)copied_everything();
        if (faults[i] == FER_SIM_FAULT_NO_PIPE || faults[i] == FER_SIM_FAULT_PIPE_FULL) {
            begin_with(with_fault(faults[i], 1000000), false);
            assert_true(copied_everything().faults[faults[i]] > i);
        }
    }
}

/* ---- Both directions (rule M2) */

/* Relays until the end, although faults end the calls. The sink sends nothing. */
static fer_sim_report relayed_everything(fer_sim_config config, bool nonblocking)
{
    static unsigned char back[CAP];
    fer_copy_buffer buffers[2] = {{memory, CAP, 0, 0}, {back, CAP, 0, 0}};
    uint64_t n = 77;
    begin_with(config, nonblocking);
    assert_ok(fer_sim_peer_shutdown(sink_peer));
    assert_ok_n(fer_copy_bidirectional(fer_tcp_stream_as_stream(source),
                                       fer_tcp_stream_as_stream(sink), &buffers[0], &buffers[1], &n,
                                       NULL),
                n, TOTAL);
    assert_received(TOTAL);
    return stopped();
}

SIM_CONFIG_TEST(a_relay_makes_one_pipe_between_nonblocking_streams_of_linux)
{
    (void)relayed_everything(config_of(), true);
    assert_int_equal(lines_of_pipes, is_winsock() ? 0 : 1);
    (void)relayed_everything(config_of(), false);
    assert_int_equal(lines_of_pipes, 0);
}

SIM_CONFIG_TEST(no_fault_of_a_pipe_loses_bytes_of_a_relay)
{
    for (size_t i = 0; i < FAULTS; i++) {
        (void)relayed_everything(with_fault(faults[i], 200000), true);
        fer_sim_report report = relayed_everything(with_fault(faults[i], 1000000), true);
        bool is_of_pipe = i < FIRST_OF_CALLS && faults[i] != FER_SIM_FAULT_SPURIOUS_READY;
        assert_true(is_winsock() || !is_of_pipe || report.faults[faults[i]] > 0);
    }
}

/* ---- Files (rule M3) */

static unsigned char contents[TOTAL];
static fer_raw_file file;

static void begin_file(fer_sim_config config, bool nonblocking)
{
    begin_with(config, nonblocking);
    for (size_t i = 0; i < TOTAL; i++) {
        contents[i] = byte_at(i);
    }
    assert_ok(fer_sim_file_new(contents, TOTAL, &file));
}

static fer_error send_file(fer_raw_file from, uint64_t offset, uint64_t len, uint64_t *n)
{
    const fer_copy_buffer buffer = {memory, CAP, 0, 0};
    return fer_tcp_stream_send_file(sink, from, offset, len, &buffer, n);
}

/* Sends the file until its end, although faults end the calls. */
static void check_sending(fer_sim_config config, bool nonblocking)
{
    uint64_t total = 0;
    fer_error error;
    begin_file(config, nonblocking);
    do {
        uint64_t n = 77;
        error = send_file(file, total, UINT64_MAX, &n);
        total += n;
    } while (error.kind == FER_WOULD_BLOCK);
    assert_kind(error, FER_UNEXPECTED_EOF);
    assert_int_equal(total, TOTAL);
    assert_received(TOTAL);
    fer_sim_file_close(file);
    (void)stopped();
}

SIM_CONFIG_TEST(a_file_is_sent_whole_with_every_fault)
{
    check_sending(config_of(), false);
    for (size_t i = FIRST_OF_FILES; i < FAULTS; i++) {
        check_sending(with_fault(faults[i], 200000), false);
        check_sending(with_fault(faults[i], 200000), true);
    }
}

static void set_len(void *len)
{
    FER_IGNORE(fer_sim_file_set_len(file, *(const size_t *)len));
}

/* The file changes while the call waits for the peer. */
SIM_CONFIG_TEST(a_file_that_shrinks_or_grows_is_sent_as_it_is_then)
{
    static size_t lens[] = {300000, TOTAL};
    for (int grows = 0; grows <= 1; grows++) {
        fer_sim_config config = config_of();
        uint64_t n = 77;
        config.loopback_latency = millis(1);
        begin_file(config, false);
        assert_ok(fer_sim_file_set_len(file, grows ? 400000 : TOTAL));
        assert_ok(fer_sim_after(fer_duration_from_micros(1500), set_len, &lens[grows]));
        assert_kind(send_file(file, 0, TOTAL, &n), grows ? FER_OK : FER_UNEXPECTED_EOF);
        /* a part that the system has begun is sent whole */
        assert_true(grows || is_winsock() ? n == lens[grows] : n >= 300000);
        fer_sim_file_close(file);
        (void)stopped();
    }
}

SIM_TEST(files_have_a_table)
{
    fer_raw_file files[9];
    for (int i = 0; i < 8; i++) {
        assert_ok(fer_sim_file_new("x", 1, &files[i]));
    }
    assert_kind(fer_sim_file_new("x", 1, &files[8]), FER_OUT_OF_MEMORY);
    assert_kind(fer_sim_file_new(NULL, 1, &files[8]), FER_INVALID_INPUT);
    assert_kind(fer_sim_file_new("x", 1, NULL), FER_INVALID_INPUT);
    assert_kind(fer_sim_file_set_len(files[0], 2), FER_INVALID_INPUT);
    fer_sim_file_close(files[0]);
    fer_sim_file_close(files[0]);
    assert_kind(fer_sim_file_set_len(files[0], 1), FER_INVALID_INPUT);
    assert_ok(fer_sim_file_new(NULL, 0, &files[8]));
}

TEST_MAIN("sim_copies")
