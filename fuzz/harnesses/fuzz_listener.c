/* fuzz_listener.c: a listener with many clients, some of which reset their connections in its
 * queue, in both dialects. Accept returns each open connection once, in order, skips reset ones,
 * reports a lack of handles and loses no connection (rules L1, L3, T6, C6). */

#include "fuzz/driver/windows.h"
#include "fuzz/models/listener_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 75 };

static const fer_error no_error = {FER_OK, 0};

static void accept_one(fer_tcp_listener *listener, uint8_t fault)
{
    fer_tcp_stream stream = {0};
    size_t waiting = listener_model_count_waiting();
    bool is_armed =
        fault < FER_SIM_FAULT_COUNT && fer_sim_fault_at((fer_sim_fault)fault, 1).kind == FER_OK;
    fer_error error = fer_tcp_listener_accept(listener, &stream, NULL);
    bool is_hit = fer_sim_clear_faults() == 0 && is_armed;
    if (is_hit && fault == FER_SIM_FAULT_ACCEPT_ABORTED) {
        listener_model_abort_first();
        waiting = listener_model_count_waiting();
    }
    if (error.kind == FER_OK) {
        listener_model_check_accepted(&stream, error);
        fer_tcp_stream_close(&stream);
    } else {
        listener_model_check_failed(error, waiting, is_hit, (fer_sim_fault)fault);
    }
}

static void set_nonblocking(fer_tcp_listener *listener, bool nonblocking)
{
    listener_model_set_nonblocking(nonblocking);
    listener_must(fer_tcp_listener_set_nonblocking(listener, nonblocking).kind == FER_OK,
                  "the mode is not set", no_error);
}

/* The address is in use, and the handle is open. */
static void bind_again(fer_tcp_listener *listener, const fer_socket_addr *addr)
{
    fer_tcp_listener other = {0};
    fer_error error = fer_tcp_listener_bind_addr(&other, addr);
    listener_must(error.kind == FER_ADDR_IN_USE, "L1: a second bind succeeds", error);
    error = fer_tcp_listener_bind_addr(listener, addr);
    listener_must(error.kind == FER_INVALID_INPUT, "C6: an open handle is bound", error);
}

static void run_step(fer_tcp_listener *listener, const fer_socket_addr *addr, uint8_t op,
                     uint8_t arg)
{
    if (op < 100) {
        listener_model_connect(addr);
    } else if (op < 200) {
        accept_one(listener, arg);
    } else if (op < 225) {
        listener_model_reset(arg);
    } else if (op < 240) {
        set_nonblocking(listener, arg % 2 == 1);
    } else {
        bind_again(listener, addr);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fer_sim_config config = {
        .tape = (const uint8_t *)"", .max_sockets = 44, .send_buffer = 64, .receive_buffer = 64};
    fer_tcp_listener listener = {0};
    fer_socket_addr addr;
    fer_sim_report report;
    listener_model_begin();
    config.windows = fuzz_windows_after_steps(data, size, 1, 2, STEPS);
    config.dialect = size > 0 && data[0] % 2 == 1 ? FER_SIM_WINSOCK : FER_SIM_POSIX;
    FER_IGNORE(fer_sim_start(&config));
    FER_IGNORE(fer_socket_addr_parse(&addr, "127.0.0.1:80"));
    listener_must(fer_tcp_listener_bind_addr(&listener, &addr).kind == FER_OK, "bind", no_error);
    for (size_t i = 1; i + 1 < size && i < (size_t)2 * STEPS; i += 2) {
        run_step(&listener, &addr, data[i], data[i + 1]);
    }
    fer_tcp_listener_close(&listener);
    listener_must(fer_sim_stop(&report).kind == FER_OK &&
                      report.leaked_handles + report.leaked_waits == 0,
                  "a leak", no_error);
    return 0;
}
