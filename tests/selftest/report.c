/* report.c: the lines of the report; see selftest.h. */
#include "selftest/selftest.h"

#include <stdarg.h>
#include <string.h>

enum { TEXT_CAP = 2048, PATH_CAP = 4096, COLUMNS = 100, HANGING = 4, HIDDEN_MAX = 4 };

static FILE *file;
static char file_path[PATH_CAP];
static const char *hidden[HIDDEN_MAX];
static size_t hidden_count;

static bool is_in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void report_open(const char *program, const char *name)
{
    size_t folder = strlen(program);
    char part[120];
    snprintf(part, sizeof part, "%s", name);
    for (char *at = part; *at != 0; at++) {
        *at = is_in_word(*at) || *at == '.' ? *at : '-';
    }
    while (folder > 0 && program[folder - 1] != '/' && program[folder - 1] != '\\') {
        folder--;
    }
    for (; file == NULL; folder = 0) {
        snprintf(file_path, sizeof file_path, "%.*sferrule-selftest-%s.txt", (int)folder, program,
                 part);
        file = fopen(file_path, "w");
        if (folder == 0) {
            return;
        }
    }
}

void report_hide(const char *name)
{
    if (name != NULL && strlen(name) >= 3 && hidden_count < HIDDEN_MAX) {
        hidden[hidden_count++] = name;
    }
}

static bool is_in_path(char c)
{
    return is_in_word(c) || (c != 0 && strchr("/\\.-:~+*", c) != NULL);
}

/* Removes the folders of "/folder/file" and "C:\\folder\\file". */
static void remove_folders(char *text)
{
    char *out = text;
    while (*text != 0) {
        size_t len = 0, base = 0;
        for (; is_in_path(text[len]); len++) {
            base = text[len] == '/' || text[len] == '\\' ? len + 1 : base;
        }
        bool has_drive = text[1] == ':' && (text[2] == '\\' || text[2] == '/');
        if ((text[0] != '/' && !has_drive) || base == len) {
            base = 0;
        }
        len = len == 0 ? 1 : len;
        memmove(out, text + base, len - base);
        out += len - base;
        text += len;
    }
    *out = 0;
}

/* Replaces whole words. */
static void remove_name(char *text, const char *name)
{
    size_t len = strlen(name);
    for (char *at = text; (at = strstr(at, name)) != NULL; at += len) {
        if ((at == text || !is_in_word(at[-1])) && !is_in_word(at[len])) {
            memset(at, '*', len);
        }
    }
}

static void put(const char *text, size_t len, unsigned indent)
{
    printf("%*s%.*s\n", (int)indent, "", (int)len, text);
    if (file != NULL) {
        fprintf(file, "%*s%.*s\n", (int)indent, "", (int)len, text);
        (void)fflush(file);
    }
}

/* The length of the part of text that fits into the columns, ended at a blank if possible. */
static size_t part_of(const char *text, size_t columns)
{
    size_t at = columns;
    if (strlen(text) <= columns) {
        return strlen(text);
    }
    while (at > columns / 2 && text[at] != ' ') {
        at--;
    }
    return text[at] == ' ' ? at : columns;
}

void report_line(unsigned indent, const char *format, ...)
{
    char text[TEXT_CAP];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    remove_folders(text);
    for (size_t i = 0; i < hidden_count; i++) {
        remove_name(text, hidden[i]);
    }
    size_t len = part_of(text, COLUMNS - indent);
    put(text, len, indent);
    for (const char *rest = text + len; *rest != 0; rest += len) {
        rest += strspn(rest, " ");
        len = part_of(rest, COLUMNS - indent - HANGING);
        put(rest, len, indent + HANGING);
    }
}

void report_close(void)
{
    bool is_written = file != NULL && ferror(file) == 0;
    is_written = file != NULL && fclose(file) == 0 && is_written;
    printf("\nThe report is %s %s. Please send it: see the issue template \"Report of a real "
           "system\" of ferrule.\n",
           is_written ? "the file" : "the text above, because this file could not be written:",
           file_path);
}
