/* report.c: the lines of the report; see report.h. */
#include "selftest/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "selftest/system.h"

enum { TEXT_CAP = 2048, HANGING = 4 };

static FILE *file;
static char file_name[SYSTEM_TEXT_CAP + 40];
static bool file_is_beside;
static char private_names[2][SYSTEM_TEXT_CAP];

void report_open(const char *name)
{
    snprintf(file_name, sizeof file_name, "ferrule-selftest-%s.txt", name);
    file = system_open_beside(file_name, &file_is_beside);
    system_private_names(private_names[0], private_names[1]);
}

/* ---- What a report must not contain */

static bool is_in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_in_path(char c)
{
    return is_in_word(c) || strchr("/\\.-:~+*", c) != NULL;
}

/* "/folder/file" or "C:\\folder\\file", which have folders of this or of the build's machine. */
static bool is_absolute(const char *path)
{
    bool has_drive = path[0] != 0 && path[1] == ':';
    return path[0] == '/' || (has_drive && (path[2] == '\\' || path[2] == '/'));
}

void report_remove_folders(char *text)
{
    size_t out = 0;
    for (size_t i = 0; text[i] != 0;) {
        size_t len = 0;
        size_t base = 0;
        for (; text[i + len] != 0 && is_in_path(text[i + len]); len++) {
            if (text[i + len] == '/' || text[i + len] == '\\') {
                base = len + 1;
            }
        }
        size_t from = is_absolute(text + i) && base < len ? base : 0;
        if (len == 0) {
            len = 1;
        }
        memmove(text + out, text + i + from, len - from);
        out += len - from;
        i += len;
    }
    text[out] = 0;
}

void report_remove_name(char *text, const char *name)
{
    size_t len = strlen(name);
    char *at = text;
    while (len >= 3 && (at = strstr(at, name)) != NULL) {
        if ((at == text || !is_in_word(at[-1])) && !is_in_word(at[len])) {
            memset(at, '*', len);
        }
        at += len;
    }
}

/* ---- Lines */

static void put(const char *text, size_t len, unsigned indent)
{
    printf("%*s%.*s\n", (int)indent, "", (int)len, text);
    if (file != NULL) {
        fprintf(file, "%*s%.*s\n", (int)indent, "", (int)len, text);
        (void)fflush(file);
    }
}

/* The length of the part of text that fits into room columns, ended at a blank if possible. */
static size_t part_of(const char *text, size_t room)
{
    size_t len = strlen(text);
    if (len <= room) {
        return len;
    }
    for (size_t at = room; at > room / 2; at--) {
        if (text[at] == ' ') {
            return at;
        }
    }
    return room;
}

void report_line(unsigned indent, const char *format, ...)
{
    char text[TEXT_CAP];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    report_remove_folders(text);
    report_remove_name(text, private_names[0]);
    report_remove_name(text, private_names[1]);
    size_t len = part_of(text, REPORT_COLUMNS - indent);
    put(text, len, indent);
    for (const char *rest = text + len; *rest != 0; rest += len) {
        rest += strspn(rest, " ");
        len = part_of(rest, REPORT_COLUMNS - indent - HANGING);
        put(rest, len, indent + HANGING);
    }
}

void report_progress(const char *text)
{
    printf("... %s\n", text);
    (void)fflush(stdout);
}

void report_close(void)
{
    if (file == NULL) {
        printf("\nThe file %s could not be written. Please send the text above.\n", file_name);
        return;
    }
    bool is_written = ferror(file) == 0;
    is_written = fclose(file) == 0 && is_written;
    file = NULL;
    printf("\nThis report is in the file %s, %s.\n", file_name,
           file_is_beside ? "beside this program" : "in the current folder");
    printf("Please send it: see the issue template \"Report of a real system\" of ferrule.\n");
    if (!is_written) {
        printf("The file is not complete. Please send the text above instead.\n");
    }
}
