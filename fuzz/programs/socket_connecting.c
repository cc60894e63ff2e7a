/* socket_connecting.c: connects of built sockets, and their limits. */
#include "fuzz/driver/fuzz.h"
#include "fuzz/models/limits_model.h"
#include "fuzz/programs/socket_calls.h"
#include "fuzz/programs/socket_steps.h"

/* ---- Limits */

void socket_step_limits(struct socket_program *p, const struct socket_call *c)
{
    struct handle_limits chosen;
    socket_step_changes();
    if (!limits_act(&p->limits, c->arg, &chosen)) {
        return;
    }
    fer_limits limits = limits_to_set(&p->limits, &chosen);
    fer_error error = fer_socket_set_limits(&p->handles[c->socket].socket, &limits);
    socket_check(error, model_set_limits(&p->models[c->socket]));
    if (error.kind == FER_OK) {
        p->limits_of[c->socket] = chosen;
    }
}

/* What a socket is turned into begins without limits, and so does the next socket of the handle. */
void socket_end_limits(struct socket_program *p)
{
    for (size_t i = 0; i < SOCKET_BUILT; i++) {
        if (p->models[i].state == STATE_NEW || p->models[i].state == STATE_CLOSED) {
            p->limits_of[i] = LIMITS_NONE;
        }
    }
}

static struct call_limits limits_of(const struct socket_program *p, size_t at)
{
    return limits_of_call(&p->limits, &p->limits_of[at]);
}

static kind_set kinds_of(const struct call_limits *limits)
{
    bool may_cancel = limits->is_cancelled || limits->cancel_in <= limits->deadline_in;
    bool may_expire = !limits->is_cancelled && limits->deadline_in <= limits->cancel_in;
    return (may_cancel ? kind_set_of(FER_CANCELLED) : 0) |
           (may_expire ? kind_set_of(FER_TIMED_OUT) : 0);
}

kind_set socket_within_limits(const struct socket_program *p, size_t at, kind_set allowed)
{
    struct call_limits limits = limits_of(p, at);
    bool has_end = limits_are_over(&limits) || limits_end_in(&limits) != LIMITS_NEVER;
    const model_handle *model = &p->models[at];
    if (model_never_waits(model) || !has_end) {
        return allowed;
    }
    kind_set ended = model_may_wait_in_kernel(model) ? 0 : kind_set_of(FER_DEADLOCK);
    return (allowed & ~ended) | kinds_of(&limits);
}

/* The limits are over: the call must report that, and changes nothing. Returns false if the state
 * may answer first. */
static bool check_over(const struct call_limits *limits, kind_set without_limits, fer_error error,
                       uint64_t began)
{
    struct limited_call call = {
        .limits = *limits, .error = error, .elapsed = fer_sim_now().nanos - began};
    bool is_over = kind_set_has(kinds_of(limits), error.kind) && error.os_code == 0;
    if (without_limits == KIND_SET_REFUSED || (without_limits == KIND_SET_ANY && !is_over)) {
        return false;
    }
    const char *violation = limits_violation(&call);
    if (violation != NULL) {
        fprintf(stderr, "socket: %s: %s\n", violation, fer_error_kind_name(error.kind));
    }
    FUZZ_CHECK(violation == NULL);
    socket_step_changes();
    return true;
}

/* ---- Connecting */

/* A connect that ends by the timeout or by the limits. */
struct bounded_connect {
    model_connect connect;
    fer_duration within; /* the timeout, or the limits */
    bool is_bounded;
    bool is_over;
    struct call_limits limits;
};

/* On Windows a cancel is noticed at the end of a slice. */
static uint64_t lateness(const struct call_limits *limits)
{
    bool is_cancel = limits->cancel_in < limits->deadline_in;
    return is_cancel && model_is_windows() ? 20 * LIMITS_MILLI : 0;
}

