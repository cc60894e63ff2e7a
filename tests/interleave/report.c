/* report.c: prints the schedule of a failure, and ends the process. */
#include "tests/interleave/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/interleave/search.h"

static const inter_program *program;

void inter_report_begin(const inter_program *begun)
{
    program = begun;
}

/* Prints the function and the line of an address in core, if addr2line is installed. The first line
 * of its output that is not in compiler.h is the caller of the inlined function. */
static void print_place(const void *caller)
{
    char command[128], function[128], place[256];
    (void)snprintf(command, sizeof command, "addr2line -i -f -s -e /proc/%ld/exe %p 2>/dev/null",
                   (long)getpid(), (const void *)((const char *)caller - 1));
    FILE *output = popen(command, "r");
    if (output == NULL) {
        return;
    }
    while (fgets(function, sizeof function, output) != NULL &&
           fgets(place, sizeof place, output) != NULL) {
        if (strncmp(place, "compiler.h:", strlen("compiler.h:")) != 0) {
            function[strcspn(function, "\n")] = '\0';
            place[strcspn(place, " \n")] = '\0';
            printf("  %s, %s", function, place);
            break;
        }
    }
    (void)pclose(output);
}

static void print_step(size_t number, const inter_executed *step)
{
    printf("  %3zu  thread %u  %-18s %s%s", number, step->thread, step->operation.name, step->note,
           step->is_ready ? "" : " (its deadline passes)");
    if (step->operation.caller != NULL) {
        print_place(step->operation.caller);
    }
    printf("\n");
}

void inter_report_step(void)
{
    size_t count;
    const inter_executed *steps = inter_search_steps(&count);
    if (count > 1) {
        print_step(count - 1, &steps[count - 2]);
    }
}

void inter_fail(const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    bool is_expected =
        program->expected_failure != NULL && strstr(message, program->expected_failure) != NULL;
    if (is_expected) {
        printf("%-28s fails, as it should: %s\n", program->name, message);
        exit(0);
    }
    size_t count;
    const inter_executed *steps = inter_search_steps(&count);
    printf("%s: %s\n%s\n", program->name, message, program->states);
    for (size_t i = 0; i < count; i++) {
        print_step(i + 1, &steps[i]);
    }
    printf("failed after %zu steps, in run %llu; the schedule: ", count,
           (unsigned long long)inter_search_runs());
    inter_search_print();
    (void)fflush(stdout);
    _Exit(1);
}
