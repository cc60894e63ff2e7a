/* start.c: the start-up object of programs that clang builds in MSVC's dialect. It stands for
 * Microsoft's libcmt.lib, which is not free to pass on: it fills argc and argv, and runs the
 * functions of the section .CRT$XCU ("CRT initialization", MSDN) and main. Thread-local variables
 * need the loader's directory of them ("The .tls Section", PE Format, MSDN). */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv);

int _configure_narrow_argv(int mode);
int *__p___argc(void);
char ***__p___argv(void);

unsigned long _tls_index;

#pragma section(".tls", long, read, write)
#pragma section(".tls$ZZZ", long, read, write)
__declspec(allocate(".tls")) char _tls_start = 0;
__declspec(allocate(".tls$ZZZ")) char _tls_end = 0;

/* IMAGE_TLS_DIRECTORY. */
struct tls_directory {
    void *start;
    void *end;
    void *index;
    void *callbacks;
    unsigned long zero_fill;
    unsigned long characteristics;
};

#pragma section(".rdata$T", long, read)
__declspec(allocate(".rdata$T")) const struct tls_directory _tls_used = {
    &_tls_start, &_tls_end, &_tls_index, 0, 0, 0};

/* The linker sorts the section by what follows the $, so the functions are between these two. */
typedef void (*initializer)(void);
#pragma section(".CRT$XCA", long, read)
#pragma section(".CRT$XCZ", long, read)
__declspec(allocate(".CRT$XCA")) initializer first_initializer = 0;
__declspec(allocate(".CRT$XCZ")) initializer last_initializer = 0;
void _initterm(initializer *first, initializer *last);

enum { UNEXPANDED_ARGUMENTS = 1 };

void mainCRTStartup(void)
{
    (void)_configure_narrow_argv(UNEXPANDED_ARGUMENTS);
    _initterm(&first_initializer, &last_initializer);
    /* Wine 8 buffers a stderr that is no terminal, which C11 7.21.3 forbids. */
    setvbuf(stderr, NULL, _IONBF, 0);
    exit(main(*__p___argc(), *__p___argv()));
}
