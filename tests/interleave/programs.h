/* programs.h: the programs, in lists that end with a program without a name. */
#ifndef INTERLEAVE_PROGRAMS_H
#define INTERLEAVE_PROGRAMS_H

#include "tests/interleave/checker.h"

extern const inter_program inter_litmus_programs[];
extern const inter_program inter_notify_programs[];
extern const inter_program inter_poller_programs[];
extern const inter_program inter_resolver_programs[];
extern const inter_program inter_resolver_close_programs[];
extern const inter_program inter_stream_programs[];
extern const inter_program inter_mode_programs[];

#endif
