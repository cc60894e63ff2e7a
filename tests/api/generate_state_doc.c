/* generate_state_doc.c: writes docs/STATE.md to standard output, from the tables in
 * core/handle/stream_state.c and core/open/connect_schedule.c. A test fails if the page in the tree
 * differs. */
#include <stdbool.h>
#include <stdio.h>

#include "core/handle/stream_state.h"
#include "core/open/connect_schedule.h"

typedef struct entry {
    const char *name;
    const char *text;
} entry;

#define ENTRY(name, text) {#name, text},
#define END_ENTRY(name, bit, text) {#name, text},
#define EVENT_ENTRY(name, from, to, ends, text) {#name, text},
static const entry columns[] = {FERI_PHASES(ENTRY) FERI_ENDS(END_ENTRY){
    "saved error", "a fatal error was seen; later reads return it too"}};
static const entry events[] = {FERI_EVENTS(EVENT_ENTRY)};
static const entry requests[] = {FERI_REQUESTS(ENTRY)};
static const entry answers[] = {FERI_ANSWERS(ENTRY)};
static const entry schedule_phases[] = {FERI_SCHEDULE_PHASES(ENTRY)};
static const entry schedule_events[] = {FERI_SCHEDULE_EVENTS(ENTRY)};
static const entry schedule_actions[] = {FERI_SCHEDULE_ACTIONS(ENTRY)};

#define COUNT_OF(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

static void print_list(const char *text, const entry *entries, unsigned count)
{
    printf("%s\n\n", text);
    for (unsigned i = 0; i < count; i++) {
        printf("- `%s`: %s\n", entries[i].name, entries[i].text);
    }
    printf("\n");
}
#define PRINT_LIST(text, entries) print_list(text, entries, COUNT_OF(entries))

/* A table with a row and its text for each entry of rows, and a column for each of columns. */
static void print_table(const char *head, const entry *rows, unsigned row_count, const entry *names,
                        unsigned column_count, void (*print_cell)(unsigned row, unsigned column))
{
    printf("| %s | meaning |", head);
    for (unsigned i = 0; i < column_count; i++) {
        printf(" %s |", names[i].name);
    }
    printf("\n|---|---|");
    for (unsigned i = 0; i < column_count; i++) {
        printf("---|");
    }
    for (unsigned row = 0; row < row_count; row++) {
        printf("\n| %s | %s |", rows[row].name, rows[row].text);
        for (unsigned i = 0; i < column_count; i++) {
            print_cell(row, i);
        }
    }
    printf("\n\n");
}
#define PRINT_TABLE(head, rows, names, print_cell) \
    print_table(head, rows, COUNT_OF(rows), names, COUNT_OF(names), print_cell)

/* ---- The state of a handle */

/* A column is a phase, or an OPEN handle with one end. */
static feri_state word_of(unsigned column)
{
#define END_BIT(name, bit, text) (bit),
    static const feri_state bits[] = {FERI_ENDS(END_BIT)(feri_state) FER_CONNECTION_RESET << 16};
#undef END_BIT
    return column < FERI_PHASE_COUNT ? column : FERI_PHASE_OPEN | bits[column - FERI_PHASE_COUNT];
}

static feri_state next_of(unsigned event, unsigned column)
{
    bool brings_error = event == FERI_EVENT_GOT_RESET || event == FERI_EVENT_CONNECT_FAIL;
    return feri_state_next(word_of(column), (feri_event)event,
                           brings_error ? FER_CONNECTION_RESET : FER_OK);
}

/* The next phase, and the ends that the event adds. */
static void print_next(unsigned event, unsigned column)
{
    feri_state next = next_of(event, column);
    if (next == FERI_STATE_MISUSE) {
        printf(" - |");
        return;
    }
    printf(" %s", columns[feri_state_phase(next)].name);
    for (unsigned end = FERI_PHASE_COUNT; end < COUNT_OF(columns); end++) {
        if ((word_of(end) & next & ~word_of(column) & ~(feri_state)0xF) != 0) {
            printf(" + %s", columns[end].name);
        }
    }
    printf(" |");
}

static void print_answer(unsigned request, unsigned column)
{
    printf(" %s |", answers[feri_state_answer(word_of(column), (feri_request)request)].name);
}

/* Only the events that change the phase. */
static void print_diagram(void)
{
    printf("```mermaid\nstateDiagram-v2\n    [*] --> %s\n", columns[0].name);
    for (unsigned phase = 0; phase < FERI_PHASE_COUNT; phase++) {
        for (unsigned event = 0; event < FERI_EVENT_COUNT; event++) {
            feri_state next = next_of(event, phase);
            if (next != FERI_STATE_MISUSE && feri_state_phase(next) != phase) {
                printf("    %s --> %s: %s\n", columns[phase].name,
                       columns[feri_state_phase(next)].name, events[event].name);
            }
        }
    }
    printf("```\n\n");
}

