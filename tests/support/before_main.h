/* before_main.h: functions that run before main. */
#ifndef TEST_BEFORE_MAIN_H
#define TEST_BEFORE_MAIN_H

/* Such a function; its body follows. MSVC has no attribute for it; its start-up code calls the
 * functions of this section ("CRT initialization", MSDN). */
#if defined(_MSC_VER) && !defined(__clang__)
#pragma section(".CRT$XCU", read)
#define TEST_BEFORE_MAIN(function)                                                           \
    static void function(void);                                                              \
    __declspec(allocate(".CRT$XCU")) static void (*function##_before_main)(void) = function; \
    static void function(void)
#else
#define TEST_BEFORE_MAIN(function) __attribute__((constructor)) static void function(void)
#endif

#endif
