/* hostile_macros.h: words that a program, <windows.h> or another library may have defined as macros
 * before it includes ferrule. check_headers.sh includes it before each public header. With
 * OF_CXX_HEADERS it includes what the headers for C++ need of the standard library. */
#ifdef OF_CXX_HEADERS
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <utility>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

/* Attributes of gcc, clang and MSVC, and their arguments. */
#define access !
#define alias !
#define always_inline !
#define aligned !
#define cold !
#define deprecated !
#define diagnose_if !
#define dllexport !
#define dllimport !
#define format !
#define hot !
#define malloc !
#define nonnull !
#define noreturn !
#define packed !
#define printf !
#define pure !
#define read_only !
#define read_write !
#define returns_nonnull !
#define sentinel !
#define unused !
#define used !
#define visibility !
#define warning !
#define warn_unused_result !
#define weak !
#define write_only !
#ifndef __cplusplus
#define nodiscard !
#endif

/* <windows.h> */
#define far !
#define hyper !
#define interface !
#define max !
#define min !
#define near !
#define pascal !
#define small !
#define CALLBACK !
#define CONST !
#define DELETE !
#define ERROR !
#define IN !
#define INFINITE !
#define NO_ERROR !
#define OPTIONAL !
#define OUT !
#define SOCKET !
#define THIS !
#define TRUE !
#define VOID !

/* Functions of sockets and of the C library that a program replaces. */
#define assert(a) !
#define check(a) !
#define free(a) !
#define verify(a) !
#ifndef __cplusplus
#define accept(a, b, c) !
#define bind(a, b, c) !
#define close(a) !
#define connect(a, b, c) !
#define poll(a, b, c) !
#define read(a, b, c) !
#define recv(a, b, c, d) !
#define select(a, b, c, d, e) !
#define send(a, b, c, d) !
#define socket(a, b, c) !
#define write(a, b, c) !
#endif