static void print_state(void)
{
    printf("Every handle has one 32-bit word: its phase, the ends of its halves, one bit each, and "
           "the kind of its saved error.\n"
           "The word is changed by compare-and-swap, so that one thread can read while another "
           "writes or shuts down.\n\n");
    PRINT_LIST("The tables have a column for each phase, and for an OPEN handle with one of the "
               "ends:",
               columns);
    PRINT_TABLE("event", events, columns, print_next);
    printf(
        "An event marked `-` is *misuse*: the call returns MISUSE and the word does not change. "
        "The first fatal error, kind and\n"
        "OS code, is the saved error of the handle until it is closed; an end of file after it "
        "adds nothing. After shutdown(READ)\n"
        "a read of 0 bytes is not the peer's end of file. A broken pipe does not affect the read "
        "half.\n\n");
    print_diagram();
    PRINT_LIST("## Answers\n\n"
               "The answer of a state to a request, before any system call. The phase answers "
               "first. If its answer is CALL_OS, the ends\n"
               "answer: the handle's own shutdown, else the first end that was seen. An end that "
               "was seen determines the answer to\n"
               "PEER_ADDR, also after the handle has shut down the read half.",
               answers);
    PRINT_TABLE("request", requests, columns, print_answer);
}

/* ---- Connection attempts */

static void print_next_phase(unsigned event, unsigned phase)
{
    feri_schedule_phase next =
        feri_schedule_next_phase((feri_schedule_phase)phase, (feri_schedule_event)event);
    printf(" %s |", next == FERI_SCHEDULE_MISUSE ? "-" : schedule_phases[next].name);
}

static void print_property(unsigned row, unsigned column)
{
    feri_schedule_phase phase = (feri_schedule_phase)row;
    switch (column) {
    case 0: printf(" %s |", schedule_actions[feri_schedule_action_of(phase)].name); break;
    case 1: printf(" %s |", feri_schedule_delay_runs(phase) ? "runs" : "-"); break;
    default: printf(" %s |", feri_schedule_limits_run(phase) ? "run" : "-"); break;
    }
}

static void print_schedule(void)
{
    printf("## Connection attempts\n\n"
           "A call that connects to several addresses has a schedule of its attempts (RFC 8305, "
           "5). The schedule has no socket and\n"
           "no clock: the call reports ends and the time, and the schedule returns the next "
           "action. core/open/connect_attempts.h puts\n"
           "the addresses in their order (RFC 8305, 4).\n\n");
    static const entry properties[] = {
        {"action", ""}, {"timer of the delay", ""}, {"attempt timeouts, deadline", ""}};
    PRINT_TABLE("phase", schedule_phases, properties, print_property);
    printf("### Inputs\n\n"
           "The call begins a schedule with the number of addresses, the delay, the timeout of "
           "each attempt, and the deadline. It\n"
           "reports that an attempt connected (CONNECT) or failed (one of the three FAILED), and "
           "that the call was cancelled\n"
           "(CANCEL). The other events follow from the time, or from an action that was returned. "
           "The latest attempt is the one\n"
           "that was started last. An event marked `-` does not occur in that phase. Of events "
           "that are seen together, reports\n"
           "come first, in their order. Then come the deadline, the attempt timeouts with the "
           "earliest first, and the delay.\n\n");
    PRINT_TABLE("event", schedule_events, schedule_phases, print_next_phase);
    PRINT_LIST(
        "### Actions\n\n"
        "The call asks for the next action until that is WAIT or a result. While the limits "
        "run, an attempt whose timeout is\n"
        "reached gets TIME_OUT before the action of the phase. After a decision, each attempt "
        "that is still open gets CLOSE,\n"
        "except the winner, and then the result is returned. WAIT ends at the first time of a "
        "timer that runs. It is returned\n"
        "again if the clock has not reached that time.",
        schedule_actions);
    printf("Each attempt wins, is reported as failed, or gets TIME_OUT or CLOSE once.\n");
}

int main(void)
{
    printf("# The state of a handle, and of connection attempts\n\n"
           "<!-- Generated from the tables in core/handle/stream_state.c and "
           "core/open/connect_schedule.c by generate_state_doc.\n"
           "Do not edit: a test compares. -->\n\n");
    print_state();
    print_schedule();
    return 0;
}
