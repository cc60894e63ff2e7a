/* version.h: the library's version and the macros that its declarations need. No types and no
 * behaviour of sockets. */
#ifndef FERRULE_VERSION_H
#define FERRULE_VERSION_H

#define FER_VERSION_MAJOR 0
#define FER_VERSION_MINOR 1
#define FER_VERSION_PATCH 0
#define FER_VERSION_TEXT "0.1.0"

/* FER_API: what the shared library shows. Only the library's own build defines FER_BUILD_SHARED; a
 * user needs no macro, for functions called through an import library work without dllimport. These
 * ask what the compiler knows, not which OS. */
#if defined(FER_BUILD_SHARED) && (defined(_MSC_VER) || defined(__declspec))
#define FER_API __declspec(dllexport)
#elif defined(FER_BUILD_SHARED) && defined(__GNUC__)
#define FER_API __attribute__((visibility("default")))
#else
#define FER_API
#endif

/* FER_MUST_USE: the compiler warns when the result is dropped. (MSVC can do that from C++17 and C23
 * on.) */
#if (defined(__cplusplus) && __cplusplus >= 201703L) || \
    (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L)
#define FER_MUST_USE [[nodiscard]]
#elif defined(__GNUC__)
#define FER_MUST_USE __attribute__((warn_unused_result))
#else
#define FER_MUST_USE
#endif

/* FER_STATIC_ASSERT: what a header relies on, such as the size of an enum, which is part of the ABI
 * and which -fshort-enums changes. */
#ifdef __cplusplus
#define FER_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define FER_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Returns the version of the library that is linked, as "major.minor.patch".
 *
 * Blocks: never.
 * Owns: the text is the library's and lives for ever.
 * Errors: none.
 * Rust: none.
 * Threads: any number at once.
 */
FER_API const char *fer_version(void);

#ifdef __cplusplus
}
#endif

#endif
