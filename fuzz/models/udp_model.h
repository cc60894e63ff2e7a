/* udp_model.h: what datagram sockets may do (rules U1 to U5, T2, E4), written from the rules and
 * not from the code. */
#ifndef FUZZ_UDP_MODEL_H
#define FUZZ_UDP_MODEL_H

#include "fuzz/programs/udp_program.h"

void udp_model_begin(fer_sim_dialect dialect);
/* Ends the program if the record breaks a rule. */
void udp_model_check(const struct udp_record *record);
void udp_model_end(const fer_sim_report *report);

void udp_print_record(const char *name, const struct udp_record *record);

#endif
