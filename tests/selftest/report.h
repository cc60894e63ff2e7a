/* report.h: the lines of the report, on the screen and in the file. */
#ifndef SELFTEST_REPORT_H
#define SELFTEST_REPORT_H

#include <stdbool.h>
#include <stddef.h>

enum { REPORT_COLUMNS = 100 };

/* Opens ferrule-selftest-NAME.txt. If no file can be opened, the report is on the screen only. */
void report_open(const char *name);

/* One line or, if it is longer than REPORT_COLUMNS, several, of which the others are indented.
 * Folders of paths, and the names of the user and of the host, are removed. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void report_line(unsigned indent, const char *format, ...);

/* Only on the screen, replaced by the next line. */
void report_progress(const char *text);

/* Removes the folders of absolute paths. */
void report_remove_folders(char *text);
/* Replaces a name of three letters or more, if it is a whole word. */
void report_remove_name(char *text, const char *name);

/* Closes the file and prints where it is. */
void report_close(void);

#endif
