/* test_sim_copies.c: long copies through a pipe of the simulated Linux, files, and the faults
 * NO_PIPE, PIPE_FULL and SPLICE_REFUSED: the destination receives the same bytes as without a
 * pipe. */
#include "sim/sim_test.h"

enum { TOTAL = 600000, CAP = 65536 };

static unsigned char memory[CAP];
static struct ends source;
static struct ends sink;
static size_t sent;
static size_t received;
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
    (void)context;
    (void)event;
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
    (void)context;
    (void)event;
    while (n > 0 && fer_sim_peer_recv(peer, part, sizeof part, &n).kind == FER_OK) {
        for (size_t i = 0; i < n; i++) {
            is_right = is_right && part[i] == byte_at(received + i);
        }
        received += n;
    }
}

static void count_pipes(void *context, const char *line)
{
    (void)context;
    lines_of_pipes += strstr(line, "open a pipe") != NULL;
}

static void begin_with(fer_sim_config config)
{
    config.trace = count_pipes;
    sim_begin_with(config);
    source = connected_to("127.0.0.1:80");
    sink = connected_to("127.0.0.1:81");
    sent = 0;
    received = 0;
    is_right = true;
    lines_of_pipes = 0;
    assert_ok(fer_sim_peer_set_handler(source.peer, send_more, NULL));
    assert_ok(fer_sim_peer_set_handler(sink.peer, receive_more, NULL));
    send_more(source.peer, FER_SIM_EVENT_WRITABLE, NULL);
}

static fer_error copy(fer_copy_buffer *buffer, uint64_t *n)
{
    return fer_copy(fer_tcp_stream_as_stream(&source.stream),
                    fer_tcp_stream_as_stream(&sink.stream), buffer, n);
}

static fer_sim_report stopped(void)
{
    fer_sim_report report;
    assert_ok(fer_sim_stop(&report));
    assert_int_equal(report.leaked_handles, 0);
    return report;
}

/* Copies until the end, although faults end the copies, and closes both streams. */
static fer_sim_report copied_everything(void)
{
    fer_copy_buffer buffer = {memory, CAP, 0, 0};
    uint64_t total = 0;
    fer_error error;
    do {
        uint64_t n = 0;
        error = copy(&buffer, &n);
        total += n;
        for (size_t i = 0; i < buffer.len; i++) {
            assert_int_equal(memory[buffer.start + i], byte_at((size_t)total + i));
        }
    } while (error.kind == FER_WOULD_BLOCK || error.kind == FER_INTERRUPTED);
    assert_ok(error);
    assert_int_equal(buffer.len, 0);
    assert_int_equal(total, TOTAL);
    assert_ok(fer_sim_advance(fer_duration_from_secs(1)));
    assert_true(is_right);
    assert_int_equal(received, TOTAL);
    fer_tcp_stream_close(&source.stream);
    fer_tcp_stream_close(&sink.stream);
    return stopped();
}

SIM_CONFIG_TEST(a_long_copy_makes_one_pipe_on_linux_only)
{
    begin_with(config_of());
    (void)copied_everything();
    assert_int_equal(lines_of_pipes, is_winsock() ? 0 : 1);
}

PLAIN_TEST(the_bsds_have_no_pipe)
{
    for (int bsd = 0; bsd <= FER_SIM_BSD_OPENBSD; bsd++) {
        begin_with((fer_sim_config){.dialect = FER_SIM_DIALECT_BSD, .bsd = (fer_sim_bsd)bsd});
        (void)copied_everything();
        assert_int_equal(lines_of_pipes, 0);
    }
}

POSIX_CONFIG_TEST(without_a_pipe_the_bytes_pass_through_the_buffer)
{
    fer_sim_config config = config_of();
    config.fault_chances[FER_SIM_FAULT_NO_PIPE] = 1000000;
    begin_with(config);
    assert_true(copied_everything().faults[FER_SIM_FAULT_NO_PIPE] > 0);
}

POSIX_CONFIG_TEST(a_pipe_that_is_full_early_loses_nothing)
{
    fer_sim_config config = config_of();
    config.fault_chances[FER_SIM_FAULT_PIPE_FULL] = 1000000;
    begin_with(config);
    assert_true(copied_everything().faults[FER_SIM_FAULT_PIPE_FULL] > 1);
}

