/* system.h: what the report says of this system, and the few system calls of the runner. */
#ifndef SELFTEST_SYSTEM_H
#define SELFTEST_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { SYSTEM_TEXT_CAP = 120 };

/* name is a part of a file's name, such as windows-10.0.26100-x64. */
typedef struct system_facts {
    char name[SYSTEM_TEXT_CAP];
    char version[SYSTEM_TEXT_CAP];
    char processor[SYSTEM_TEXT_CAP];
    unsigned processors;
} system_facts;

/* Called first, also in children: no dialog after a crash, no buffered output. */
void system_prepare(const char *argument0);

void system_describe(system_facts *out);

/* The path of this program; NULL: unknown. */
const char *system_own_path(void);

/* Opens a file for writing beside this program, or else in the current directory. NULL: neither. */
FILE *system_open_beside(const char *name, bool *is_beside);

/* The names of the user and of the host, which no report may contain. Empty: unknown. */
void system_private_names(char user[SYSTEM_TEXT_CAP], char host[SYSTEM_TEXT_CAP]);

/* Waits for the Enter key if the console closes with this program. */
void system_keep_console(void);

uint64_t system_now_ms(void);
void system_pause_ms(unsigned milliseconds);
/* Processor time of this process, all threads. */
uint64_t system_processor_ms(void);

#endif
