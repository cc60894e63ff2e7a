/* winsock_script.h: tables of what Windows answers to platform/winsock, and of what the seam then
 * returns. A row is a script: calls of the seam, each with the system calls that it makes, in
 * order, their arguments and their answers, and its result. A further case is a further row.
 *
 * Time is virtual: a wait that expires moves the clock. At the end of a row no handle may be open
 * that the row does not name. */
#ifndef TEST_WINSOCK_SCRIPT_H
#define TEST_WINSOCK_SCRIPT_H

#define TEST_WINSOCK_SCRIPT
#include "unit/scripted_winsock.h"

#include "platform/winsock/afd.h"
#include "support/group.h"

/* ---- Names */

#define STEP_OF_CALL(name, result, parameters) ANSWER_##name,
enum { SCRIPTED_CALLS(STEP_OF_CALL) FIRST_QUIET, SCRIPTED_QUIET_CALLS(STEP_OF_CALL) ANSWERS };
#undef STEP_OF_CALL

/* X(call of the seam). winsock_calls.c has what `in` and the value of each mean. Those of the
 * library, fer_..., are in winsock_library.c. */
/* clang-format off */
#define SEAM_CALLS(X) \
    X(new_socket) X(duplicate) X(close) X(describe) X(text_of) X(adopt) X(halve) X(take_error) \
    X(receive) \
    X(peek) X(receive_vectored) X(transmit) X(transmit_vectored) X(receive_from) \
    X(transmit_to) X(report_refusals) X(bytes_queued) X(receive_message) X(transmit_message) \
    X(bind_to) X(listen_with) X(connect_to) X(accept_one) X(local_addr) X(peer_addr) \
    X(check_connected) X(is_pending) X(unix_bind) X(unix_connect) \
    X(unix_local_addr) X(unix_peer_addr) X(set_timeout) X(timeout) X(set_option) X(option) \
    X(set_linger) X(linger) X(join) X(leave) X(set_feature) X(feature) X(set_whole) X(whole) \
    X(path_mtu) X(wait) X(wait_datagram) X(wait_write) X(wait_connect) X(arm) X(arm_many) \
    X(disarm) X(wake) X(ready) X(poll) X(wait_pair) X(wait_connects) X(poll_many) X(open_token) \
    X(signal_token) X(clear_token) X(close_token) X(wait_token) X(pause) X(look_up) X(read_file) \
    X(index_of) X(name_of_index) X(port_of) X(wait_condition) X(start_thread) X(read_clock) \
    X(open_poller) X(add) X(add_once) X(modify) X(delete_it) X(wait_events) X(notify) \
    X(close_poller) X(fer_bind_udp) X(fer_connect_udp) X(fer_disconnect_udp) X(fer_send_udp) \
    X(fer_recv_udp) X(fer_peek_udp) X(fer_udp_error) X(fer_join) X(fer_join_source) \
    X(fer_close_udp) X(fer_bind_listener) X(fer_close_listener) X(fer_adopt_stream) X(fer_read) \
    X(fer_write) X(fer_keepalive) X(fer_close_stream)
/* clang-format on */
#define STEP_OF_SEAM(name) SEAM_##name,
enum { SEAM_CALLS(STEP_OF_SEAM) SEAM_COUNT };
#undef STEP_OF_SEAM

/* SOCKETs, handles of events in the order of their creation, and those of the poller. EVENT(0) is
 * the first event of a row. */
enum {
    NONE = 0,
    A = 0x1000,
    B = 0x1004,
    C = 0x1008,
    PORT = 0x3000,
    DRIVER = 0x3004,
    FILE_A = 0x4000
};
#define EVENT(index) (0x2000 + 4 * (index))

/* The places of requests in a process. */
enum { MANY_WAITS = 512 };

/* ---- Steps */

#define ANY INT64_MIN

enum step_kind { END, CALL, MEANWHILE, ANSWER, PACKET, RESULT, OPEN };

struct control {
    int level;      /* of a call of the seam: not 0 if there is one */
    int type;       /* of a system call: 0 if there is no message */
    uint64_t value; /* the first 4 bytes; of an address the last 4, and INTERFACE if it is sent */
};

struct step {
    enum step_kind kind;
    int name;
    int64_t on; /* the SOCKET or the handle */
    int64_t in; /* arguments that are compared, or those of a call */
    int64_t in2;
    int64_t result;
    int32_t code; /* of an error; 0: the call succeeds */
    int64_t out;  /* what the call stores */
    int64_t name_out;
    uint32_t flags;
    int times; /* how often the same call is made in a row; 0 is once */
    struct control control[2];
};

enum { STEPS_MAX = 48 };

struct row {
    const char *name;
    struct step steps[STEPS_MAX];
};

/* A call of the seam; and one that another thread makes during the system call before it. */
#define DO_WITH(call, on_, in_, ...)                                             \
    {                                                                            \
        .kind = CALL, .name = SEAM_##call, .on = (on_), .in = (in_), __VA_ARGS__ \
    }
#define DO(call, on_, in_) DO_WITH(call, on_, in_, .code = 0)
#define MEANWHILE(call, on_, in_)                                        \
    {                                                                    \
        .kind = MEANWHILE, .name = SEAM_##call, .on = (on_), .in = (in_) \
    }

