/* generate_state_doc.c: writes docs/STATE.md to standard output, from the tables in
 * core/handle/stream_state.c and core/open/connect_schedule.c. A test fails if the page in the tree
 * differs. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/handle/stream_state.h"
#include "core/open/connect_schedule.h"

typedef struct entry {
    const char *name;
    const char *text;
} entry;

#define ENTRY(name, text) {#name, text},
static const entry phases[] = {FERI_PHASES(ENTRY)};
static const entry read_halves[] = {FERI_READ_HALVES(ENTRY)};
static const entry write_halves[] = {FERI_WRITE_HALVES(ENTRY)};
static const entry endings[] = {FERI_ENDINGS(ENTRY)};
static const entry events[] = {FERI_EVENTS(ENTRY)};
static const entry requests[] = {FERI_REQUESTS(ENTRY)};
static const entry answers[] = {FERI_ANSWERS(ENTRY)};
static const entry schedule_phases[] = {FERI_SCHEDULE_PHASES(ENTRY)};
static const entry schedule_events[] = {FERI_SCHEDULE_EVENTS(ENTRY)};
static const entry schedule_actions[] = {FERI_SCHEDULE_ACTIONS(ENTRY)};
#undef ENTRY

#define COUNT_OF(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

/* One field of the word, or the phase of a schedule, which has no title. */
typedef struct field {
    const char *title;
    const char *description;
    const entry *states;
    unsigned count, shift;
    feri_phase phase; /* of every word in the table; the other fields are in their first state */
} field;

static const field phase_field = {
    "Phase", "The phase of a handle.", phases, COUNT_OF(phases), 0, FERI_PHASE_NEW};
static const field schedule_field = {.states = schedule_phases, .count = COUNT_OF(schedule_phases)};

static const field open_fields[] = {
    {"Read half",
     "For the phase OPEN. The handle's own shutdown takes precedence; otherwise the first end that "
     "was seen remains.",
     read_halves, COUNT_OF(read_halves), 4, FERI_PHASE_OPEN},
    {"Write half", "For the phase OPEN. A broken pipe does not affect the read half.", write_halves,
     COUNT_OF(write_halves), 8, FERI_PHASE_OPEN},
    {"Ending",
     "For the phase OPEN with the read half OPEN: whether this handle has seen the end of the "
     "connection. It determines the\n"
     "answer to peer_addr, and remains when the read half changes from EOF to SHUT.",
     endings, COUNT_OF(endings), 12, FERI_PHASE_OPEN},
};

static feri_state make_word(const field *which, unsigned state)
{
    return which->shift == 0 ? (feri_state)state
                             : (feri_state)which->phase | (feri_state)state << which->shift;
}

static fer_error_kind error_for(feri_event event)
{
    bool brings_error = event == FERI_EVENT_GOT_RESET || event == FERI_EVENT_CONNECT_FAIL;
    return brings_error ? FER_CONNECTION_RESET : FER_OK;
}

enum { MISUSE = -1, OTHER_PHASE = 100 };

/* The next state of the same table, MISUSE, or the number of another phase than OPEN, after
 * OTHER_PHASE. */
static int next_of(const field *which, unsigned state, unsigned event)
{
    if (which == &schedule_field) {
        feri_schedule_phase next =
            feri_schedule_next_phase((feri_schedule_phase)state, (feri_schedule_event)event);
        return next == FERI_SCHEDULE_MISUSE ? MISUSE : (int)next;
    }
    feri_state next =
        feri_state_next(make_word(which, state), (feri_event)event, error_for((feri_event)event));
    if (next != FERI_STATE_MISUSE && which->shift > 0 &&
        feri_state_phase(next) != FERI_PHASE_OPEN) {
        return OTHER_PHASE + (int)feri_state_phase(next);
    }
    return next == FERI_STATE_MISUSE ? MISUSE : (int)(next >> which->shift & 0xF);
}

static const entry *events_of(const field *which, unsigned *count)
{
    *count = which == &schedule_field ? COUNT_OF(schedule_events) : COUNT_OF(events);
    return which == &schedule_field ? schedule_events : events;
}

/* Events that are misuse in every state of a field are not in its table. */
static bool is_possible(const field *which, unsigned event)
{
    for (unsigned state = 0; state < which->count; state++) {
        if (next_of(which, state, event) != MISUSE) {
            return true;
        }
    }
    return false;
}

static void print_list(const char *title, const entry *entries, unsigned count)
{
    printf("### %s\n\n", title);
    for (unsigned i = 0; i < count; i++) {
        printf("- `%s`: %s\n", entries[i].name, entries[i].text);
    }
    printf("\n");
}

/* The head of a table with a column for each entry. */
static void print_head(const char *first, const entry *columns, unsigned count)
{
    printf("| %s |", first);
    for (unsigned i = 0; i < count; i++) {
        printf(" %s |", columns[i].name);
    }
    printf("\n|---|%s", strchr(first, '|') != NULL ? "---|" : "");
    for (unsigned i = 0; i < count; i++) {
        printf("---|");
    }
    printf("\n");
}

static void print_cell(const field *which, unsigned state, unsigned event)
{
    int next = next_of(which, state, event);
    if (next == MISUSE) {
        printf(" %s |", which == &schedule_field ? "-" : "misuse");
    } else if (next >= OTHER_PHASE) {
        printf(" (%s) |", phases[next - OTHER_PHASE].name);
    } else {
        printf(" %s |", which->states[next].name);
    }
}

