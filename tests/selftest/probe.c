/* probe.c: the output of probes, and their list; see probe.h. */
#include "selftest/probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Writing */

static void print(const char *mark, const char *format, va_list arguments)
{
    printf("%s ", mark);
    (void)vprintf(format, arguments);
    printf("\n");
    (void)fflush(stdout);
}

void believe(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("=believed", format, arguments);
    va_end(arguments);
}

void see(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("=seen", format, arguments);
    va_end(arguments);
}

void conclude(bool agrees)
{
    printf(agrees ? "=same \n" : "=differs \n");
}

void conclude_absent(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("=seen", format, arguments);
    va_end(arguments);
    printf("=absent \n");
    exit(0);
}

void conclude_fact(bool believed, bool seen)
{
    believe(believed ? "yes" : "no");
    see(seen ? "yes" : "no");
    conclude(believed == seen);
}

/* ---- Reading */

static void append(char *to, size_t cap, const char *text, size_t len)
{
    size_t used = strlen(to);
    snprintf(to + used, cap - used, "%s%.*s", used > 0 ? "; " : "", (int)len, text);
}

/* The verdicts in the order of their weight: one difference is a difference. */
static void raise_verdict(probe_answer *out, probe_verdict verdict)
{
    if (verdict > out->verdict) {
        out->verdict = verdict;
    }
}

static void read_line(const char *line, size_t len, probe_answer *out)
{
    static const char *const verdicts[] = {"", "=same ", "=differs ", "=absent "};
    if (len > 10 && strncmp(line, "=believed ", 10) == 0) {
        append(out->believed, sizeof out->believed, line + 10, len - 10);
    } else if (len > 6 && strncmp(line, "=seen ", 6) == 0) {
        append(out->seen, sizeof out->seen, line + 6, len - 6);
    } else if (len > 0 && line[0] != '=') {
        append(out->seen, sizeof out->seen, line, len);
    }
    for (int i = PROBE_SAME; i <= PROBE_ABSENT; i++) {
        if (strncmp(line, verdicts[i], strlen(verdicts[i])) == 0) {
            raise_verdict(out, (probe_verdict)i);
        }
    }
}

void probe_read(const char *output, probe_answer *out)
{
    memset(out, 0, sizeof *out);
    while (*output != 0) {
        size_t len = strcspn(output, "\r\n");
        read_line(output, len, out);
        output += len;
        output += strspn(output, "\r\n");
    }
}

/* ---- The list */

enum { PROBES_MAX = 160 };

static struct probe probes[PROBES_MAX];
static size_t probe_count;

static bool is_before(const struct probe *one, const struct probe *other)
{
    int order = strcmp(one->file, other->file);
    return order != 0 ? order < 0 : one->line < other->line;
}

void probe_add(struct probe added)
{
    size_t at = probe_count;
    if (probe_count == PROBES_MAX) {
        abort();
    }
    for (; at > 0 && is_before(&added, &probes[at - 1]); at--) {
        probes[at] = probes[at - 1];
    }
    probes[at] = added;
    probe_count++;
}

const struct probe *probe_list(size_t *count)
{
    *count = probe_count;
    return probes;
}

const struct probe *probe_find(const char *name)
{
    for (size_t i = 0; i < probe_count; i++) {
        if (strcmp(probes[i].name, name) == 0) {
            return &probes[i];
        }
    }
    return NULL;
}
