/* audit.h: <bsm/audit.h>, which <sys/ucred.h> includes. The headers of the FreeBSD kernel lack it,
 * and nothing of it is used. */
#ifndef FERRULE_BSD_BSM_AUDIT_H
#define FERRULE_BSD_BSM_AUDIT_H

#endif