/* Odd chances are fills, even ones drains, whose bytes return to the buffer. */
POSIX_CONFIG_TEST(a_splice_that_is_refused_loses_nothing)
{
    for (uint64_t nth = 1; nth <= 6; nth++) {
        begin_with(config_of());
        assert_ok(fer_sim_fault_at(FER_SIM_FAULT_SPLICE_REFUSED, nth));
        assert_int_equal(copied_everything().faults[FER_SIM_FAULT_SPLICE_REFUSED], 1);
    }
}

POSIX_CONFIG_TEST(the_faults_of_reads_and_writes_lose_nothing_in_a_pipe)
{
    static const fer_sim_fault faults[] = {FER_SIM_FAULT_PARTIAL_READ, FER_SIM_FAULT_PARTIAL_WRITE,
                                           FER_SIM_FAULT_WOULD_BLOCK, FER_SIM_FAULT_INTERRUPTED};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        for (int nonblocking = 0; nonblocking <= 1; nonblocking++) {
            fer_sim_config config = config_of();
            config.fault_chances[faults[i]] = 200000;
            begin_with(config);
            assert_ok(fer_tcp_stream_set_nonblocking(&source.stream, nonblocking != 0));
            assert_ok(fer_tcp_stream_set_nonblocking(&sink.stream, nonblocking != 0));
            (void)copied_everything();
        }
    }
}

/* S5: the reset is reported again and again, and the bytes before it are in the buffer. */
POSIX_CONFIG_TEST(a_reset_in_a_pipe_is_saved)
{
    for (uint64_t nth = 9; nth <= 12; nth++) {
        fer_copy_buffer buffer = {memory, CAP, 0, 0};
        uint64_t n = 0;
        uint64_t none = 77;
        begin_with(config_of());
        assert_ok(fer_sim_fault_at(FER_SIM_FAULT_RESET, nth));
        assert_kind(copy(&buffer, &n), FER_CONNECTION_RESET);
        assert_int_equal(lines_of_pipes, 1);
        for (size_t i = 0; i < buffer.len; i++) {
            assert_int_equal(memory[buffer.start + i], byte_at((size_t)n + i));
        }
        assert_kind(copy(&buffer, &none), FER_CONNECTION_RESET);
        assert_int_equal(none, 0);
        fer_tcp_stream_close(&source.stream);
        fer_tcp_stream_close(&sink.stream);
        (void)stopped();
    }
}

/* ---- Both directions (rule M2) */

/* Relays until the end, although faults end the calls. The sink sends nothing. */
static fer_sim_report relayed_everything(fer_sim_config config, bool nonblocking)
{
    static unsigned char back[CAP];
    fer_copy_buffer buffers[2] = {{memory, CAP, 0, 0}, {back, CAP, 0, 0}};
    uint64_t n = 77;
    begin_with(config);
    assert_ok(fer_tcp_stream_set_nonblocking(&source.stream, nonblocking));
    assert_ok(fer_tcp_stream_set_nonblocking(&sink.stream, nonblocking));
    assert_ok(fer_sim_peer_shutdown(sink.peer));
    assert_ok(fer_copy_bidirectional(fer_tcp_stream_as_stream(&source.stream),
                                     fer_tcp_stream_as_stream(&sink.stream), &buffers[0],
                                     &buffers[1], &n, NULL));
    assert_int_equal(n, TOTAL);
    assert_ok(fer_sim_advance(fer_duration_from_secs(1)));
    assert_true(is_right);
    assert_int_equal(received, TOTAL);
    fer_tcp_stream_close(&source.stream);
    fer_tcp_stream_close(&sink.stream);
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
    static const fer_sim_fault faults[] = {
        FER_SIM_FAULT_NO_PIPE,      FER_SIM_FAULT_PIPE_FULL,     FER_SIM_FAULT_SPLICE_REFUSED,
        FER_SIM_FAULT_PARTIAL_READ, FER_SIM_FAULT_PARTIAL_WRITE, FER_SIM_FAULT_WOULD_BLOCK,
        FER_SIM_FAULT_INTERRUPTED,  FER_SIM_FAULT_SPURIOUS_READY};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        for (int often = 0; often <= 1; often++) {
            fer_sim_config config = config_of();
            config.fault_chances[faults[i]] = often ? 1000000 : 200000;
            fer_sim_report report = relayed_everything(config, true);
            assert_true(is_winsock() || !often || i > 2 || report.faults[faults[i]] > 0);
        }
    }
}

