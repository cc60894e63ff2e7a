/* unistd.h: declarations that the kernel's folder lacks. */
#include_next <unistd.h>

#ifndef FERRULE_BSD_UNISTD_H
#define FERRULE_BSD_UNISTD_H

#include <sys/types.h>

uid_t geteuid(void);
gid_t getegid(void);
ssize_t pread(int file, void *buf, size_t len, off_t offset);

#endif
