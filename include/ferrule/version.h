/* version.h: the library's version, and the macros that its declarations need. No types and no
 * sockets. */
#ifndef FERRULE_VERSION_H
#define FERRULE_VERSION_H

#include <stdint.h>

#define FER_VERSION_MAJOR 0
#define FER_VERSION_MINOR 9
#define FER_VERSION_PATCH 0
#define FER_VERSION_TEXT "0.9.0"

/* The version as one number, for #if: major * 10000 + minor * 100 + patch. */
#define FER_VERSION_NUMBER 900

/* Attributes are spelled with double underscores, because a program may define the plain word as a
 * macro before it includes this file.
 *
 * FER_API marks the functions that the shared library exports. Only the library's own build defines
 * FER_BUILD_SHARED. Users need no macro, because functions in an import library can be called
 * without dllimport. The conditions test for features of the compiler, not for an OS. */
#if defined(FER_BUILD_SHARED) && (defined(_MSC_VER) || defined(__declspec))
#define FER_API __declspec(dllexport)
#elif defined(FER_BUILD_SHARED) && defined(__GNUC__)
#define FER_API __attribute__((__visibility__("default")))
#else
#define FER_API
#endif

/* FER_MUST_USE makes the compiler warn if a result is discarded. MSVC can do that only from C++17
 * or C23 on. Its __cplusplus is C++98's without /Zc:__cplusplus; _MSVC_LANG has the standard. */
#if (defined(__cplusplus) && __cplusplus >= 201703L) || \
    (defined(_MSVC_LANG) && _MSVC_LANG >= 201703L) ||   \
    (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L)
#ifdef __GNUC__
#define FER_MUST_USE [[__nodiscard__]]
#else
#define FER_MUST_USE [[nodiscard]]
#endif
#elif defined(__GNUC__)
#define FER_MUST_USE __attribute__((__warn_unused_result__))
#else
#define FER_MUST_USE
#endif

/* FER_STATIC_ASSERT checks a precondition of a header at compile time. An example is the size of an
 * enum, which is part of the ABI and which -fshort-enums changes. C99 has no static assertion. */
#ifdef __cplusplus
#define FER_STATIC_ASSERT(condition, text) static_assert(condition, text)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define FER_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#else
#define FER_STATIC_ASSERT(condition, text) struct fer_static_assert_
#endif

/* These macros tell gcc what a call does with the memory behind parameter i, for its warnings of
 * overflows and of reads of memory that was never written. FER_INOUT: one initialized object, which
 * the call changes. FER_IN_READS: n elements, which it reads. FER_OUT_WRITES: n elements, which it
 * writes. i and n are numbers of parameters; n is the one with the number of elements. A program
 * that defines FER_NO_POINTER_ATTRIBUTES gets no such warnings. */
#ifdef __has_attribute
#if __has_attribute(__access__) && !defined(FER_NO_POINTER_ATTRIBUTES)
#define FER_INOUT(i) __attribute__((__access__(__read_write__, i)))
#define FER_IN_READS(i, n) __attribute__((__access__(__read_only__, i, n)))
#define FER_OUT_WRITES(i, n) __attribute__((__access__(__write_only__, i, n)))
#endif
#if __has_attribute(__returns_nonnull__)
#define FER_RETURNS_NONNULL __attribute__((__returns_nonnull__))
#endif
#endif
#ifndef FER_INOUT
#define FER_INOUT(i)
#define FER_IN_READS(i, n)
#define FER_OUT_WRITES(i, n)
#endif
#ifndef FER_RETURNS_NONNULL
#define FER_RETURNS_NONNULL
#endif

/* clang warns if parameter p, an unsigned number, is a negative constant, which would become a long
 * time. gcc has no attribute for that, but -Wsign-conversion. A program that defines
 * FER_NO_POINTER_ATTRIBUTES gets no such warnings. */
#if defined(__clang__) && defined(__has_attribute) && !defined(FER_NO_POINTER_ATTRIBUTES)
#if __has_attribute(__diagnose_if__)
#define FER_NOT_NEGATIVE(p) \
    __attribute__((__diagnose_if__((p) > (uint64_t)-1 / 2, "negative number", "warning")))
#endif
#endif
#ifndef FER_NOT_NEGATIVE
#define FER_NOT_NEGATIVE(p)
#endif

/* Between FER_BEGIN_DECLS and FER_END_DECLS functions have the linkage of C, and a pointer should
 * not be NULL unless FER_NULLABLE marks it: clang warns of a literal NULL. The library checks every
 * pointer, in every build; some comments say what NULL gives. A program in C89 may include the
 * headers, which have bool and 64-bit integers from the compiler's <stdbool.h> and <stdint.h>. */
#ifdef __cplusplus
#define FER_BEGIN_C_ extern "C" {
#define FER_END_C_ }
#else
#define FER_BEGIN_C_
#define FER_END_C_
#endif
#if defined(__clang__) && !defined(FER_NO_POINTER_ATTRIBUTES)
#define FER_BEGIN_DECLS                                                                  \
    FER_BEGIN_C_ _Pragma("clang diagnostic push")                                        \
        _Pragma("clang diagnostic ignored \"-Wnullability-extension\"")                  \
            _Pragma("clang diagnostic ignored \"-Wnullability-completeness-on-arrays\"") \
                _Pragma("clang diagnostic ignored \"-Wc99-extensions\"")                 \
                    _Pragma("clang diagnostic ignored \"-Wgcc-compat\"")                 \
                        _Pragma("clang assume_nonnull begin")
#define FER_END_DECLS _Pragma("clang assume_nonnull end") _Pragma("clang diagnostic pop") FER_END_C_
#define FER_NULLABLE _Nullable
#else
#define FER_BEGIN_DECLS FER_BEGIN_C_
#define FER_END_DECLS FER_END_C_
#define FER_NULLABLE
#endif

FER_BEGIN_DECLS

/** Returns the version of the linked library, as "major.minor.patch".
 * Blocks: never.
 * Owns: the returned string is static; do not free it.
 * Errors: none.
 * Rust: none.
 * Threads: any number of concurrent calls. */
FER_RETURNS_NONNULL FER_API const char *fer_version(void);

/** Returns the version of the linked library as a number. It is FER_VERSION_NUMBER of its headers.
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: none.
 * Threads: any number of concurrent calls. */
FER_API uint32_t fer_version_number(void);

FER_END_DECLS

#endif