/* ---- Files (rule M3) */

static unsigned char contents[TOTAL];

static fer_raw_file begin_file(fer_sim_config config)
{
    fer_raw_file file = 0;
    begin_with(config);
    for (size_t i = 0; i < TOTAL; i++) {
        contents[i] = byte_at(i);
    }
    assert_ok(fer_sim_file_new(contents, TOTAL, &file));
    return file;
}

static fer_error send_file(fer_raw_file file, uint64_t offset, uint64_t len, uint64_t *n)
{
    const fer_copy_buffer buffer = {memory, CAP, 0, 0};
    return fer_tcp_stream_send_file(&sink.stream, file, offset, len, &buffer, n);
}

static fer_sim_report stopped_with(fer_raw_file file)
{
    fer_sim_file_close(file);
    fer_tcp_stream_close(&source.stream);
    fer_tcp_stream_close(&sink.stream);
    return stopped();
}

/* Sends the file until its end, although faults end the calls. */
static fer_sim_report sent_everything(fer_sim_config config, bool nonblocking)
{
    fer_raw_file file = begin_file(config);
    uint64_t total = 0;
    fer_error error;
    assert_ok(fer_tcp_stream_set_nonblocking(&sink.stream, nonblocking));
    do {
        uint64_t n = 77;
        error = send_file(file, total, UINT64_MAX, &n);
        total += n;
    } while (error.kind == FER_WOULD_BLOCK);
    assert_kind(error, FER_UNEXPECTED_EOF);
    assert_int_equal(total, TOTAL);
    assert_ok(fer_sim_advance(fer_duration_from_secs(1)));
    assert_true(is_right);
    assert_int_equal(received, TOTAL);
    return stopped_with(file);
}

SIM_CONFIG_TEST(a_file_is_sent_whole_with_every_fault)
{
    static const fer_sim_fault faults[] = {FER_SIM_FAULT_PARTIAL_READ, FER_SIM_FAULT_PARTIAL_WRITE,
                                           FER_SIM_FAULT_WOULD_BLOCK, FER_SIM_FAULT_INTERRUPTED,
                                           FER_SIM_FAULT_SPLICE_REFUSED};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        fer_sim_config config = config_of();
        (void)sent_everything(config, false);
        config.fault_chances[faults[i]] = 200000;
        (void)sent_everything(config, false);
        (void)sent_everything(config, true);
    }
}

static void shrink(void *context)
{
    FER_IGNORE(fer_sim_file_set_len(*(const fer_raw_file *)context, 300000));
}

static void grow(void *context)
{
    FER_IGNORE(fer_sim_file_set_len(*(const fer_raw_file *)context, TOTAL));
}

/* The file changes while the call waits for the peer. */
SIM_CONFIG_TEST(a_file_that_shrinks_or_grows_is_sent_as_it_is_then)
{
    for (int grows = 0; grows <= 1; grows++) {
        fer_sim_config config = config_of();
        config.loopback_latency = millis(1);
        fer_raw_file file = begin_file(config);
        uint64_t n = 77;
        assert_ok(fer_sim_file_set_len(file, grows ? 400000 : TOTAL));
        assert_ok(fer_sim_after(fer_duration_from_micros(1500), grows ? grow : shrink, &file));
        fer_error error = send_file(file, 0, TOTAL, &n);
        assert_kind(error, grows ? FER_OK : FER_UNEXPECTED_EOF);
        /* a part that the system has begun is sent whole */
        assert_true(grows || is_winsock() ? n == (grows ? TOTAL : 300000) : n >= 300000);
        (void)stopped_with(file);
    }
}

SIM_CONFIG_TEST(a_part_of_a_file_is_sent)
{
    fer_raw_file file = begin_file(config_of());
    uint64_t n = 77;
    received = 1000;
    assert_ok_n(send_file(file, 1000, 2000, &n), n, 2000);
    assert_ok(fer_sim_advance(fer_duration_from_secs(1)));
    assert_true(is_right);
    assert_int_equal(received, 3000);
    assert_kind_n(send_file(file, TOTAL, 1, &n), FER_UNEXPECTED_EOF, n, 0);
    assert_kind_n(send_file(7, 0, 1, &n), FER_BAD_HANDLE, n, 0);
    (void)stopped_with(file);
}

SIM_CONFIG_TEST(files_have_a_table)
{
    fer_raw_file files[9];
    sim_begin();
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