static struct bounded_connect predict(struct socket_program *p, const struct socket_call *c,
                                      const model_destination *to, fer_duration timeout)
{
    const model_handle *model = &p->models[c->socket];
    struct bounded_connect bounded = {.within = timeout,
                                      .is_bounded = timeout.nanos != FER_DURATION_NONE_NANOS};
    bool applies = model_waits_to_connect(model, bounded.is_bounded);
    bounded.limits = limits_of(p, c->socket);
    bounded.is_over = applies && limits_are_over(&bounded.limits);
    uint64_t end = applies ? limits_end_in(&bounded.limits) : LIMITS_NEVER;
    if (bounded.is_over || end > timeout.nanos || end == LIMITS_NEVER) {
        bounded.connect = model_connect_to(model, to, c->fault, timeout);
        return bounded;
    }
    fer_duration late = {end + lateness(&bounded.limits)};
    bounded.within.nanos = end;
    bounded.is_bounded = true;
    kind_set later = model_connect_to(model, to, c->fault, late).allowed;
    bounded.connect = model_connect_to(model, to, c->fault, bounded.within);
    if (!bounded.connect.is_misuse) {
        bounded.connect.allowed |= later | kinds_of(&bounded.limits);
    }
    return bounded;
}

static bool ends_by_bound(const struct bounded_connect *bounded, fer_error error)
{
    return error.kind == FER_CANCELLED || (error.kind == FER_TIMED_OUT && bounded->is_bounded);
}

static void connect_within(struct socket_program *p, const struct socket_call *c,
                           fer_duration timeout)
{
    model_destination to = socket_destination(c->arg);
    model_handle *model = &p->models[c->socket];
    fer_socket *socket = &p->handles[c->socket].socket;
    bool is_certain = true;
    if (to.is_local) {
        (void)model_has_listener(&to.addr, &is_certain);
    }
    if (!is_certain) {
        return; /* DIFFERENCES.md, full_backlog, failed_connect_adopted */
    }
    struct bounded_connect bounded = predict(p, c, &to, timeout);
    const model_connect *connect = &bounded.connect;
    uint64_t began = fer_sim_now().nanos;
    socket_arm_fault(c->fault);
    fer_error error = timeout.nanos == FER_DURATION_NONE_NANOS
                          ? fer_socket_connect(socket, &to.addr)
                          : fer_socket_connect_timeout(socket, &to.addr, timeout);
    (void)fer_sim_clear_faults();
    if (bounded.is_over && check_over(&bounded.limits, connect->allowed, error, began)) {
        return;
    }
    socket_check(error, connect->allowed);
    bool is_over = connect->starts && error.kind != FER_WOULD_BLOCK;
    FUZZ_CHECK(!is_over || ends_by_bound(&bounded, error) ||
               (fer_sim_now().nanos >= connect->earliest &&
                fer_sim_now().nanos <= connect->latest + p->late));
    model_connect_done(model, connect, error, bounded.is_bounded);
}

void socket_step_connect(struct socket_program *p, const struct socket_call *c)
{
    connect_within(p, c, FER_DURATION_NONE);
}

void socket_step_connect_timeout(struct socket_program *p, const struct socket_call *c)
{
    static const uint64_t millis[] = {100, 10, 1000, 30000, 0, 300000, 1};
    connect_within(p, c, fer_duration_from_millis(millis[c->arg / 16 % 7]));
}

void socket_step_connect_path(struct socket_program *p, const struct socket_call *c)
{
    int path = c->arg % MODEL_PATHS;
    model_handle *model = &p->models[c->socket];
    fer_unix_addr addr = socket_path(path);
    struct call_limits limits = limits_of(p, c->socket);
    bool is_over = !model_never_waits(model) && limits_are_over(&limits);
    uint64_t began = fer_sim_now().nanos;
    kind_set allowed = model_connect_unix(model, path, c->fault);
    if (!is_over && kind_set_has(allowed, FER_DEADLOCK)) {
        allowed = socket_within_limits(p, c->socket, allowed);
    }
    socket_arm_fault(c->fault);
    fer_error error = fer_socket_connect_unix(&p->handles[c->socket].socket, &addr);
    (void)fer_sim_clear_faults();
    if (is_over && check_over(&limits, allowed, error, began)) {
        return;
    }
    socket_check(error, allowed);
    if (allowed != KIND_SET_REFUSED) {
        model_connect_unix_done(model, path, error);
    }
}
