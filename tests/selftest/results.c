/* results.c: the results of tests; see results.h. The lines are those of cmocka's standard output
 * format, and the reason lines of tests/support/fixture.c. */
#include "selftest/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char run_mark[] = "[ RUN      ] ";
static const char error_mark[] = "[  ERROR   ] ";

static const struct {
    const char *mark;
    result_status status;
} marks[] = {{"[       OK ] ", RESULT_PASSED},
             {"[  FAILED  ] ", RESULT_FAILED},
             {"[  SKIPPED ] ", RESULT_SKIPPED},
             {error_mark, RESULT_FAILED}};

static const char *after(const char *line, const char *mark)
{
    size_t len = strlen(mark);
    return strncmp(line, mark, len) == 0 ? line + len : NULL;
}

struct result *results_add(struct results *results, const char *suite, const char *name)
{
    if (results->count == results->cap) {
        size_t cap = results->cap == 0 ? 256 : results->cap * 2;
        struct result *grown = realloc(results->all, cap * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        results->all = grown;
        results->cap = cap;
    }
    struct result *added = &results->all[results->count++];
    memset(added, 0, sizeof *added);
    added->suite = suite;
    snprintf(added->name, sizeof added->name, "%s", name);
    return added;
}

static void start_test(struct results *results, result_reader *reader, const char *name)
{
    if (results_add(results, reader->suite, name) != NULL) {
        reader->current = results->count;
        results->all[results->count - 1].index = reader->first + reader->started++;
        reader->detail[0] = 0;
    }
}

static void end_test(struct results *results, result_reader *reader, result_status status)
{
    struct result *ended = &results->all[reader->current - 1];
    ended->status = status;
    memcpy(ended->detail, reader->detail, sizeof ended->detail);
    reader->current = 0;
}

/* Appends to the detail, which keeps its beginning. */
static void add_detail(result_reader *reader, const char *text)
{
    size_t len = strlen(reader->detail);
    if (text[0] != 0 && len + 4 < sizeof reader->detail) {
        snprintf(reader->detail + len, sizeof reader->detail - len, "%s%s", len > 0 ? "; " : "",
                 text);
    }
}

/* Without the marks of a line: "[  ERROR   ] --- text" and "[  REASON  ] text" are "text". */
static const char *plain(const char *line)
{
    while (line[0] == '[' && line[1] == ' ' && strchr(line, ']') != NULL) {
        line = strchr(line, ']') + 1;
        line += strspn(line, " -");
    }
    return line + strspn(line, " ");
}

static void read_line(struct results *results, result_reader *reader)
{
    const char *name = after(reader->line, run_mark);
    if (name != NULL) {
        start_test(results, reader, name);
        return;
    }
    if (reader->current == 0) {
        return;
    }
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        name = after(reader->line, marks[i].mark);
        if (name != NULL && strcmp(name, results->all[reader->current - 1].name) == 0) {
            end_test(results, reader, marks[i].status);
            return;
        }
    }
    add_detail(reader, plain(reader->line));
}

void results_read(struct results *results, result_reader *reader, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            reader->line[reader->len] = 0;
            read_line(results, reader);
            reader->len = 0;
        } else if (text[i] != '\r' && reader->len + 1 < sizeof reader->line) {
            unsigned char byte = (unsigned char)text[i];
            reader->line[reader->len++] = byte < ' ' || byte > '~' ? '?' : text[i];
        }
    }
}

void results_end(struct results *results, result_reader *reader, result_status status,
                 const char *detail)
{
    if (reader->current == 0 && reader->started == 0) {
        start_test(results, reader, "(before its first test)");
    }
    if (reader->current != 0) {
        add_detail(reader, detail);
        end_test(results, reader, status);
    }
}

void results_rule(const char *name, size_t n, char *out, size_t cap)
{
    size_t end = strcspn(name, " ");
    size_t at = 0;
    for (; n > 0 && at < end; n--) {
        at += strcspn(name + at, "/ ") + 1;
    }
    size_t len = at < end ? strcspn(name + at, "/ ") : 0;
    bool is_rule = len >= 2 && len < cap && name[at] >= 'A' && name[at] <= 'Z' &&
                   name[at + 1] >= '0' && name[at + 1] <= '9';
    snprintf(out, cap, "%.*s", is_rule ? (int)len : 0, name + at);
}