static void print_table(const field *which)
{
    unsigned count = 0;
    const entry *names = events_of(which, &count);
    print_head("event", which->states, which->count);
    for (unsigned event = 0; event < count; event++) {
        if (!is_possible(which, event)) {
            continue;
        }
        printf("| %s |", names[event].name);
        for (unsigned state = 0; state < which->count; state++) {
            print_cell(which, state, event);
        }
        printf("\n");
    }
    printf("\n");
}

/* Only the events that change the state. */
static void print_diagram(const field *which)
{
    unsigned count = 0;
    const entry *names = events_of(which, &count);
    printf("```mermaid\nstateDiagram-v2\n    [*] --> %s\n", which->states[0].name);
    for (unsigned state = 0; state < which->count; state++) {
        for (unsigned event = 0; event < count; event++) {
            int next = next_of(which, state, event);
            if (next != MISUSE && next < OTHER_PHASE && (unsigned)next != state) {
                printf("    %s --> %s: %s\n", which->states[state].name, which->states[next].name,
                       names[event].name);
            }
        }
    }
    printf("```\n\n");
}

static void print_field(const field *which)
{
    printf("## %s\n\n%s\n\n", which->title, which->description);
    print_list("States", which->states, which->count);
    print_table(which);
    print_diagram(which);
}

static void print_answer_row(const char *field_name, const char *state, feri_state word)
{
    printf("| %s | %s |", field_name, state);
    for (unsigned request = 0; request < COUNT_OF(requests); request++) {
        printf(" %s |", answers[feri_state_answer(word, (feri_request)request)].name);
    }
    printf("\n");
}

static void print_answers(void)
{
    printf("## Answers\n\nThe answer of a state to a request, before any system call. The phase "
           "answers first. If its answer is CALL_OS, the\n"
           "halves and the ending of an OPEN handle answer.\n\n");
    print_list("Requests", requests, COUNT_OF(requests));
    print_list("Answers", answers, COUNT_OF(answers));
    print_head("field | state", requests, COUNT_OF(requests));
    for (unsigned state = 0; state < COUNT_OF(phases); state++) {
        print_answer_row("Phase", phases[state].name, make_word(&phase_field, state));
    }
    for (unsigned i = 0; i < COUNT_OF(open_fields); i++) {
        for (unsigned state = 1; state < open_fields[i].count; state++) {
            print_answer_row(open_fields[i].title, open_fields[i].states[state].name,
                             make_word(&open_fields[i], state));
        }
    }
    print_answer_row("Saved error", "set",
                     (feri_state)FERI_PHASE_OPEN | (feri_state)FER_CONNECTION_RESET << 16);
    printf("\n");
}

/* ---- Connection attempts */

static void print_schedule_actions(void)
{
    printf("| phase | action | timer of the delay | attempt timeouts, deadline |\n"
           "|---|---|---|---|\n");
    for (unsigned i = 0; i < COUNT_OF(schedule_phases); i++) {
        feri_schedule_phase phase = (feri_schedule_phase)i;
        printf("| %s | %s | %s | %s |\n", schedule_phases[i].name,
               schedule_actions[feri_schedule_action_of(phase)].name,
               feri_schedule_delay_runs(phase) ? "runs" : "-",
               feri_schedule_limits_run(phase) ? "run" : "-");
    }
    printf("\n");
}

static void print_schedule(void)
{
    printf("## Connection attempts\n\n"
           "A call that connects to several addresses has a schedule of its attempts (RFC 8305, "
           "5). The schedule has no socket and\n"
           "no clock: the call reports ends and the time, and the schedule returns the next "
           "action. core/open/connect_attempts.h puts\n"
           "the addresses in their order (RFC 8305, 4).\n\n");
    print_list("Phases of a schedule", schedule_phases, COUNT_OF(schedule_phases));
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
    print_list("Events of a schedule", schedule_events, COUNT_OF(schedule_events));
    print_table(&schedule_field);
    print_diagram(&schedule_field);
    printf("### Outputs\n\n"
           "The call asks for the next action until that is WAIT or a result. While the limits "
           "run, an attempt whose timeout is\n"
           "reached gets TIME_OUT before the action of the phase. After a decision, each attempt "
           "that is still open gets CLOSE,\n"
           "except the winner, and then the result is returned. WAIT ends at the first time of a "
           "timer that runs. It is returned\n"
           "again if the clock has not reached that time.\n\n");
    print_list("Actions", schedule_actions, COUNT_OF(schedule_actions));
    print_schedule_actions();
    printf("Each attempt wins, is reported as failed, or gets TIME_OUT or CLOSE once.\n");
}

int main(void)
{
    printf("# The state of a handle, and of connection attempts\n\n"
           "<!-- Generated from the tables in core/handle/stream_state.c and "
           "core/open/connect_schedule.c by generate_state_doc.\n"
           "Do not edit: a test compares. -->\n\n"
           "Every handle has one 32-bit word with four small fields, each defined by one table. An "
           "event that is not possible in a\n"
           "state is *misuse*: the call returns MISUSE and the word does not change. The word "
           "is changed by compare-and-swap,\n"
           "so that one thread can read while another writes or shuts down.\n\n");
    print_list("Events", events, COUNT_OF(events));
    print_field(&phase_field);
    for (unsigned i = 0; i < COUNT_OF(open_fields); i++) {
        print_field(&open_fields[i]);
    }
    print_answers();
    printf("The first fatal error, kind and OS code, is the saved error of the handle until it is "
           "closed.\n\n");
    print_schedule();
    return 0;
}
