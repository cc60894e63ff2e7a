/* socket_steps.h: functions that the files of the program's steps share. */
#ifndef FUZZ_SOCKET_STEPS_H
#define FUZZ_SOCKET_STEPS_H

#include "fuzz/programs/socket_program.h"

/* The choices for one call. */
struct socket_call {
    size_t at;     /* a handle of any type */
    size_t socket; /* a fer_socket */
    size_t other;  /* another handle of any type */
    uint8_t arg;
    fer_sim_fault fault;
};

extern const model_type socket_types[SOCKET_HANDLES];

void socket_check(fer_error got, kind_set allowed);
void socket_step_changes(void);
void socket_arm_fault(fer_sim_fault fault);

/* The results of a call that may wait, within the limits of a built socket. */
kind_set socket_within_limits(const struct socket_program *p, size_t at, kind_set allowed);
/* After each step. */
void socket_end_limits(struct socket_program *p);

void socket_step_limits(struct socket_program *p, const struct socket_call *c);
void socket_step_connect(struct socket_program *p, const struct socket_call *c);
void socket_step_connect_timeout(struct socket_program *p, const struct socket_call *c);
void socket_step_connect_path(struct socket_program *p, const struct socket_call *c);
void socket_step_new(struct socket_program *p, const struct socket_call *c);
void socket_step_close(struct socket_program *p, const struct socket_call *c);
void socket_step_clone(struct socket_program *p, const struct socket_call *c);
void socket_step_into(struct socket_program *p, const struct socket_call *c);
void socket_step_into_raw(struct socket_program *p, const struct socket_call *c);
void socket_step_from_raw(struct socket_program *p, const struct socket_call *c);
void socket_step_open(struct socket_program *p, const struct socket_call *c);

#endif