/* A system call that succeeds; that stores something; that fails. */
#define ANSWERS_WITH(call, on_, in_, in2_, ...)                                         \
    {                                                                                   \
        .kind = ANSWER, .name = ANSWER_##call, .on = (on_), .in = (in_), .in2 = (in2_), \
        __VA_ARGS__                                                                     \
    }
#define GIVES(call, on_, in_, in2_, result_) ANSWERS_WITH(call, on_, in_, in2_, .result = (result_))
#define GIVES_WITH(call, on_, in_, in2_, result_, ...) \
    ANSWERS_WITH(call, on_, in_, in2_, .result = (result_), __VA_ARGS__)
#define STORES(call, on_, in_, in2_, result_, out_) \
    ANSWERS_WITH(call, on_, in_, in2_, .result = (result_), .out = (out_))
#define FAILS(call, on_, in_, in2_, code_) \
    ANSWERS_WITH(call, on_, in_, in2_, .code = (int32_t)(code_))
#define FAILS_WITH(call, on_, in_, in2_, code_, ...) \
    ANSWERS_WITH(call, on_, in_, in2_, .code = (int32_t)(code_), __VA_ARGS__)

/* A packet of the wait for completions before it: of the request that was made or posted as the
 * index-th of the row, or of a notification. */
#define COMPLETES(index, events_, status_)                                          \
    {                                                                               \
        .kind = PACKET, .in = (index), .out = (events_), .code = (int32_t)(status_) \
    }
#define NOTIFIES                 \
    {                            \
        .kind = PACKET, .in = -1 \
    }

/* The result of the seam's call. */
#define RETURNS(kind_, code_, out_)                                              \
    {                                                                            \
        .kind = RESULT, .name = (kind_), .code = (int32_t)(code_), .out = (out_) \
    }
#define RETURNS_OK(out_) RETURNS(FER_OK, 0, out_)

/* The last step of a row that leaves handles open, because the system owns them. */
#define LEAVES_OPEN(count)          \
    {                               \
        .kind = OPEN, .in = (count) \
    }

/* ---- Arguments and what calls store */

#define OPT(level, option) ((int64_t)(level) << 16 | (int)(option))
#define SOCKET_OPT(option) OPT(SOL_SOCKET, option)
#define V4_OPT(option) OPT(IPPROTO_IP, option)
#define V6_OPT(option) OPT(IPPROTO_IPV6, option)
#define UDP_OPT(option) OPT(IPPROTO_UDP, option)
#define V4(port) (4 << 16 | (port))
#define V6(port) (6 << 16 | (port))
/* A path of a Unix socket, of so many bytes; 0: none. */
#define PATH(len) (1 << 16 | (len))
/* Server 2022. */
#define IS_BUILD_20348 GIVES_WITH(RtlGetVersion, ANY, ANY, ANY, 0, .out = 20348)
/* SO_PROTOCOL_INFOW. */
#define PROTOCOL(family, type, flags) ((family) | (type) << 8 | (int64_t)(flags) << 16)
/* Sets of select: those of A. */
enum { READING = 1, WRITING = 2, FAILED = 4 };
#define OF_A(sets) (sets)
#define OF_B(sets) ((sets) << 4)
#define OF_C(sets) ((sets) << 8)
/* Sets of more than MANY_SOCKETS, whose numbers begin at A: how many are in each. Only the last one
 * may stay. */
enum { MANY_SOCKETS = 16 };
#define OF_MANY(count) ((int64_t)(count)*0x100010001)
/* The index of a control message's interface. */
#define INTERFACE(index) ((uint64_t)(index) << 32)
/* Which request a CancelIoEx names. */
enum { CANCELS_ALL, CANCELS_UNUSED, CANCELS_REQUEST };

/* ---- Used by the scripted calls */

/* The step of this system call, after the calls of other threads during it. It fails the row if it
 * is not the next one. NULL: a quiet call that is not the next one. */
const struct step *script_take(int answer, int64_t on, int64_t in, int64_t in2);
/* The next packet of the script, or NULL. */
const struct step *script_take_packet(void);
void script_fail(const char *text, int64_t number);
/* Sets the thread's error code: that of the step, or after a success one that no call reports. */
bool script_succeeds(const struct step *step);
void script_forget_handles(void);
/* The number of handles that were made and not closed. */
int script_open_handles(void);
void script_add_handle(int64_t handle);
void script_add_socket(int64_t socket, bool is_inheritable);
/* No child process may inherit a SOCKET that a call of the seam has made. */
void script_check_inheritance(void);
bool script_remove_handle(int64_t handle);
extern int64_t script_now_nanos;

/* ---- Used by the rows. winsock_calls.c, winsock_waits.c, winsock_library.c */

/* Makes a call of the seam. Its value is what the comments there say. */
fer_error script_call(const struct step *step, int64_t *out);
fer_error script_call_waiting(const struct step *step, int64_t *out);
fer_error script_call_library(const struct step *step, int64_t *out);
void script_forget_calls(void);
void script_forget_library(void);

void run_rows(const struct row *rows, size_t count);
/* A test that runs the rows NAME_script. */
#define SCRIPT_TEST(name)                                                        \
    TEST(name)                                                                   \
    {                                                                            \
        run_rows(name##_script, sizeof name##_script / sizeof name##_script[0]); \
    }

#endif
